"""Taking a run up again: after a kill, a cap, a dead provider, and beside another process that does the same."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from langgraph.runtime import RunControl

from overpaint.branching import afork
from overpaint.continuing import aresume
from overpaint.graph.kept import find_run
from overpaint.graph.persistence import on_thread, open_checkpointer
from overpaint.result import Run
from overpaint.run import arefine, stream
from overpaint.runs import load_run
from overpaint.tools.call_log import read_calls
from overpaint.tools.database import open_database
from overpaint.tools.faults import BadInput, ProviderFault
from overpaint.tools.leases import Held
from overpaint.tools.ledger import Ledger
from tests.graph.test_faults import Moody, moody
from tests.image_servers import OpenAIImages, openai_images

__all__ = ["moody"]

BRIEF = "a red circle above a blue square"
SETTINGS: dict[str, Any] = {"painter": "openai:m", "seed": 3, "max_images": 3, "actions": "revise", "patience": None}

pytestmark = pytest.mark.slow

REFINE = "import overpaint; overpaint.refine({brief!r}, settings={settings!r})"
DIES_JUDGING = """
import os, signal
import overpaint.graph.judges.checklist as judge
look, looks = judge.look_at, []
async def dies(*args, **kinds):
    looks.append(await look(*args, **kinds))
    if len(looks) == {at}:
        os.kill(os.getpid(), signal.SIGKILL)
    return looks[-1]
