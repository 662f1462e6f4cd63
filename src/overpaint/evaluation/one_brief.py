"""One brief under one preset, in this process: begun, or taken up where another process left it, to its end."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.runtime import RunControl
from langgraph.types import Overwrite

from overpaint.driving import Wheel, at_the_wheel
from overpaint.evaluation.jobs import Job
from overpaint.evaluation.nouns import Outcome
from overpaint.evaluation.outcome import failure, read_outcome
from overpaint.feedback import scores_of, send_feedback
from overpaint.graph.kept import read_thread
from overpaint.graph.persistence import on_thread
from overpaint.graph.settings import merge
from overpaint.graph.waiting import Postponed
from overpaint.plain import say
from overpaint.run import preflight
from overpaint.run_metadata import run_config
from overpaint.runs import restore
from overpaint.tools.database import open_database
from overpaint.tools.faults import BadInput, ProviderFault


async def run_brief(job: Job, control: RunControl) -> Outcome:
    """Drive a job's thread to its end, in the current home; nothing is painted that it has already.

    No contact sheet is drawn.

    Args:
        job: what to do.
        control: to end the run after the step at work.

    Returns:
        The outcome; also of a run that failed, by its brief or by a provider.

    Raises:
        GraphDrained: it was ended by `control`, and can be taken up again.
        Held: another process works on this thread.
        BadInput: this machine is at fault (a full disk, a database that cannot be used), which would end all others.
    """
    began = time.monotonic()
    config = await asyncio.to_thread(run_config, job.thread, job.settings, job.preset)
    async with at_the_wheel(job.thread, control) as wheel:
        fault = await _fault_of(wheel, job, config)
        seconds = time.monotonic() - began
        kept = await read_thread(wheel.graph, wheel.thread)
        if "run" not in kept.values:
            return failure(job, str(fault), seconds, is_provider=isinstance(fault, ProviderFault))
        run = await restore(kept)
        if untold := await send_feedback(config, scores_of(run)):
            say(f"overpaint: {untold}", sys.stderr)
        return await read_outcome(wheel, job, run, fault, seconds)


async def _fault_of(wheel: Wheel, job: Job, config: RunnableConfig) -> BadInput | ProviderFault | None:
    """Run the graph; what ended it before its end, if that is this brief's alone."""
    try:
        with open_database().faults():
            await _to_its_end(wheel, job, config)
    except Postponed as stop:
        if isinstance(stop.fault, BadInput):  # something must be mended first
            raise stop.fault from stop
        return stop.fault
    except BadInput as fault:
        if fault.__cause__ is not None and not isinstance(fault.__cause__, ValueError):  # of a disk, say, or a database
            raise
        return fault
    except ProviderFault as fault:
        return fault
    return None


async def _to_its_end(wheel: Wheel, job: Job, config: RunnableConfig) -> None:
    kept = await read_thread(wheel.graph, wheel.thread)
    given, context = None, None
    if "run" not in kept.values:
        given, context = _input(job), merge(job.settings)
        await preflight(job.row["brief"], None, context)
    elif kept.values.get("ended") == "provider":  # an outcome that was not kept, since the provider failed for all
        again = {"ended": None, "fatal": Overwrite("")}
        await wheel.graph.aupdate_state(on_thread(wheel.thread), again, as_node="candidate")
    elif kept.values.get("ended") is not None:
        return
    await wheel.graph.ainvoke(given, config, context=context, durability="sync", control=wheel.control)


def _input(job: Job) -> dict[str, Any]:
    """What a run is told of a row: no reference picture, caption or truth; a checklist where its judge reads one."""
    given: dict[str, Any] = {"brief": job.row["brief"]}
    if job.row["requirements"] is None or merge(job.settings).judge_method != "checklist":
        return given
    return {**given, "requirements": job.row["requirements"]}
