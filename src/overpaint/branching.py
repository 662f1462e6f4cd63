"""Start a branch from any picture or checkpoint of a run: a new run in a new thread, the parent untouched."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Any

from langgraph.runtime import RunControl

from overpaint.driving import Wheel, at_the_wheel, drive
from overpaint.events import Event, relayed, run_at_end
from overpaint.given import with_files
from overpaint.graph.checklists import read_checklist
from overpaint.graph.flow import build_graph
from overpaint.graph.forking import Branch, Change, branch
from overpaint.graph.kept import Kept, find_run, read_thread
from overpaint.graph.persistence import on_thread, open_checkpointer
from overpaint.graph.settings import merge
from overpaint.graph.state import State
from overpaint.report import check_folder
from overpaint.result import Run
from overpaint.run import preflight, wait_for
from overpaint.sweeping import refresh_all
from overpaint.tools.home import current_home, use_home


async def stream_fork(
    run: str | None = None,
    *,
    start: str | None = None,
    prompt: str | None = None,
    brief: str | None = None,
    checklist: Any = None,
    settings: Mapping[str, object] | None = None,
    home: Path | None = None,
    out: Path | None = None,
    control: RunControl | None = None,
) -> AsyncGenerator[Event, None]:
    """Fork a run and tell what happens in the new one; its receipt starts from zero, its pictures are those there are.

    Args:
        run: the parent's id or the start of it; the latest run when None.
        start: the candidate (such as "2.0") that becomes the champion, or a checkpoint's id or the start of it; where
            the parent stands when None.
        prompt: the prompt to paint next.
        brief: another brief; prompt and checklist are written anew, and the champion is judged by it first.
        checklist: another checklist, as a list of texts or dicts (see `graph.checklists`); the champion is judged by it
            before anything is painted.
        settings: settings to change.
        home: the home folder; OVERPAINT_HOME, or .overpaint in the current folder, when None.
        out: folder that also receives the champion, the contact sheet and run.json.
        control: LangGraph's, to end the run after the step at work; it can then be resumed.

    Yields:
        Events, dicts with a `kind`; the last is {"kind": "done", "run": Run}.

    Raises:
        BadInput: no such run, candidate or checkpoint, something given cannot be used, or what the fork needs is lost:
            nothing was written then. Or it failed later, as of `overpaint.driving.drive`: the fork can be resumed.
    """
    listed = None if checklist is None else read_checklist(checklist)
    change = Change(prompt, brief, listed, with_files(settings or {}))
    async with aclosing(relayed(_told(run, start, change, home, out, control))) as events:
        async for event in events:
            yield event


async def afork(
    run: str | None = None,
    *,
    start: str | None = None,
    prompt: str | None = None,
    brief: str | None = None,
    checklist: Any = None,
    settings: Mapping[str, object] | None = None,
    home: Path | None = None,
    out: Path | None = None,
) -> Run:
    """Fork a run, carry the new one to its stop and return it; see `stream_fork` for the arguments."""
    events = stream_fork(
        run, start=start, prompt=prompt, brief=brief, checklist=checklist, settings=settings, home=home, out=out
    )
    return await run_at_end(events)


def fork(
    run: str | None = None,
    *,
    start: str | None = None,
    prompt: str | None = None,
    brief: str | None = None,
    checklist: Any = None,
    settings: Mapping[str, object] | None = None,
    home: Path | None = None,
    out: Path | None = None,
) -> Run:
    """The same without async; works inside a running event loop too (notebooks)."""
    return wait_for(
        afork(run, start=start, prompt=prompt, brief=brief, checklist=checklist, settings=settings, home=home, out=out)
    )


async def _told(
    run: str | None,
    start: str | None,
    change: Change,
    home: Path | None,
    out: Path | None,
    control: RunControl | None,
) -> AsyncGenerator[Event, None]:
    with use_home(home):
        if out is not None:
            await asyncio.to_thread(check_folder, out)
        begun = await prepared(await find_run(run), start, change)
        async with at_the_wheel(begun.thread, control) as wheel:
            known = await written(wheel, begun)
            async for event in drive(wheel, None, None, out, known=known):
                yield event


async def prepared(parent: Kept, start: str | None, change: Change) -> Branch:
    """The beginning of a fork, with everything checked that could stop it later; nothing is written.

    Args:
        parent: the run as it stands.
        start: a candidate's id, or a checkpoint's id or the start of it; None for where the parent stands.
        change: what is to be different.

    Raises:
        BadInput: something given cannot be used, or what the fork needs is lost.
    """
    effective = merge(parent.values["settings"], change.settings)
    await preflight(change.brief if change.brief is not None else parent.values["asked"]["text"], None, effective)
    async with open_checkpointer() as saver:
        begun = await branch(build_graph(saver), parent.thread, start, change)
    # What the fork shares with its parent is young again, so that nobody prunes it before the fork is written; what it
    # needs and is lost is found before anything is paid.
    await asyncio.to_thread(refresh_all, current_home(), begun.values)
    return begun


async def written(wheel: Wheel, begun: Branch) -> State:
    """Write the beginning of a fork into its thread, and return the state that it has now."""
    await wheel.graph.aupdate_state(on_thread(begun.thread), begun.values, as_node=begun.as_node)
    return (await read_thread(wheel.graph, begun.thread)).values
