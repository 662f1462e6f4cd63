"""Take a run up again: after a crash, an interrupt or a drain, with a cap raised, or with a person's answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Any

from langgraph.runtime import RunControl
from langgraph.types import Command, Overwrite

from overpaint.driving import Wheel, at_the_wheel, drive, ending
from overpaint.events import Event, relayed, run_at_end
from overpaint.given import with_files
from overpaint.graph.effective import refuse_fixed
from overpaint.graph.kept import Kept, find_run, read_thread
from overpaint.graph.persistence import on_thread
from overpaint.graph.settings import merge
from overpaint.report import check_folder
from overpaint.result import Run
from overpaint.run import preflight, wait_for
from overpaint.runs import due, restore
from overpaint.tools.faults import BadInput
from overpaint.tools.home import use_home


async def stream_resumed(
    run: str | None = None,
    *,
    settings: Mapping[str, object] | None = None,
    answer: Any = None,
    home: Path | None = None,
    out: Path | None = None,
    control: RunControl | None = None,
) -> AsyncGenerator[Event, None]:
    """Take a run up where it stands and tell what happens.

    A run that ended is told as it ended, unless settings are given that let it go on, or a provider had failed.

    Args:
        run: its id or the start of it; the latest when None.
        settings: settings to change from here on, such as a cap to raise; a run that waits takes them with the answer.
        answer: what a person says to a run that waits: approve, reject, stop, a remark, or decisions as a dict. Without
            one a waiting run goes on waiting.
        home: the home folder; OVERPAINT_HOME, or .overpaint in the current folder, when None.
        out: folder that also receives the champion, the contact sheet and run.json.
        control: LangGraph's, to end the run after the step at work; it can then be resumed.

    Yields:
        Events, dicts with a `kind`; the last is {"kind": "done", "run": Run}.

    Raises:
        BadInput: no such run, another process works on it, or something given cannot be used.
    """
    async with aclosing(relayed(_told(run, with_files(settings or {}), answer, home, out, control))) as events:
        async for event in events:
            yield event


async def aresume(
    run: str | None = None,
    *,
    settings: Mapping[str, object] | None = None,
    answer: Any = None,
    home: Path | None = None,
    out: Path | None = None,
) -> Run:
    """Take a run up again and return it; see `stream_resumed` for the arguments."""
    return await run_at_end(stream_resumed(run, settings=settings, answer=answer, home=home, out=out))


def resume(
    run: str | None = None,
    *,
    settings: Mapping[str, object] | None = None,
    answer: Any = None,
    home: Path | None = None,
    out: Path | None = None,
) -> Run:
    """The same without async; works inside a running event loop too (notebooks)."""
    return wait_for(aresume(run, settings=settings, answer=answer, home=home, out=out))


async def _told(
    run: str | None,
    settings: dict[str, object],
    answer: Any,
    home: Path | None,
    out: Path | None,
    control: RunControl | None,
) -> AsyncGenerator[Event, None]:
    with use_home(home):
        if out is not None:
            await asyncio.to_thread(check_folder, out)
        found = await find_run(run)
        refuse_fixed(settings)
        effective = merge(found.values["settings"], settings)
        await preflight(found.values["asked"]["text"], None, effective)
        async with at_the_wheel(found.thread, control) as wheel:
            # Read again now that nobody else can change it.
            kept = await read_thread(wheel.graph, found.thread)
            if "run" not in kept.values:
                raise BadInput(f"run {found.values['run']} was pruned just now: see overpaint runs")
            await restore(kept)  # a record that is missing is found before anything is paid
            async for event in _continued(wheel, kept, settings, answer, out):
                yield event


async def _continued(
    wheel: Wheel, kept: Kept, settings: dict[str, object], answer: Any, out: Path | None
) -> AsyncGenerator[Event, None]:
    if answer is not None and not kept.waiting:
        raise BadInput("this run asks nothing, so it takes no answer: leave the answer out")
    kept = await reopened(wheel, kept, settings)
    if (kept.waiting and answer is None) or not is_open(kept):
        async for event in ending(wheel, out):
            yield event
        return
    given: Command[Any] | None = Command(resume=_answers(wheel, kept, answer)) if kept.waiting else None
    async for event in drive(wheel, given, settings or None, out, known=kept.values):
        yield event


def _answers(wheel: Wheel, kept: Kept, answer: Any) -> dict[str, Any]:
    """The answer to each question; of several side by side each gets its own of a list as long, or all get the same."""
    try:
        wheel.saver.serde.dumps_typed(answer)
    except Exception as error:  # noqa: BLE001  whatever the serializer cannot keep, it has its own kinds for
        raise BadInput(f"the answer cannot be kept ({error}): use text, numbers, lists and dicts") from None
    asked = [interrupt.id for interrupt in kept.interrupts]
    listed = answer.get("decisions") if isinstance(answer, dict) else answer
    if isinstance(listed, list) and len(asked) > 1 and len(listed) == len(asked):
        return dict(zip(asked, listed, strict=True))
    return dict.fromkeys(asked, answer)


def is_open(kept: Kept) -> bool:
    """Whether a run has more to do."""
    return bool(due(kept)) or kept.values.get("ended") is None


async def reopened(wheel: Wheel, kept: Kept, settings: Mapping[str, object]) -> Kept:
    """Lead a run that ended, or had decided to, back to where it decides, where it may decide otherwise now.

    One that was broken off before a message came, which was answered or refused, is led back there too, or to its
    writers where they were not done.

    Args:
        wheel: its thread.
        kept: as it stands.
        settings: those given anew.

    Returns:
        The run as it stands then; as it was, where it has more to do anyway or no reason to go on.
    """
    stopping = kept.next in (("compare",), ("deliver",))
    left = not due(kept) and kept.values.get("ended") is None
    reason = settings if stopping else not is_open(kept) and (settings or kept.values.get("ended") == "provider")
    if not left and not reason:
        return kept
    last = "candidate" if kept.values.get("prompt") else "intake"
    again = {"ended": None, "fatal": Overwrite("")}
    await wheel.graph.aupdate_state(on_thread(wheel.thread), again, as_node=last)
    return await read_thread(wheel.graph, wheel.thread)
