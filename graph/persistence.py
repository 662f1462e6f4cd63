"""Where checkpoints live, and which runs there are: the only file that knows the savers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from overpaint.graph.flow import build_graph
from overpaint.graph.state import State
from overpaint.tools.faults import BadInput
from overpaint.tools.home import current_home, open_home


@dataclass(frozen=True)
class Kept:
    """The newest state of a thread: its values, what would run next, and when it was written (ISO 8601)."""

    thread: str
    values: State
    next: tuple[str, ...]
    waiting: bool
    updated: str


@asynccontextmanager
async def open_checkpointer() -> AsyncIterator[AsyncSqliteSaver]:
    """The SQLite saver on `overpaint.db` in the home folder, made if need be.

    WAL with a short log, a busy timeout of 30 s so that several processes can share the file, and small pages, which
    waste least on rows of two to eight KB.

    Raises:
        BadInput: the home folder cannot be written.
    """
    home = await asyncio.to_thread(open_home)
    async with AsyncSqliteSaver.from_conn_string(str(home / "overpaint.db")) as saver:
        for setting in ("busy_timeout = 30000", "page_size = 1024", "wal_autocheckpoint = 256"):
            await saver.conn.execute(f"PRAGMA {setting}")
        await saver.setup()
        yield saver


def on_thread(thread: str) -> RunnableConfig:
    """The config that names a thread."""
    return {"configurable": {"thread_id": thread}}


async def kept_runs() -> list[Kept]:
    """The newest state of every thread in the home folder, latest first; empty when there is no home yet."""
    home = await asyncio.to_thread(current_home)
    if home.exists() and not home.is_dir():
        raise BadInput(f"the home folder {home} is no folder: set OVERPAINT_HOME to one")
    if not (home / "overpaint.db").exists():
        return []
    async with open_checkpointer() as saver:
        graph = build_graph(saver)
        found = [await read_thread(graph, thread) for thread in await _threads(saver)]
    return [kept for kept in found if "run" in kept.values]


async def find_run(run: str | None) -> Kept:
    """The run of this id, or the one whose id starts with it; the latest when None.

    Raises:
        BadInput: there is none, or several start so.
    """
    runs = await kept_runs()
    named = [kept for kept in runs if run is None or kept.values["run"].startswith(run)]
    if not named:
        missing = f"no run {run[:60]!r}" if run else "no run yet"
        raise BadInput(
            f"there is {missing} in {current_home()}: see overpaint runs, or start one with overpaint refine"
        )
    if run and len(named) > 1:
        raise BadInput(f"{len(named)} runs start with {run[:60]!r}: give more of the id")
    return named[0]


async def _threads(saver: AsyncSqliteSaver) -> list[str]:
    # Checkpoint ids are time-ordered (UUID version 6), so their order is that of the last step taken.
    query = (
        "SELECT thread_id FROM checkpoints WHERE checkpoint_ns = '' GROUP BY thread_id ORDER BY MAX(checkpoint_id) DESC"
    )
    async with saver.conn.execute(query) as cursor:
        return [row[0] async for row in cursor]


async def read_thread(graph: Any, thread: str) -> Kept:
    """The newest state of one thread, by a graph with its checkpointer."""
    snapshot = await graph.aget_state(on_thread(thread))
    values: Any = snapshot.values
    return Kept(thread, values, snapshot.next, bool(snapshot.interrupts), snapshot.created_at or "")
