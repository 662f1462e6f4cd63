"""Leases: of all who would drive a thread one does, whatever dies when."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from overpaint.tools.database import Database, open_database
from overpaint.tools.faults import BadInput
from overpaint.tools.leases import Held, Leases
from overpaint.tools.owner import this_process
from tests.removing import Removing


@pytest.fixture
def leases(database: Database) -> Leases:
    return Leases(database)


def unheard() -> None:
    pytest.fail("the lease was lost")


_HOLDER = """
import asyncio, sys
from overpaint.tools.database import open_database
from overpaint.tools.leases import Leases
async def hold():
    async with Leases(open_database(sys.argv[1])).held("thread", lambda: None):
        print("mine", flush=True)
        await asyncio.sleep(60)
asyncio.run(hold())
"""


@contextmanager
def holder(url: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds "thread" and lives."""
    command = [sys.executable, "-W", "error", "-c", _HOLDER, url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "mine\n"
        try:
            yield process
        finally:
            process.kill()


async def test_one_takes_a_thread_and_others_are_told_who(leases: Leases, database: Database) -> None:
    assert await leases.holder("thread") is None
    assert await leases.take("thread") is None
    assert await leases.holder("thread") == this_process()
    other = Leases(database)
    for asking in (other, leases):
        assert await asking.take("thread") == this_process()
    assert await other.take("another") is None
    assert not await other.renew("thread")
    await other.release("thread")
    assert await leases.renew("thread")
    await leases.release("thread")
    assert await leases.holder("thread") is None
    assert not await leases.renew("thread")
    assert await other.take("thread") is None


async def test_a_lease_that_is_released_between_two_looks_is_taken(database: Database) -> None:
    removing = Removing(database, "DELETE FROM overpaint_leases")
    assert await Leases(database).take("thread") is None
    removing.times = 1
    assert await Leases(removing).take("thread") is None
    assert await Leases(database).holder("thread") == this_process()


async def test_of_racing_tasks_one_takes_it(database: Database) -> None:
    taken = await asyncio.gather(*(Leases(database).take("thread") for _ in range(12)))
    assert sorted(owner is None for owner in taken) == [False] * 11 + [True]


@pytest.mark.slow
async def test_a_lease_runs_out_unless_it_is_renewed(database: Database) -> None:
    first, second = Leases(database, seconds=0.6), Leases(database, seconds=0.6)
    await first.take("thread")
    await asyncio.sleep(0.4)
    assert await first.renew("thread")
    await asyncio.sleep(0.3)
    assert await second.take("thread") == this_process()
    await asyncio.sleep(0.4)
    assert await second.holder("thread") is None
    assert await second.take("thread") is None
    # Both are of this process; what the first one took is lost all the same.
    assert not await first.renew("thread")
    await first.release("thread")
    assert await second.renew("thread")


async def test_a_process_that_works_on_it_is_named_and_one_that_died_is_not_waited_for(database: Database) -> None:
    leases = Leases(database)
    with holder(database.url) as process:
        with pytest.raises(Held, match=f"process {process.pid} on {socket.gethostname()} is working.*overpaint watch"):
            async with leases.held("thread", unheard):
                pytest.fail("two work on it")
        owner = await leases.holder("thread")
        assert owner is not None
        assert owner.split(":")[1] == str(process.pid)
        process.kill()
        process.wait(timeout=10)
        assert await leases.holder("thread") is None
        async with leases.held("thread", unheard):
            assert await leases.holder("thread") == this_process()


_RACER = """
import asyncio, sys
from overpaint.tools.database import open_database
from overpaint.tools.leases import Leases
database = open_database(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
print(asyncio.run(Leases(database).take("thread")) is None, flush=True)
sys.stdin.readline()
"""


@pytest.mark.slow
async def test_of_processes_that_find_its_owner_dead_one_takes_it(database: Database) -> None:
    with holder(database.url):
        pass
    command = [sys.executable, "-W", "error", "-c", _RACER, database.url]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "bufsize": 1}
    with ExitStack() as stack:
        racers = [stack.enter_context(subprocess.Popen(command, **pipes)) for _ in range(4)]  # type: ignore[call-overload]
        assert [racer.stdout.readline() for racer in racers] == ["ready\n"] * 4
        for racer in racers:
            racer.stdin.write("go\n")
        taken = [racer.stdout.readline().strip() for racer in racers]
        for racer in racers:
            racer.stdin.write("end\n")
    assert sorted(taken) == ["False", "False", "False", "True"]


