"""Draining: a run that is told to stop ends at a whole checkpoint, soon, and goes on as if it had never stopped."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from langgraph.errors import GraphDrained
from langgraph.runtime import RunControl, Runtime

from overpaint.continuing import aresume, stream_resumed
from overpaint.graph.waiting import LONGEST_WAIT, Postponed, Pulse, paced, watched
from overpaint.result import Run
from overpaint.run import arefine, stream
from overpaint.tools.faults import ProviderFault
from overpaint.tools.painters import Abilities, PaintRequest, PaintResult, Progress
from tests.graph.test_faults import ABLE, Moody, moody
from tests.image_servers import FalQueue, Trouble, fal_queue, openai_images

__all__ = ["moody"]

BRIEF = "a red circle above a blue square"
MORE: dict[str, Any] = {"seed": 3, "max_images": 4, "stop_when_passed": False}


def runtime(drained: bool = False) -> Runtime[Any]:
    control = RunControl()
    if drained:
        control.request_drain("told to")
    return Runtime(control=control)


async def test_a_fault_without_a_wait_goes_on_at_once() -> None:
    for fault in (ProviderFault("x", retryable=True), ProviderFault("x", retry_after=99.0)):
        began = time.monotonic()
        with pytest.raises(ProviderFault) as caught:
            async with paced(runtime(drained=True)):
                raise fault
        assert caught.value is fault
        assert time.monotonic() - began < 0.1


async def test_a_provider_is_given_the_time_it_asks_for() -> None:
    began = time.monotonic()
    with pytest.raises(ProviderFault, match="busy"):
        async with paced(runtime()):
            raise ProviderFault("busy", retryable=True, retry_after=0.3)
    assert 0.3 <= time.monotonic() - began < 0.8


async def test_one_that_asks_for_too_much_is_given_up_in_words() -> None:
    with pytest.raises(Postponed, match="asks to wait 301 seconds") as caught:
        async with paced(runtime()):
            raise ProviderFault("busy", retryable=True, retry_after=LONGEST_WAIT + 1)
    assert isinstance(caught.value.fault, ProviderFault)
    assert not caught.value.fault.retryable


async def test_a_wait_ends_when_the_run_is_drained() -> None:
    here = runtime()
    assert here.control is not None
    asyncio.get_running_loop().call_later(0.1, here.control.request_drain, "told to")
    began = time.monotonic()
    with pytest.raises(GraphDrained, match="told to"):
        async with paced(here):
            raise ProviderFault("busy", retryable=True, retry_after=60.0)
    assert time.monotonic() - began < 0.6


@pytest.mark.slow
@pytest.mark.parametrize("leave", [True, False])
async def test_work_is_left_only_where_nothing_is_lost(leave: bool) -> None:
    ended: list[str] = []

    async def work() -> str:
        try:
            await asyncio.sleep(0.5)
        except asyncio.CancelledError:
            ended.append("cut off")
            raise
        ended.append("done")
        return "a picture"

    if leave:
        with pytest.raises(GraphDrained):
            await watched(work(), runtime(drained=True), leave=lambda: True, pulse=Pulse(), silence=60.0)
        assert ended == ["cut off"]
    else:
        assert (
            await watched(work(), runtime(drained=True), leave=lambda: False, pulse=Pulse(), silence=60.0)
            == "a picture"
        )


async def test_work_dies_with_whoever_waits_for_it() -> None:
    ended = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    waiting = asyncio.create_task(watched(work(), runtime(), leave=lambda: False, pulse=Pulse(), silence=60.0))
    await asyncio.sleep(0.05)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert ended.is_set()


@pytest.mark.parametrize("fault", [ProviderFault("x"), KeyError("a bug")])
async def test_the_fault_of_the_work_is_raised(fault: Exception) -> None:
    async def work() -> None:
        raise fault

    with pytest.raises(type(fault)):
        await watched(work(), runtime(drained=True), leave=lambda: True, pulse=Pulse(), silence=60.0)


async def drained(events: Any, control: RunControl, kind: str, after: float = 0.0) -> tuple[Run, float]:
    """The run as it was left, and the seconds it took from being told to stop, at the first event of a kind."""
    told, run = 0.0, None
    async for event in events:
        if event["kind"] == kind and not told:
            await asyncio.sleep(after)
            control.request_drain("told to")
            told = time.monotonic()
        if event["kind"] == "done":
            run = event["run"]
    assert run is not None
    return run, time.monotonic() - told


def pictures(run: Run) -> list[Any]:
    return [(c["id"], c["prompt"], c["seed"], c["image"]) for c in run.candidates]


LEFT_FOR_LONG = [pytest.param(kind, marks=pytest.mark.long) for kind in ("started", "checklist", "painted")]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["step", "judged", *LEFT_FOR_LONG])
async def test_a_drained_run_goes_on_to_the_same_pictures(kind: str) -> None:
    alone = await arefine(BRIEF, settings=MORE)
    control = RunControl()
    left, _ = await drained(stream(BRIEF, settings=MORE, control=control), control, kind)
    assert left.status == "interrupted"
    control = RunControl()
    left, _ = await drained(stream_resumed(left.run, control=control), control, "painted")
    assert left.status == "interrupted"
    left = await aresume()
    assert pictures(left) == pictures(alone)
    assert left.receipt["images"] == alone.receipt["images"]


FREE = Abilities(free=True, price_usd=0.0)


@dataclass
class Slow(Moody):
    """Takes its time, and tells when it began."""

    abilities: Abilities = FREE
    seconds: float = 20.0

    async def paint(self, request: PaintRequest, progress: Progress | None = None) -> PaintResult:
        if progress:
            progress(1, 2)
        await asyncio.sleep(self.seconds)
        return await super().paint(request, progress)


@pytest.fixture
def slow(moody: Moody, monkeypatch: pytest.MonkeyPatch) -> Slow:
    from overpaint.tools import painters

    painter = Slow()
    monkeypatch.setattr(painters, "_factory", lambda scheme: lambda model, **options: painter)
    painters.open_cached.cache_clear()
    return painter


@pytest.mark.slow
async def test_a_free_picture_is_left_within_half_a_second(slow: Slow) -> None:
    control = RunControl()
    settings = {"painter": "moody", "seed": 1, "max_images": 2, "per_round": 2}
    run, seconds = await drained(stream(BRIEF, settings=settings, control=control), control, "step")
    assert (run.status, run.receipt["images"]) == ("interrupted", 0)
    assert seconds < 1.0  # a contact sheet is written as well
    slow.seconds = 0.0
    run = await aresume()
    assert (run.status, run.receipt["images"], len(slow.asked)) == ("stopped", 2, 2)


@pytest.mark.slow
async def test_a_picture_that_is_paid_for_is_waited_for(slow: Slow) -> None:
    slow.abilities, slow.seconds, control = ABLE, 1.5, RunControl()
    settings = {"painter": "moody", "seed": 1, "max_images": 2}
    run, seconds = await drained(stream(BRIEF, settings=settings, control=control), control, "step")
    assert (run.status, len(slow.asked)) == ("interrupted", 1)
    assert seconds > 1.0
    run = await aresume()
    assert (run.receipt["images"], run.receipt["unknown"], len(slow.asked)) == (2, 0, 2)


@pytest.mark.slow
async def test_what_waits_for_its_turn_is_left_unpaid(slow: Slow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERPAINT_LIMITS", "moody=1")
    slow.abilities, slow.seconds, control = replace(ABLE, provider="moody"), 1.0, RunControl()
    settings = {"painter": "moody", "seed": 1, "max_images": 4, "per_round": 4, "stop_when_passed": False}
    run, _ = await drained(stream(BRIEF, settings=settings, control=control), control, "plan", after=0.5)
    assert (run.status, len(slow.asked)) == ("interrupted", 1)
    slow.seconds = 0.0
    run = await aresume()
    assert (run.receipt["images"], run.receipt["unknown"], len(slow.asked)) == (4, 0, 4)


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Iterator[FalQueue]:
    with fal_queue(delay=6.0) as server:
        monkeypatch.setenv("FAL_BASE_URL", server.url)
        monkeypatch.setenv("FAL_KEY", "a-key-of-this-test")
        yield server


@pytest.mark.slow
async def test_a_job_in_a_queue_is_left_and_found_again(queue: FalQueue) -> None:
    control, settings = RunControl(), {"painter": "fal:fal-ai/flux/dev", "seed": 1, "max_images": 1}
    run, seconds = await drained(stream(BRIEF, settings=settings, control=control), control, "plan", after=1.5)
    assert run.status == "interrupted"
    assert len(queue.paid) == 1
    assert seconds < 1.0
    queue.delay = 0.0
    run = await aresume()
    assert (run.receipt["images"], run.receipt["unknown"], len(queue.paid)) == (1, 0, 1)


@pytest.mark.slow
async def test_a_long_retry_after_is_left_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with openai_images() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "a-key-of-this-test")
        server.troubles = [
            Trouble("paint", status=429, headers={"retry-after": "8"}, body={"error": {"message": "busy"}})
        ]
        control, settings = RunControl(), {"painter": "openai:m", "max_images": 1}
        run, seconds = await drained(stream(BRIEF, settings=settings, control=control), control, "plan", after=1.5)
        assert run.status == "interrupted"
        assert seconds < 1.0
        run = await aresume()
        assert (run.receipt["images"], len(server.paid)) == (1, 1)
