"""Threads as the caller they belong to may read them: another key's are not there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver

from overpaint.graph.flow import build_graph
from overpaint.graph.kept import Graph, Kept, read_thread
from overpaint.graph.persistence import on_thread, open_checkpointer, threads_of
from overpaint.graph.state import Origin
from overpaint.server.keys import LOCAL, Caller, NotThere
from overpaint.server.owners import Owners
from overpaint.tools.database import open_database

LONGEST = 200
"""Characters of a thread's id; LangGraph's own are UUIDs, others may call theirs as they like."""

_forks: dict[str, tuple[Origin, dict[str, Any]] | None] = {}
"""The forks among the threads, None for one that is none: it never changes, and every view would read every thread."""


@asynccontextmanager
async def own_thread(caller: Caller, thread: str) -> AsyncIterator[Graph]:
    """The graph with its checkpointer, to read a thread of the caller's.

    Raises:
        NotThere: it is another's. Whether there is such a thread at all is not looked at.
    """
    if not thread.isprintable() or len(thread) > LONGEST or not await Owners(open_database()).may(caller, thread):
        raise NotThere
    async with open_checkpointer() as saver:
        yield build_graph(saver)


async def own_run(caller: Caller, thread: str, run: str | None = None) -> Kept:
    """The state of the latest run of a thread of the caller's, or of an earlier one.

    Raises:
        NotThere: there is no such thread or run, or it is another's.
    """
    async with own_thread(caller, thread) as graph:
        return await standing(graph, await read_thread(graph, thread), run)


async def standing(graph: Graph, newest: Kept, run: str | None) -> Kept:
    """The last state of one run of a thread; that of the latest when None.

    Raises:
        NotThere: there is no such run.
    """
    latest = newest.values.get("run")
    if latest is not None and run in (None, latest):
        return newest
    checkpoint = (await runs_of(graph, newest)).get(run or "")
    if checkpoint is None:
        raise NotThere
    return await read_thread(graph, newest.thread, checkpoint)


async def runs_of(graph: Graph, newest: Kept) -> dict[str, str]:
    """The runs of a thread, oldest first, each with the last checkpoint of it.

    A thread holds several where a chat goes on: the run before an input is that of the checkpoint which the input
    follows. One that was gone back to keeps its place.
    """
    saver: Any = graph.checkpointer
    config = {"configurable": {"thread_id": newest.thread, "checkpoint_ns": ""}}
    inputs = [one async for one in saver.alist(config, filter={"source": "input"})]
    found: dict[str, str] = {}
    for before in [one.parent_config for one in reversed(inputs) if one.parent_config]:
        held = await saver.aget_tuple(before)
        if held is not None and (run := held.checkpoint["channel_values"].get("run")):
            found[run] = held.checkpoint["id"]
    if "run" in newest.values:
        found[newest.values["run"]] = newest.checkpoint
    return found


async def own_threads(caller: Caller, saver: BaseCheckpointSaver[str]) -> list[str]:
    """The threads of the caller's that have a checkpoint, the one that took a step last first."""
    threads = await threads_of(saver)
    owners = await Owners(open_database()).of(threads)
    return [thread for thread in threads if caller == LOCAL or owners[thread] == caller.owner]


async def forks_of(caller: Caller, graph: Graph, thread: str, run: str) -> list[dict[str, Any]]:
    """The forks of a run among the caller's threads, the latest first: thread, run, candidate and brief of each."""
    saver: Any = graph.checkpointer
    threads = await own_threads(caller, saver)
    for other in threads:
        if other not in _forks:
            await _remember(saver, other)
    forks = [fork for other in threads if (fork := _forks.get(other)) is not None]
    return [told for origin, told in forks if (origin["thread"], origin["run"]) == (thread, run)]


async def _remember(saver: Any, thread: str) -> None:
    """Note whether a thread is a fork, as soon as a run has begun in it."""
    held = await saver.aget_tuple(on_thread(thread))
    values = held.checkpoint["channel_values"] if held else {}
    if "run" in values:
        origin, brief = values.get("forked_from"), values["asked"]["text"]
        told = {"thread": thread, "run": values["run"], "candidate": origin and origin["candidate"], "brief": brief}
        _forks[thread] = (origin, told) if origin else None
