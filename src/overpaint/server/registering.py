"""Runs that were made elsewhere, made known to the LangGraph server: Studio lists the threads of its server alone."""

from __future__ import annotations

import asyncio
import logging
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from langgraph.types import StateSnapshot
from langgraph_sdk import get_client
from langgraph_sdk.client import LangGraphClient
from starlette.types import ASGIApp, Receive, Scope, Send

from overpaint.graph.flow import build_graph
from overpaint.graph.persistence import on_thread, open_checkpointer, threads_of
from overpaint.server.owners import Owners
from overpaint.server.refusing import is_inside, path_of
from overpaint.tools.database import open_database

GRAPH = "agent"
"""The name of our graph in langgraph.json."""

_seen: dict[str, str] = {}
"""The newest checkpoint of each thread when it was last made known."""

_failed: set[str] = set()
"""Threads that could not be made known when that was last tried."""

_turn = asyncio.Lock()

_logger = logging.getLogger(__name__)


async def register(thread: str, owner: str) -> None:
    """Make a thread known to the LangGraph server of this process; without one nothing is done.

    Args:
        thread: LangGraph's thread, a UUID.
        owner: whose it is, see `keys.Caller`.
    """
    if _in_server():
        async with get_client() as client:
            await _registered(client, thread, owner)


async def register_all() -> None:
    """Make known every thread of the database, each under its owner, as it stands now.

    One that cannot be made known is logged, passed over, and tried again the next time.
    """
    if not _in_server():
        return
    async with _turn, get_client() as client:
        changed = await _changed()
        owners = await Owners(open_database()).of(list(changed))
        for thread, state in reversed(changed.items()):  # so that all older ones are known where one is
            with _passing_over(thread):
                listed = await _registered(client, thread, owners[thread])
                if listed["values"] is None or _time(listed["state_updated_at"]) < _time(state.created_at):
                    await _show(thread, state)
                _seen[thread] = state.config["configurable"]["checkpoint_id"]
                _failed.discard(thread)


class Registering:
    """Middleware: before LangGraph's own list of threads is read, what other processes did is made known."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if not is_inside(scope) and path_of(scope) in ("/threads/search", "/threads/count"):
            await register_all()
        await self.app(scope, receive, send)


async def _registered(client: LangGraphClient, thread: str, owner: str) -> Any:
    """The thread as the server lists it."""
    metadata = {"graph_id": GRAPH, "owner": owner}
    return await client.threads.create(thread_id=thread, metadata=metadata, if_exists="do_nothing")


async def _changed() -> dict[str, StateSnapshot]:
    """The threads that took a step since they were made known, the last one first."""
    found: dict[str, StateSnapshot] = {}
    reached = False  # a thread that is known: they are in the order of their last steps
    async with open_checkpointer() as saver:
        graph = build_graph(saver)
        for thread in filter(_is_uuid, await threads_of(saver)):
            if reached and thread not in _failed:
                continue
            with _passing_over(thread):
                state = await graph.aget_state(on_thread(thread))
                if _seen.get(thread) == state.config["configurable"]["checkpoint_id"]:
                    reached = True
                    _failed.discard(thread)
                else:
                    found[thread] = state
    return found


@contextmanager
def _passing_over(thread: str) -> Iterator[None]:
    """Do something for a thread; what fails is logged once, and stops nobody from seeing the other threads."""
    try:
        yield
    except Exception:
        if thread not in _failed:
            _logger.exception("thread %s cannot be made known", thread)
        _failed.add(thread)


async def _show(thread: str, state: StateSnapshot) -> None:
    """Set what the server's list says of a thread; LangGraph's API has no way to, and lists what its own runs left."""
    from langgraph_runtime.database import connect
    from langgraph_runtime.ops import Threads

    tasks = [{"id": task.id, "interrupts": list(task.interrupts)} for task in state.tasks]
    shown: Any = {"next": list(state.next), "values": state.values, "tasks": tasks}
    async with connect() as connection:
        await Threads.set_status(connection, uuid.UUID(thread), shown, None)


def _time(written: str | None) -> datetime:
    return datetime.fromisoformat(written or "0001-01-01T00:00:00+00:00")


def _in_server() -> bool:
    """Whether this process is a LangGraph server."""
    return "langgraph_api.server" in sys.modules


def _is_uuid(thread: str) -> bool:
    try:
        return bool(uuid.UUID(thread))
    except ValueError:
        return False
