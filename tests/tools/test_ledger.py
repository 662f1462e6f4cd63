"""The ledger: one of many gets the request, whatever dies when."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overpaint.tools.database import Database
from overpaint.tools.images import ImageRef
from overpaint.tools.ledger import Ledger, Totals, request_key
from overpaint.tools.owner import host_and_pid, is_living, this_process
from tests.removing import Removing

REF = ImageRef(sha256="a" * 64, mime="image/png", width=64, height=64)


@pytest.fixture
def ledger(database: Database) -> Ledger:
    return Ledger(database)


_HOLDER = """
import asyncio, sys, time
from overpaint.tools.database import open_database
from overpaint.tools.ledger import Ledger
async def hold():
    ledger = Ledger(open_database(sys.argv[1]))
    claim = await ledger.claim("key")
    if sys.argv[2] == "submitted":
        await ledger.submitted("key", "job-7")
    print(claim.mine, claim.interrupted, flush=True)
asyncio.run(hold())
time.sleep(60)
"""


@contextmanager
def holder(url: str, how: str = "intent") -> Iterator[subprocess.Popen[str]]:
    """Another process that has claimed "key" and lives."""
    command = [sys.executable, "-W", "error", "-c", _HOLDER, url, how]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "True False\n"
        try:
            yield process
        finally:
            process.kill()


async def test_one_gets_the_request_and_others_see_how_far_it_is(ledger: Ledger, database: Database) -> None:
    first = await ledger.claim("key", {"prompt": "a red circle"})
    assert (first.mine, first.state, first.interrupted) == (True, "intent", False)
    assert await ledger.submitted("key", "job-1")
    second = await Ledger(database).claim("key")
    assert (second.mine, second.state, second.job) == (False, "submitted", "job-1")
    assert (await ledger.claim("another")).mine


async def test_what_is_stored_is_reused_and_stands(ledger: Ledger) -> None:
    await ledger.claim("key")
    assert await ledger.stored("key", REF, {"seed": 7, "params": {"x": float("inf")}, "notes": ["\ud83d"]})
    claim = await ledger.claim("key")
    assert (claim.mine, claim.state, claim.image) == (False, "stored", REF)
    assert claim.details == {"seed": 7, "params": {"x": float("inf")}, "notes": ["\ud83d"]}
    assert not await ledger.stored("key", {**REF, "sha256": "b" * 64})
    assert not await ledger.failed("key", "late")
    assert not await ledger.release("key")
    assert (await ledger.claim("key")).image == REF


async def test_an_answer_without_a_picture_is_kept_too(ledger: Ledger) -> None:
    await ledger.claim("key")
    await ledger.stored("key", None, {"outcome": "blocked"})
    claim = await ledger.claim("key")
    assert (claim.mine, claim.state, claim.image, claim.details) == (False, "stored", None, {"outcome": "blocked"})


async def test_a_failed_request_may_be_made_again_and_is_not_interrupted(ledger: Ledger) -> None:
    await ledger.claim("key")
    await ledger.submitted("key", "job-1")
    assert await ledger.failed("key", "half a character: \ud83d")
    claim = await ledger.claim("key")
    assert (claim.mine, claim.state, claim.interrupted, claim.job) == (True, "intent", False, None)


async def test_a_released_request_is_interrupted_for_all_who_follow(ledger: Ledger) -> None:
    await ledger.claim("key")
    for _ in range(3):
        assert await ledger.release("key")
        claim = await ledger.claim("key")
        assert (claim.mine, claim.interrupted) == (True, True)
    await ledger.failed("key", "known to be unpaid")
    assert not (await ledger.claim("key")).interrupted


async def test_a_request_that_is_removed_between_two_looks_is_claimed_anew(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    removing = Removing(database, "DELETE FROM overpaint_requests")
    ledger = Ledger(removing)
    assert (await ledger.claim("key")).mine
    removing.times = 1
    claim = await ledger.claim("key")
    assert (claim.mine, claim.interrupted) == (True, False)


@pytest.mark.slow
async def test_a_lease_that_runs_out_is_taken_over_unless_renewed(database: Database) -> None:
    ledger = Ledger(database, lease_seconds=0.4)
    await ledger.claim("key")
    for _ in range(4):
        await asyncio.sleep(0.15)
        assert await ledger.renew("key")
        assert not (await ledger.claim("key")).mine
    await asyncio.sleep(0.45)
    claim = await ledger.claim("key")
    assert (claim.mine, claim.interrupted) == (True, True)


async def test_nothing_is_noted_for_a_request_that_is_not_mine(ledger: Ledger, database: Database) -> None:
    with holder(database.url):
        for changed in (
            await ledger.renew("key"),
            await ledger.release("key"),
            await ledger.failed("key", "x"),
            await ledger.submitted("key", "x"),
            await ledger.renew("no such key"),
        ):
            assert not changed
        assert not (await ledger.claim("key")).mine


@pytest.mark.parametrize(("how", "job"), [("intent", None), ("submitted", "job-7")])
async def test_a_process_killed_in_the_midst_is_taken_over_at_once(
    how: str, job: str | None, ledger: Ledger, database: Database
) -> None:
    with holder(database.url, how) as process:
        waiting = await ledger.claim("key")
        assert (waiting.mine, waiting.state) == (False, how)
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=10)
        taken = await ledger.claim("key")
        assert (taken.mine, taken.interrupted, taken.state, taken.job) == (True, True, how, job)
        assert await ledger.stored("key", REF)


async def test_a_paid_picture_counts_even_when_the_lease_was_lost(database: Database) -> None:
    slow = Ledger(database, lease_seconds=0.01)
    await slow.claim("key")
    await asyncio.sleep(0.05)
    assert (await Ledger(database).claim("key")).mine
    assert await slow.stored("key", REF)
    assert (await slow.claim("key")).image == REF


_RACER = """
import asyncio, sys, time
from overpaint.tools.database import open_database
from overpaint.tools.ledger import Ledger
async def race():
    ledger = Ledger(open_database(sys.argv[1]))
    return [number for number in range(25) if (await ledger.claim(f"key {number}")).mine]
