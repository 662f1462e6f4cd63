"""Waiting for a provider: as long as it asks for, showing life, and no longer than the run may go on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from langgraph.errors import GraphDrained
from langgraph.runtime import Runtime

from overpaint.tools.faults import ProviderFault

T = TypeVar("T")

LONGEST_WAIT = 300.0
"""Seconds. A provider that asks for more time than this will not do; the fault says how long it asked for."""
POLL_SECONDS = 0.2


@asynccontextmanager
async def paced(runtime: Runtime[Any]) -> AsyncIterator[None]:
    """Wait as long as a rate-limited provider asked for before its fault goes on to the retry policy.

    Raises:
        ProviderFault: that of the block, after the wait; no longer retryable when the wait would be too long.
        GraphDrained: the run is to stop, so the next try is for whoever resumes it.
    """
    try:
        yield
    except ProviderFault as fault:
        if not fault.retryable or fault.retry_after is None:
            raise
        if fault.retry_after > LONGEST_WAIT:
            asked = f"{fault} | It asks to wait {fault.retry_after:.0f} seconds; resume the run after that"
            raise ProviderFault(asked) from fault
        await _pass(fault.retry_after, runtime)
        raise


async def unless_drained(work: Coroutine[Any, Any, T], runtime: Runtime[Any], *, leave: bool) -> T:
    """Do the work; when the run is drained meanwhile and the work can be left, stop it and stop here.

    Args:
        work: what takes long.
        runtime: says whether the run is drained.
        leave: whether the work can be cut off without losing anything paid for.

    Raises:
        GraphDrained: the work was left.
    """
    task = asyncio.ensure_future(work)
    try:
        while not task.done():
            await asyncio.wait([task], timeout=POLL_SECONDS)
            if leave and not task.done() and _drained(runtime):
                break
    finally:
        if not task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
    if task.cancelled() and _drained(runtime):
        raise GraphDrained(_reason(runtime))
    return await task


async def _pass(seconds: float, runtime: Runtime[Any]) -> None:
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while (left := end - loop.time()) > 0:
        if _drained(runtime):
            raise GraphDrained(_reason(runtime))
        runtime.heartbeat()
        await asyncio.sleep(min(POLL_SECONDS, left))


def _drained(runtime: Runtime[Any]) -> bool:
    return runtime.control is not None and runtime.control.drain_requested


def _reason(runtime: Runtime[Any]) -> str:
    return (runtime.control.drain_reason if runtime.control else None) or "shutdown"
