"""Which runs a database holds, how each stands, and the checkpoints it went through. Reads; changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Interrupt, StateSnapshot

from overpaint.graph.flow import build_graph
from overpaint.graph.persistence import on_thread, open_checkpointer, threads_of
from overpaint.graph.state import State
from overpaint.tools.database import database_url, open_database
from overpaint.tools.faults import BadInput
from overpaint.tools.home import current_home

Graph = CompiledStateGraph[Any, Any, Any, Any]


@dataclass(frozen=True)
class Kept:
    """The state of a thread at one checkpoint, its newest unless another was asked for.

    Args:
        thread: LangGraph's thread.
        checkpoint: the checkpoint's id; ids are ordered by time.
        parent: that of the checkpoint before it; None for the first.
        values: the state.
        next: the nodes that would run next; empty when the run has ended.
        interrupts: what it waits for a person to say.
        updated: when it was written, ISO 8601.
    """

    thread: str
    checkpoint: str
    parent: str | None
    values: State
    next: tuple[str, ...]
    interrupts: tuple[Interrupt, ...]
    updated: str

    @property
    def waiting(self) -> bool:
        """Whether a person is asked something."""
        return bool(self.interrupts)


async def kept_runs() -> list[Kept]:
    """The newest state of every thread that holds a run, latest first; empty when there is no database yet."""
    async with _reading() as saver:
        if saver is None:
            return []
        graph = build_graph(saver)
        found = [await read_thread(graph, thread) for thread in await threads_of(saver)]
    return [kept for kept in found if "run" in kept.values]


async def find_run(run: str | None) -> Kept:
    """The run of this id, or the one whose id starts with it; the latest when None.

    Raises:
        BadInput: there is none, or several start so.
    """
    named = await (_latest() if run is None else _named(run))
    if not named:
        missing = f"no run {run[:60]!r}" if run else "no run yet"
        raise BadInput(
            f"there is {missing} in {current_home()}: see overpaint runs, or start one with overpaint refine"
        )
    if run and len(named) > 1:
        raise BadInput(f"{len(named)} runs start with {run[:60]!r}: give more of the id")
    return named[0]


async def _latest() -> list[Kept]:
    async with _reading() as saver:
        for thread in await threads_of(saver) if saver else []:
            kept = await read_thread(build_graph(saver), thread)
            if "run" in kept.values:
                return [kept]
    return []


async def _named(run: str) -> list[Kept]:
    return [kept for kept in await kept_runs() if kept.values["run"].startswith(run)]


async def read_thread(graph: Graph, thread: str, checkpoint: str | None = None) -> Kept:
    """The state of one thread, by a graph with its checkpointer; its newest unless a checkpoint is named."""
    return _kept(thread, await graph.aget_state(on_thread(thread, checkpoint)))


async def read_history(graph: Graph, thread: str) -> list[Kept]:
    """Every checkpoint of a thread, oldest first."""
    found = [_kept(thread, snapshot) async for snapshot in graph.aget_state_history(on_thread(thread))]
    return found[::-1]


@asynccontextmanager
async def _reading() -> AsyncIterator[BaseCheckpointSaver[str] | None]:
    """The saver, None where nothing was ever kept: reading makes no home."""
    home = await asyncio.to_thread(current_home)
    if home.exists() and not home.is_dir():
        raise BadInput(f"the home folder {home} is no folder: set OVERPAINT_HOME to one")
    file = open_database(database_url(home)).file
    if file is not None and not await asyncio.to_thread(file.exists):
        yield None
        return
    async with open_checkpointer() as saver:
        yield saver


def _kept(thread: str, snapshot: StateSnapshot) -> Kept:
    values: Any = snapshot.values
    parent = snapshot.parent_config
    return Kept(
        thread=thread,
        checkpoint=snapshot.config["configurable"].get("checkpoint_id", ""),
        parent=parent["configurable"]["checkpoint_id"] if parent else None,
        values=values,
        # A process that dies between the end of a step and its checkpoint leaves tasks without a next node.
        next=snapshot.next or tuple(task.name for task in snapshot.tasks),
        interrupts=snapshot.interrupts,
        updated=snapshot.created_at or "",
    )
