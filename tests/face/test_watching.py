"""watch: a run of another process is told as it told itself, and its end is seen for what it is."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from argparse import Namespace
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from overpaint.graph.persistence import open_checkpointer
from overpaint.graph.state import Plan
from overpaint.plain import lines_of
from overpaint.tools.database import open_database
from overpaint.tools.faults import BadInput
from overpaint.tools.leases import Leases
from overpaint.tools.ledger import Ledger
from overpaint.watching import stream_watched, watch
from tests.face.homes import Written, asking

QUICK = 0.02


async def all_of(run: str | None = None) -> list[dict[str, Any]]:
    return [event async for event in stream_watched(run, poll_seconds=QUICK)]


def kinds(events: list[dict[str, Any]]) -> list[str]:
    return [event["kind"] for event in events]


@pytest.fixture
async def made(home: Path) -> AsyncIterator[Written]:
    async with open_checkpointer() as saver:
        made = Written(saver, home, "run")
        await made.start()
        yield made


async def test_a_run_that_ended_is_told_at_once(made: Written) -> None:
    await made.paint("0.0", None, 1)
    await made.end()
    events = await all_of()
    assert kinds(events) == ["started", "checklist", "champion", "done"]
    assert (events[-1]["run"].status, events[-1]["run"].run) == ("stopped", "run")


@pytest.mark.slow
async def test_every_step_of_another_is_told_once_and_in_order(made: Written) -> None:
    plan = Plan(action="reseed", why="again", parent="0.0", count=1, targets=[], stop=None)
    async with Leases(open_database()).held(made.thread, lambda: None):
        following = asyncio.create_task(all_of("run"))
        await asyncio.sleep(0.2)
        await made.paint("0.0", None, 1)
        # Several steps between two looks.
        await made.update({"plan": plan, "round": 1}, "candidate")
        critique: Any = {"action": "revise", "feedback": "more red", "proposals": [], "fault": None}
        await made.update({"critique": critique}, "candidate")
        await asyncio.sleep(0.1)
        await made.paint("1.0", "0.0", 2)
        await made.end()
    events = await asyncio.wait_for(following, 10)
    assert kinds(events) == [
        "started", "checklist", "painted", "judged", "champion", "plan", "plan", "critique", "painted", "judged",
        "champion", "plan", "plan", "done",
    ]  # fmt: skip
    assert [e["plan"]["why"] for e in events if e["kind"] == "plan"] == ["for 0.0", "again", "for 1.0", "enough"]
    assert [e["candidate"]["id"] for e in events if e["kind"] == "judged"] == ["0.0", "1.0"]
    assert events[3]["failed"] == ["a red circle"]
    assert all(lines_of(event) for event in events if event["kind"] != "painted")


async def test_a_run_nobody_works_on_ends_as_interrupted(made: Written) -> None:
    await made.paint("0.0", None, 1)
    events = await asyncio.wait_for(all_of(), 10)
    assert events[-1]["run"].status == "interrupted"


@pytest.mark.slow
async def test_a_run_somebody_holds_is_waited_for(made: Written) -> None:
    async with Leases(open_database()).held(made.thread, lambda: None):
        following = asyncio.create_task(all_of())
        await asyncio.sleep(30 * QUICK)
        assert not following.done()
    assert (await asyncio.wait_for(following, 10))[-1]["run"].status == "interrupted"


@pytest.mark.slow
async def test_a_run_whose_picture_a_server_asks_for_is_waited_for(made: Written) -> None:
    ledger = Ledger(open_database())
    await ledger.claim("key", {}, run="run")
    following = asyncio.create_task(all_of())
    await asyncio.sleep(30 * QUICK)
    assert not following.done()
    await ledger.release("key")
    assert (await asyncio.wait_for(following, 10))[-1]["run"].status == "interrupted"


@pytest.mark.slow
async def test_the_moment_between_two_holders_is_no_end(made: Written) -> None:
    """One lets go, the next takes the lease, and its first checkpoint comes late."""
    leases = Leases(open_database())
    async with aclosing(stream_watched("run", poll_seconds=0.2)) as events:
        assert (await anext(events))["kind"] == "started"
        await leases.take(made.thread)
        later = asyncio.create_task(asyncio.sleep(1.0))
        told = [(await anext(events))["kind"]]
        await later
        await made.paint("0.0", None, 1)
        await made.end()
        await leases.release(made.thread)
        told += [event["kind"] async for event in events]
    assert told == ["checklist", "painted", "judged", "champion", "plan", "plan", "done"]


async def test_a_run_that_is_removed_meanwhile_is_missed(made: Written) -> None:
    async with Leases(open_database()).held(made.thread, lambda: None):
        following = asyncio.create_task(all_of())
        await asyncio.sleep(0.1)
        await made.saver.adelete_thread(made.thread)
        with pytest.raises(BadInput, match="no longer there"):
            await asyncio.wait_for(following, 10)


async def test_no_run_at_all(home: Path) -> None:
    with pytest.raises(BadInput, match="overpaint refine"):
        await all_of()
    assert not home.exists()


async def test_a_run_that_waits_says_what_for(home: Path) -> None:
    await asking(home)
    events = await asyncio.wait_for(all_of(), 10)
    assert kinds(events)[-2:] == ["waiting", "done"]
    assert events[-2]["requests"][0]["action_requests"][0]["name"] == "paint"
    assert events[-1]["run"].status == "waiting"


@pytest.mark.slow
def test_the_command_says_how_to_answer_a_run_that_waits(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asyncio.run(asking(home))
    assert watch(Namespace(run=None, json=False)) == 4
    assert "overpaint resume run --answer" in capsys.readouterr().err


@pytest.mark.slow
def test_the_command_says_how_to_go_on_with_a_run_nobody_works_on(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def half() -> None:
        async with open_checkpointer() as saver:
            made = Written(saver, home, "run")
            await made.start()
            await made.paint("0.0", None, 1)

    asyncio.run(half())
    assert watch(Namespace(run=None, json=True)) == 130
    out, err = capsys.readouterr()
    assert json.loads(out)["status"] == "interrupted"
    assert err.endswith(
        "overpaint: no process of overpaint works on it; if a server does (such as langgraph dev), wait for that,"
        " else go on with: overpaint resume run\n"
    )


@pytest.fixture
def working(home: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that paints for real."""
    settings = ["--set", "seed=3", "--set", "max_images=4", "--set", "stop_when_passed=false"]
    brief = "two red circles above a blue square"
    process = subprocess.Popen(
        [sys.executable, "-m", "overpaint", "refine", brief, *settings], stdout=subprocess.PIPE, text=True
    )
    yield process
    process.kill()
    process.wait()


@pytest.mark.slow
@pytest.mark.long
async def test_a_run_of_another_process_is_told_as_it_tells_itself(working: subprocess.Popen[str], home: Path) -> None:
    deadline, watched = time.monotonic() + 100, None
    while watched is None:
        assert time.monotonic() < deadline
        try:
            watched = await asyncio.wait_for(all_of(), 100)
        except BadInput:
            await asyncio.sleep(0.05)
    own = (await asyncio.to_thread(working.communicate))[0].splitlines()
    told = [line for event in watched for line in lines_of(event)]
    run = watched[-1]["run"]
    assert run.status == ("passed" if working.returncode == 0 else "stopped")
    # From the first line on that a watcher came in time for, both say the same but for what it cost and the sheet.
    same = [line for line in own if not line.startswith(("sheet:", "receipt:", "prompt:"))]
    assert [line for line in told if line in same] == [line for line in same if line in told]
    assert sum(" 0.0 " in line or " 3.0 " in line for line in told) >= 2
