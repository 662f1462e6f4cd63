"""Runs that a request waits for. Who goes away ends them after the step at work, and they can be resumed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing, suppress
from typing import Any, TypeVar

from fastapi import Request
from langgraph.runtime import RunControl

from overpaint.events import Event
from overpaint.server.openai_errors import ApiError

T = TypeVar("T")

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


async def unless_gone(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """Do what a request asks for as long as there is somebody to answer.

    Raises:
        ApiError: the client went away; the work was cancelled, and nobody hears of this.
    """
    job, gone = asyncio.create_task(work), asyncio.create_task(_gone(request))
    try:
        await asyncio.wait({job, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not job.done():
            raise ApiError("the client went away", status=499)
        return job.result()
    finally:
        job.cancel()
        gone.cancel()


async def drained() -> None:
    """End all runs that requests wait for, each after its step at work, as when the server stops."""
    for control in _at_work.values():
        control.request_drain("the server stops")
    with suppress(asyncio.CancelledError):
        await asyncio.gather(*_at_work, return_exceptions=True)


async def _gone(request: Request) -> None:
    """Wait until the client goes away; the body has been read."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _forget(task: asyncio.Task[None]) -> None:
    _at_work.pop(task, None)
    if not task.cancelled():
        task.exception()  # whoever still listens is told by awaiting the task; nobody else needs to be