judge.look_at = dies
"""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIImages]:
    with openai_images() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "a-key-of-this-test")
        yield server


def started(program: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", program], env=dict(os.environ))


async def killed_while_painting(server: OpenAIImages, settings: dict[str, Any], at: int) -> None:
    """A process that dies when its request number `at` (from 0) has been accepted."""
    ready = threading.Event()

    def kill(_: object) -> None:
        if len(server.paid) == at + 1:
            ready.wait(30)
            process.send_signal(signal.SIGKILL)
            process.wait(30)

    server.hooks["accepted"] = kill
    process = started(REFINE.format(brief=BRIEF, settings=settings))
    ready.set()
    assert await asyncio.to_thread(process.wait, 60) == -signal.SIGKILL
    server.hooks.clear()


def seen(run: Run) -> list[tuple[str, str, Any]]:
    return [(c["id"], c["outcome"], c["image"] and c["image"]["sha256"]) for c in run.candidates]


async def checkpoints(thread: str) -> list[Any]:
    async with open_checkpointer() as saver:
        return [found async for found in saver.alist(on_thread(thread))]


@pytest.mark.parametrize("at", [0, 1])
async def test_killed_while_painting_nothing_is_paid_for_twice_in_silence(server: OpenAIImages, at: int) -> None:
    await killed_while_painting(server, SETTINGS, at)
    assert (await load_run()).status == "interrupted"
    run = await aresume()
    assert run.stop_reason == "max_images"
    assert [c["outcome"] == "unknown" for c in run.candidates] == [i == at for i in range(3)]
    assert (run.receipt["images"], run.receipt["unknown"]) == (3, 1)
    assert len(server.paid) == 3


@pytest.mark.parametrize("at", [0, 2])
async def test_killed_while_painting_a_server_that_knows_keys_bills_once(server: OpenAIImages, at: int) -> None:
    server.idempotent = True
    settings = {**SETTINGS, "idempotent": True}
    await killed_while_painting(server, settings, at)
    run = await aresume()
    assert len(server.paid) == 3
    alone = await arefine(BRIEF, settings=settings)
    assert seen(run) == seen(alone)
    assert run.receipt["images"] == alone.receipt["images"] == 3
    assert run.receipt["unknown"] == 0


@pytest.mark.parametrize("at", [1, 3])
async def test_killed_while_judging_no_picture_is_painted_again_and_every_call_counts(
    server: OpenAIImages, at: int
) -> None:
    process = started(DIES_JUDGING.format(at=at) + REFINE.format(brief=BRIEF, settings=SETTINGS))
    assert await asyncio.to_thread(process.wait, 60) == -signal.SIGKILL
    run = await aresume()
    assert len(server.paid) == run.receipt["images"] == 3
    alone = await arefine(BRIEF, settings=SETTINGS)
    assert seen(run) == seen(alone)
    assert run.receipt["calls"] == len(await read_calls(open_database(), run.run, 1000)) > alone.receipt["calls"]


async def test_one_process_works_and_the_other_says_so(server: OpenAIImages) -> None:
    await killed_while_painting(server, {**SETTINGS, "max_images": 2}, 0)
    run = (await load_run()).run
    asked, leave = threading.Event(), threading.Event()

    def hold(_: object) -> None:
        asked.set()
        leave.wait(60)

    server.hooks["accepted"] = hold
    process = started(f"import overpaint; overpaint.resume({run!r})")
    assert await asyncio.to_thread(asked.wait, 60)
    with pytest.raises(Held, match=f"process {process.pid} .* is working on this run"):
        await aresume(run)
    leave.set()
    assert await asyncio.to_thread(process.wait, 60) == 0
    assert (await aresume(run)).stop_reason == "max_images"
    assert len(server.paid) == 2


@pytest.mark.parametrize(
    ("first", "raised", "reason", "images"),
    [
        ({"max_images": 1}, {"max_images": 3}, "max_images", 3),
        ({"rounds": 1}, {"rounds": 2}, "rounds", 2),
        ({"patience": 1, "max_images": 9}, {"patience": None, "max_images": 4}, "max_images", 4),
        ({"max_calls": 6}, {"max_calls": None}, "max_images", 3),
    ],
)
async def test_a_run_that_hit_a_cap_goes_on_when_it_is_raised(
    server: OpenAIImages, first: dict[str, Any], raised: dict[str, Any], reason: str, images: int
) -> None:
    before = await arefine(BRIEF, settings={**SETTINGS, **first})
    assert before.stop_reason == next(iter(first))
    after = await aresume(settings=raised)
    assert (after.stop_reason, after.receipt["images"]) == (reason, images)
    assert after.candidates[: len(before.candidates)] == before.candidates
    assert {name: after.settings.get(name) for name in raised} == raised
    again = await aresume()
    assert again.settings == after.settings


async def test_a_dead_provider_come_back_to_life(moody: Moody) -> None:
    moody.always = ProviderFault("no credit left", fatal=True)
    settings = {"painter": "moody", "seed": 1, "max_images": 3}
    dead = await arefine(BRIEF, settings=settings)
    assert (dead.status, dead.stop_reason) == ("failed", "provider")
    assert (await aresume()).stop_reason == "provider"
    moody.always = None
    run = await aresume()
    assert (run.stop_reason, run.receipt["images"]) == ("max_images", 3)


async def test_a_painter_that_failed_for_all_gets_another_chance(moody: Moody) -> None:
    moody.always = ProviderFault("gone")
    dead = await arefine(BRIEF, settings={"painter": "moody", "seed": 1, "max_images": 2})
    assert dead.status == "failed"
    moody.always = None
    run = await aresume()
    assert (run.stop_reason, run.receipt["images"]) == ("max_images", 2)


@pytest.mark.parametrize(
    "fixed", [{"seed": 4}, {"upsample": False}, {"judge_method": "none"}, {"review_checklist": True}]
)
async def test_what_is_fixed_at_the_start_is_refused(server: OpenAIImages, fixed: dict[str, Any]) -> None:
    run = await arefine(BRIEF, settings={**SETTINGS, "max_images": 1})
    with pytest.raises(BadInput, match=f"{next(iter(fixed))} is fixed when a run starts"):
        await aresume(settings=fixed)
    assert await load_run() == run


async def test_a_run_that_ended_is_told_as_it_ended_and_stays_as_it_is(server: OpenAIImages) -> None:
    run = await arefine(BRIEF, settings={**SETTINGS, "max_images": 1})
    before = await checkpoints(run.thread)
    assert await aresume() == run
    with pytest.raises(BadInput, match="asks nothing"):
        await aresume(answer="approve")
    for wrong in ({"max_imagse": 2}, {"max_images": 0}, {"painter": "nobody"}):
        with pytest.raises(BadInput):
            await aresume(settings=wrong)
    assert await checkpoints(run.thread) == before


async def test_a_waiting_run_without_an_answer_goes_on_waiting(server: OpenAIImages) -> None:
    run = await arefine(BRIEF, settings={**SETTINGS, "review": "prompt"})
    before = await checkpoints(run.thread)
    assert await aresume() == run
    assert await checkpoints(run.thread) == before
    assert len(server.paid) == 1


async def test_a_run_stopped_before_a_proposal_was_painted_keeps_all_its_candidates(server: OpenAIImages) -> None:
    await arefine(BRIEF, settings={**SETTINGS, "review": "prompt"})
    stopped = await aresume(answer="stop")
    run = await aresume(stopped.run, settings={"review": "never"})
    assert run.stop_reason == "max_images"
    assert [c["previous"] == [] for c in run.candidates] == [True, False, False]
    assert len((await afork(run.run, settings={"max_images": 1})).candidates) == 4


async def test_the_books_agree_with_the_server(server: OpenAIImages) -> None:
    await killed_while_painting(server, SETTINGS, 1)
    run = await aresume(settings={"on_unknown": "retry", "max_images": 5})
    totals = await Ledger(open_database()).totals(run.run)
    assert len(server.paid) == totals.asked == run.receipt["images"] == 5
    assert totals.unknown == run.receipt["unknown"] == 1


async def test_a_cap_raised_just_before_the_end_counts(server: OpenAIImages) -> None:
    control = RunControl()
    async for event in stream(BRIEF, settings={**SETTINGS, "max_images": 1}, control=control):
        if event["kind"] == "plan" and event["plan"]["action"] == "stop":
            control.request_drain()
    assert (await find_run(None)).next == ("deliver",)
    run = await aresume(settings={"max_images": 2})
    assert (run.stop_reason, run.receipt["images"], run.settings["max_images"]) == ("max_images", 2, 2)
