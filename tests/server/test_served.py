"""The graph as a server gets it: with the lease for a run, and drained when the server stops."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.errors import GraphDrained
from langgraph_sdk.runtime import ServerRuntime, _ExecutionRuntime, _ReadRuntime

from overpaint.graph.flow import graph
from overpaint.server.served import agent, drained, serving
from overpaint.tools.database import open_database
from overpaint.tools.faults import BadInput
from overpaint.tools.leases import Held, Leases

STORE: Any = None
RUN: ServerRuntime[Any] = _ExecutionRuntime(access_context="threads.create_run", store=STORE)
READ: ServerRuntime[Any] = _ReadRuntime(access_context="threads.read", store=STORE)


@pytest.fixture(autouse=True)
def _running() -> Iterator[None]:
    yield
    serving()


def on_new_thread() -> RunnableConfig:
    return {"configurable": {"thread_id": str(uuid.uuid4())}}


def holder(config: RunnableConfig) -> Any:
    return Leases(open_database()).holder(config["configurable"]["thread_id"])


async def test_a_run_holds_the_lease_on_its_thread_and_a_reader_does_not() -> None:
    config = on_new_thread()
    async with agent(config, RUN):
        assert await holder(config)
        async with agent(config, READ) as read:
            assert read is graph
        with pytest.raises(Held, match="another task of this process"):
            async with agent(config, RUN):
                pass
    assert await holder(config) is None


async def test_a_run_without_a_thread_needs_no_lease() -> None:
    async with agent({"configurable": {}}, RUN) as run:
        assert run is graph


async def test_a_setting_that_cannot_be_used_is_told_before_the_lease_is_taken() -> None:
    wrong: ServerRuntime[Any] = _ExecutionRuntime(
        access_context="threads.create_run", store=STORE, context={"looks": 99}
    )
    with pytest.raises(BadInput, match="setting 'looks' cannot be '99'"):
        async with agent(on_new_thread(), wrong):
            pass


async def test_a_server_that_stops_waits_for_the_step_at_work_and_keeps_the_run_until_it_is_cancelled() -> None:
    config = on_new_thread()
    stepping = asyncio.Event()

    async def run() -> None:
        async with agent(config, RUN) as at_work:
            runtime = at_work.config["configurable"]["__pregel_runtime"]  # type: ignore[index]
            stepping.set()
            while not runtime.control.drain_requested:
                await asyncio.sleep(0.01)
            raise GraphDrained(runtime.control.drain_reason)

    running = asyncio.create_task(run())
    await stepping.wait()
    await asyncio.wait_for(drained("the test ends"), 5)
    assert not running.done()
    assert await holder(config) is None
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_a_run_that_begins_while_the_server_stops_ends_before_its_first_step() -> None:
    await drained("the test ends")
    async with agent(on_new_thread(), RUN) as late:
        runtime = late.config["configurable"]["__pregel_runtime"]  # type: ignore[index]
        assert runtime.control.drain_requested