print("ready", flush=True)
sys.stdin.readline()
print(*asyncio.run(race()), flush=True)
sys.stdin.readline()
"""


@pytest.mark.slow
@pytest.mark.parametrize("abandoned", [False, True])
def test_of_racing_processes_exactly_one_gets_each_request(abandoned: bool, database_url_of: str) -> None:
    command = [sys.executable, "-W", "error", "-c", _RACER, database_url_of]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "bufsize": 1}
    if abandoned:
        # By a process that claims them all and is gone: the racers find its leases, and that it is dead.
        subprocess.run(command, input="go\nend\n", text=True, check=True, stdout=subprocess.DEVNULL)
    with ExitStack() as stack:
        racers = [stack.enter_context(subprocess.Popen(command, **pipes)) for _ in range(4)]  # type: ignore[call-overload]
        assert [racer.stdout.readline() for racer in racers] == ["ready\n"] * 4
        for racer in racers:
            racer.stdin.write("go\n")
        won = [racer.stdout.readline().split() for racer in racers]
        for racer in racers:
            racer.stdin.write("end\n")
    assert sorted(int(number) for numbers in won for number in numbers) == list(range(25))


async def test_of_racing_tasks_exactly_one_gets_each_request(database: Database) -> None:
    claims = await asyncio.gather(*(Ledger(database).claim("key") for _ in range(16)))
    assert sum(claim.mine for claim in claims) == 1


async def test_an_unknown_result_is_for_good_and_nobody_asks_again(ledger: Ledger, database: Database) -> None:
    await ledger.claim("key")
    await ledger.submitted("key", "job-1")
    assert await ledger.unknown("key", "the process died \0 before the answer")
    for asking in (ledger, Ledger(database, lease_seconds=0.01)):
        claim = await asking.claim("key")
        assert (claim.mine, claim.state, claim.interrupted, claim.job) == (False, "unknown", False, "job-1")
        assert claim.reason == "the process died \ufffd before the answer"
    for changed in (
        await ledger.failed("key", "late"),
        await ledger.submitted("key", "job-2"),
        await ledger.renew("key"),
        await ledger.release("key"),
        await ledger.unknown("key", "again"),
    ):
        assert not changed


async def test_a_picture_that_arrives_after_all_is_kept(ledger: Ledger) -> None:
    await ledger.claim("key")
    await ledger.unknown("key", "gone")
    assert await ledger.stored("key", REF)
    claim = await ledger.claim("key")
    assert (claim.state, claim.image, claim.reason) == ("stored", REF, "")


async def test_what_is_held_by_another_cannot_be_declared_unknown(ledger: Ledger, database: Database) -> None:
    with holder(database.url):
        assert not await ledger.unknown("key", "x")
        assert (await ledger.claim("key")).state == "intent"


async def test_a_run_is_told_what_came_of_its_requests(ledger: Ledger) -> None:
    for key in ("intent", "submitted", "stored", "failed", "unknown"):
        await ledger.claim(key, run="mine")
    await ledger.claim("other", run="another")
    await ledger.claim("none")
    await ledger.submitted("submitted", "job")
    await ledger.stored("stored", None)
    await ledger.failed("failed", "busy")
    await ledger.unknown("unknown", "died")
    assert await ledger.totals("mine") == Totals(asked=5, stored=1, unknown=1, failed=1, open=2)
    await ledger.claim("failed", run="mine")
    assert await ledger.totals("mine") == Totals(asked=5, stored=1, unknown=1, failed=0, open=3)
    assert await ledger.totals("no such run") == Totals(0, 0, 0, 0, 0)


VALUES = st.none() | st.integers() | st.text(alphabet=st.characters(codec="utf-8"))


@settings(deadline=None)
@given(st.dictionaries(st.text(alphabet="abc"), VALUES))
def test_a_key_names_run_candidate_attempt_and_request(request: dict[str, Any]) -> None:
    key = request_key("run", "1.0", 0, request)
    assert key == request_key("run", "1.0", 0, dict(reversed(request.items())))
    others = [("run", "1.0", 1), ("run", "1.1", 0), ("other", "1.0", 0), ("run1", ".0", 0)]
    assert len({key, *(request_key(*other, request) for other in others)}) == 5
    assert key != request_key("run", "1.0", 0, {**request, "d": 1})


def test_a_process_is_living_until_it_is_not() -> None:
    host, pid, token = this_process().rsplit(":", 2)
    assert host_and_pid(this_process()) == (host, os.getpid())
    assert is_living(this_process())
    assert not is_living(f"{host}:{pid}:{token}x")
    assert is_living(f"another-host:{pid}:{token}x")
    assert is_living(f"{host}:{os.getppid()}:{token}")
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait(timeout=10)
        assert not is_living(f"{host}:{process.pid}:{token}")
        # Another machine or container of the same name has process ids of its own.
        assert is_living(f"{host}:{process.pid}:0{token}")
        assert is_living(f"{host}:{process.pid}:of-version-0-1")


async def test_what_was_begun_can_be_asked_for_without_a_claim(ledger: Ledger) -> None:
    assert not await ledger.begun("key")
    await ledger.claim("key")
    assert await ledger.begun("key")
    await ledger.failed("key", "nothing was paid")
    assert not await ledger.begun("key")
    await ledger.claim("key")
    await ledger.stored("key", REF)
    assert await ledger.begun("key")
    assert (await ledger.claim("other")).mine
