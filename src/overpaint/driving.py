"""Drive a thread of the graph from where it stands to where it stops: its lease, faults, drains, files at the end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.errors import GraphDrained
from langgraph.runtime import RunControl

from overpaint.events import Event, Narrator
from overpaint.feedback import scores_of, send_feedback
from overpaint.graph.effective import effective, overlaid
from overpaint.graph.flow import build_graph
from overpaint.graph.kept import Graph, read_thread
from overpaint.graph.persistence import open_checkpointer
from overpaint.graph.state import State
from overpaint.graph.waiting import Postponed
from overpaint.report import deliver_files, write_report
from overpaint.result import Run
from overpaint.run_metadata import run_config
from overpaint.runs import restore
from overpaint.tools.database import open_database
from overpaint.tools.faults import BadInput, ProviderFault
from overpaint.tools.leases import Held, Leases
from overpaint.tools.ledger import Ledger


@dataclass(frozen=True)
class Wheel:
    """One thread and all that is needed to drive it, held by this process alone."""

    thread: str
    saver: BaseCheckpointSaver[str]
    graph: Graph
    control: RunControl


@asynccontextmanager
async def at_the_wheel(thread: str, control: RunControl | None = None) -> AsyncIterator[Wheel]:
    """Open the database and take the lease on a thread; whoever else drives it is left alone.

    Args:
        thread: LangGraph's thread.
        control: to drain the run from outside.

    Raises:
        Held: another process works on it, now or, when the lease was lost, since.
        BadInput: the database cannot be used.
    """
    task, lost = asyncio.current_task(), []

    def on_lost() -> None:
        lost.append(True)
        if task is not None:
            task.cancel()

    async with open_checkpointer() as saver, Leases(open_database()).held(thread, on_lost):
        try:
            yield Wheel(thread, saver, build_graph(saver), control or RunControl())
        except asyncio.CancelledError:
            if not lost:
                raise
            raise Held(await _why_lost(thread)) from None


async def _why_lost(thread: str) -> str:
    with suppress(BadInput):
        if await Leases(open_database()).holder(thread):
            return "another process took this run over; follow it with overpaint watch"
    ended = "another process took this run over and is done with it, or its lease could not be renewed in time"
    return f"{ended}: look with overpaint show, or go on with overpaint resume"


async def drive(
    wheel: Wheel,
    given: Any,
    context: Any,
    out: Path | None,
    *,
    known: State | None = None,
    preset: str | None = None,
) -> AsyncGenerator[Event, None]:
    """Run the graph and tell what happens; the last event is `done`.

    Args:
        wheel: the thread.
        given: the input of a new run, a Command that answers a question, or None to go on.
        context: settings for a new run, or those given anew; None to keep all.
        out: folder that also receives the champion, the contact sheet and run.json.
        known: the state the run goes on from; None for a new one.
        preset: the preset of a new run, for its metadata; None where it has no name.

    Raises:
        BadInput: something given cannot be used, or a disk refused. A new run that has painted nothing leaves
            nothing behind; any other can be resumed.
        ProviderFault, GraphDrained: a new run failed, or was drained, before it had an id.
    """
    started, error = time.monotonic(), ""
    settings = overlaid(known["settings"], context) if known is not None else effective(context).kept
    config = await asyncio.to_thread(run_config, wheel.thread, settings, preset)
    try:
        with open_database().faults():
            async with aclosing(_events(wheel, given, config, context, known)) as events:
                async for event in events:
                    yield event
    except (BadInput, ProviderFault, Postponed, GraphDrained) as stop:
        error = await _told_of(wheel, stop.fault if isinstance(stop, Postponed) else stop, is_new=known is None)
    async for event in ending(wheel, out, error, started):
        if event["kind"] == "done" and (fault := await send_feedback(config, scores_of(event["run"]))):
            yield {"kind": "warning", "text": fault}
        yield event


async def _told_of(wheel: Wheel, stop: Exception, *, is_new: bool) -> str:
    """Why a run broke off that can be told of and resumed; empty for one that was only asked to stop.

    Raises:
        BadInput: that of the run, which is kept unless it is new and nothing was paid for it.
        ProviderFault, GraphDrained: a new run ended before it had an id.
    """
    if isinstance(stop, BadInput):
        if is_new and await _is_worthless(wheel):
            await wheel.saver.adelete_thread(wheel.thread)
            raise stop
        raise type(stop)(f"{stop} | The run is kept: once that is mended, go on with overpaint resume") from stop
    if "run" not in (await read_thread(wheel.graph, wheel.thread)).values:
        await wheel.saver.adelete_thread(wheel.thread)
        raise stop
    return str(stop) if isinstance(stop, ProviderFault) else ""


async def _is_worthless(wheel: Wheel) -> bool:
    """Whether a run that could not go on leaves nothing that was paid for; False where that cannot be told."""
    with suppress(BadInput):
        values = (await read_thread(wheel.graph, wheel.thread)).values
        if "run" not in values:
            return True
        totals = await Ledger(open_database()).totals(values["run"])
        return totals.asked == totals.failed
    return False


async def ending(wheel: Wheel, out: Path | None, error: str = "", started: float | None = None) -> AsyncIterator[Event]:
    """Tell what a thread's run came to, or what it waits for, and write the contact sheet."""
    kept = await read_thread(wheel.graph, wheel.thread)
    if kept.interrupts and not error:
        yield {"kind": "waiting", "run": kept.values["run"], "requests": [i.value for i in kept.interrupts]}
    run = await restore(kept, error)
    if started is not None:
        run = replace(run, wall_seconds=time.monotonic() - started)
    yield {"kind": "done", "run": await asyncio.to_thread(_written, run, out)}


async def _events(
    wheel: Wheel, given: Any, config: RunnableConfig, context: Any, known: State | None
) -> AsyncGenerator[Event, None]:
    narrator = Narrator()
    for event in narrator.recall(known) if known is not None else ():
        yield event
    parts = wheel.graph.astream(
        given,
        config,
        context=context,
        stream_mode=["updates", "custom"],
        subgraphs=True,
        durability="sync",
        version="v2",
        control=wheel.control,
    )
    async with aclosing(cast(AsyncGenerator[Any, None], parts)) as source:
        async for part in source:
            for event in narrator.tell(part):
                yield event


def _written(run: Run, out: Path | None) -> Run:
    folder = run.images.parent / "reports" / run.run
    run = replace(run, report=write_report(run, folder))
    if out is not None:
        run = replace(run, report=deliver_files(run, out))
    return run