async def test_two_tasks_of_one_process_exclude_each_other(leases: Leases) -> None:
    async with leases.held("thread", unheard):
        with pytest.raises(Held, match="another task of this process"):
            async with leases.held("thread", unheard):
                pytest.fail("two work on it")
        assert await leases.holder("thread") == this_process()
    assert await leases.holder("thread") is None


@pytest.mark.slow
async def test_it_is_renewed_for_as_long_as_the_block_takes(database: Database) -> None:
    leases = Leases(database, seconds=0.6)
    async with leases.held("thread", unheard):
        await asyncio.sleep(1)
        assert await leases.take("thread") == this_process()


async def test_it_is_released_when_the_block_is_cancelled_or_raises(leases: Leases) -> None:
    inside = asyncio.Event()

    async def work() -> None:
        async with leases.held("thread", unheard):
            inside.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(work())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await leases.holder("thread") is None
    with pytest.raises(KeyError):
        async with leases.held("thread", unheard):
            raise KeyError
    assert await leases.holder("thread") is None


@pytest.mark.parametrize("steps", range(4))
async def test_who_is_cancelled_while_taking_it_leaves_nothing_behind(steps: int, leases: Leases) -> None:
    async def work() -> None:
        async with leases.held("thread", unheard):
            await asyncio.sleep(60)

    task = asyncio.create_task(work())
    for _ in range(steps):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await leases.holder("thread") is None


class Alarm:
    """Hears that a lease was lost, and how often."""

    def __init__(self) -> None:
        self.times, self._rung = 0, asyncio.Event()

    def ring(self) -> None:
        self.times += 1
        self._rung.set()

    async def rung(self) -> None:
        await asyncio.wait_for(self._rung.wait(), 10)


async def test_whose_lease_is_another_s_by_now_is_told_once(database: Database) -> None:
    alarm = Alarm()
    async with Leases(database, seconds=0.2).held("thread", alarm.ring):
        with database.transaction() as transaction:
            transaction.execute("UPDATE overpaint_leases SET owner = 'there:1:x', token = 'theirs'")
        await alarm.rung()
        await asyncio.sleep(0.1)
    assert alarm.times == 1
    # What is another's is not released.
    with database.transaction() as transaction:
        assert transaction.execute("SELECT token FROM overpaint_leases") == [{"token": "theirs"}]


async def test_whose_lease_cannot_be_renewed_is_told_when_it_has_run_out(database: Database) -> None:
    alarm = Alarm()
    started = time.monotonic()
    async with Leases(database, seconds=0.3).held("thread", alarm.ring):
        with database.transaction() as transaction:
            transaction.execute("ALTER TABLE overpaint_leases RENAME TO away")
        await alarm.rung()
        assert time.monotonic() - started > 0.29
    assert alarm.times == 1


async def test_a_database_that_cannot_be_used_is_no_lease() -> None:
    with pytest.raises(BadInput, match="cannot use the database") as caught:
        async with Leases(open_database("sqlite:////missing/overpaint.db")).held("thread", unheard):
            pytest.fail("it was taken")
    assert not isinstance(caught.value, Held)


_FORK = """
import asyncio, os, sys
from overpaint.tools.database import open_database
from overpaint.tools.leases import Leases
leases = Leases(open_database(sys.argv[1]))
assert asyncio.run(leases.take("thread")) is None
child = os.fork()
if child == 0:
    async def meddle():
        assert not await leases.renew("thread")
        await leases.release("thread")
    asyncio.run(meddle())
    sys.exit(7)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
assert asyncio.run(leases.renew("thread"))
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_has_no_lease_of_its_parent(database_url_of: str) -> None:
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", _FORK, database_url_of]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (ran.returncode, ran.stderr) == (0, "")
