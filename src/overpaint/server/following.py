"""Runs that a request waits for. Who goes away ends them after the step at work, and they can be resumed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress

from langgraph.runtime import RunControl

from overpaint.events import Event

IDLE_SECONDS = 15.0
"""After so long a silence proxies and clients are told that the connection lives."""

_at_work: dict[asyncio.Task[None], RunControl] = {}


async def followed(events: AsyncGenerator[Event, None], control: RunControl) -> AsyncGenerator[Event, None]:
    """Pass the events of a run on from a task that outlives its listener.

    A listener that leaves has the run drained: a step that is paid for is finished and kept. From time to time there is
    an event of kind `idle`.

    Args:
        events: of the run.
        control: the one that the run was started with.
    """
    queue: asyncio.Queue[Event | None] = asyncio.Queue()

    async def relay() -> None:
        async with aclosing(events):
            async for event in events:
                queue.put_nowait(event)

    async def tick() -> None:
        while True:
            await asyncio.sleep(IDLE_SECONDS)
            queue.put_nowait({"kind": "idle"})

    task, clock = asyncio.create_task(relay()), asyncio.create_task(tick())
    _at_work[task] = control
    task.add_done_callback(lambda _: queue.put_nowait(None))
    task.add_done_callback(_forget)
    try:
        while (event := await queue.get()) is not None:
            yield event
        await task
    finally:
        clock.cancel()
        control.request_drain("nobody waits for this run any more")


async def drained() -> None:
    """End all runs that requests wait for, each after its step at work, as when the server stops."""
    for control in _at_work.values():
        control.request_drain("the server stops")
    with suppress(asyncio.CancelledError):
        await asyncio.gather(*_at_work, return_exceptions=True)


def _forget(task: asyncio.Task[None]) -> None:
    _at_work.pop(task, None)
    if not task.cancelled():
        task.exception()  # whoever still listens is told by awaiting the task; nobody else needs to be
