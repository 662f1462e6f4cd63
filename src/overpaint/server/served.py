"""The graph as a LangGraph server runs it: one process drives a thread, and a server that stops finishes its steps."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.errors import GraphDrained
from langgraph.runtime import RunControl, Runtime
from langgraph_sdk.runtime import ServerRuntime

from overpaint.driving import at_the_wheel
from overpaint.graph.effective import effective
from overpaint.graph.flow import build_graph, graph
from overpaint.graph.kept import Graph
from overpaint.graph.persistence import open_checkpointer
from overpaint.tools.home import current_home
from overpaint.tracing import traced

_RUNTIME = "__pregel_runtime"
"""Where LangGraph looks for the runtime around a graph, whose control it takes over; a server passes none itself."""

_at_work: dict[RunControl, asyncio.Event] = {}
"""The runs that this process drives, each with what is set once it has stopped."""

_drain = ""
"""Why the server stops; empty while it does not."""


@asynccontextmanager
async def agent(config: RunnableConfig, runtime: ServerRuntime[Any]) -> AsyncIterator[Graph]:
    """The graph that langgraph.json serves. For a run it comes with the lease on its thread.

    Args:
        config: of the request.
        runtime: says whether a run is made, or state and drawings are looked at.

    Raises:
        Held: another process, or another run, works on the thread.
        BadInput: a setting that cannot be used.
    """
    running, thread = runtime.execution_runtime, config["configurable"].get("thread_id")
    if running is None or not thread:
        yield traced(graph)
        return
    effective(running.context)
    control, stopped = RunControl(), asyncio.Event()
    if _drain:
        control.request_drain(_drain)
    _at_work[control] = stopped
    try:
        async with at_the_wheel(str(thread)):
            yield traced(graph).with_config(configurable={_RUNTIME: Runtime(control=control)})
    except GraphDrained:
        stopped.set()
        await asyncio.Event().wait()  # the server cancels it, which means to take it up again when it starts
    finally:
        stopped.set()
        del _at_work[control]


def serving() -> None:
    """Let runs begin: a server of this process may have stopped before."""
    global _drain
    _drain = ""


async def drained(why: str = "the server stops") -> None:
    """Ask all runs of this process to end after the step at work, and wait until they have.

    Runs that begin from here on end before their first step.
    """
    global _drain
    _drain = why
    for control in _at_work:
        control.request_drain(why)
    await asyncio.gather(*(stopped.wait() for stopped in list(_at_work.values())))


@asynccontextmanager
async def checkpointer() -> AsyncIterator[BaseCheckpointSaver[str]]:
    """The saver that langgraph.json names. It knows the types of the graph's state already.

    Under LANGGRAPH_STRICT_MSGPACK LangGraph copies a saver to teach it those, and langgraph-api 0.16.7 puts a wrapper
    around ours that cannot be copied.
    """
    await settle_home()
    async with open_checkpointer() as saver:
        taught = build_graph(saver).checkpointer
        assert isinstance(taught, BaseCheckpointSaver)
        yield taught


async def settle_home() -> None:
    """Name the home folder by its absolute path, since looking for a relative one blocks the event loop each time."""
    os.environ["OVERPAINT_HOME"] = str(await asyncio.to_thread(current_home))


def settle_url() -> None:
    """Let links lead to where `langgraph dev` listens, which takes another port where the one asked for is taken."""
    if url := os.environ.get("LANGGRAPH_API_URL"):
        os.environ.setdefault("OVERPAINT_URL", url)
