"""Waiting for a provider: as long as it asks for, showing life, trying again, and leaving a step for later."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from langgraph.errors import GraphBubbleUp, GraphDrained
from langgraph.runtime import Runtime
from langgraph.types import RetryPolicy

from overpaint.tools.faults import BadInput, ProviderFault

T = TypeVar("T")

TRIES = 4
"""How often a step is tried while its provider is weak."""
TOLD = 5.0
"""Seconds. Longer waits are told, or a run would seem to hang."""

LONGEST_WAIT = 300.0
"""Seconds. A provider that asks for more time than this is left for another day."""
POLL_SECONDS = 0.2


class Postponed(GraphBubbleUp):
    """A step cannot be done now and stays to be done; whoever resumes the run tries it again.

    An ordinary error would have LangGraph cut off the step's siblings, which may have been paid for; and a node whose
    error a handler has seen is not run again on a resume, so that what its provider still holds would be lost.

    Args:
        fault: why.
    """

    def __init__(self, fault: ProviderFault | BadInput) -> None:
        super().__init__(str(fault))
        self.fault = fault


@dataclass
class Pulse:
    """When a painter last showed that it is at work, on `time.monotonic`."""

    last: float = field(default_factory=time.monotonic)

    def beat(self) -> None:
        """It has just done so."""
        self.last = time.monotonic()


def worth_retrying(fault: Exception) -> bool:
    """True for a provider's passing weakness; anything else would only fail again."""
    return isinstance(fault, ProviderFault) and fault.retryable


RETRY = RetryPolicy(
    max_attempts=TRIES, initial_interval=1.0, backoff_factor=2.0, max_interval=30.0, retry_on=worth_retrying
)


def is_last_try(runtime: Runtime[Any]) -> bool:
    """Whether the retry policy will not run the node again."""
    return runtime.execution_info is None or runtime.execution_info.node_attempt >= TRIES


def since_first_try(runtime: Runtime[Any]) -> float:
    """Seconds since the node was first tried, waits between its tries included; a resume begins anew."""
    begun = runtime.execution_info.node_first_attempt_time if runtime.execution_info else None
    return 0.0 if begun is None else max(0.0, time.time() - begun)


@asynccontextmanager
async def postponing(runtime: Runtime[Any]) -> AsyncIterator[None]:
    """Around a step whose siblings must not suffer from its faults: those that the retry policy cannot mend wait.

    Raises:
        ProviderFault: one that the policy will try again.
        Postponed: any other fault of a provider, or something that a person must mend first (a full disk).
    """
    try:
        yield
    except BadInput as fault:
        raise Postponed(fault) from fault
    except ProviderFault as fault:
        if fault.retryable and not is_last_try(runtime):
            raise
        raise Postponed(fault) from fault


@asynccontextmanager
async def paced(runtime: Runtime[Any]) -> AsyncIterator[None]:
    """Wait as long as a rate-limited provider asked for before its fault goes on to the retry policy.

    Raises:
        ProviderFault: that of the block, after the wait.
        Postponed: the wait would be too long.
        GraphDrained: the run is to stop, so the next try is for whoever resumes it.
    """
    try:
        yield
    except ProviderFault as fault:
        if not fault.retryable or fault.retry_after is None:
            raise
        if fault.retry_after > LONGEST_WAIT:
            asked = f"{fault} | It asks to wait {fault.retry_after:.0f} seconds: go on with the run after that"
            raise Postponed(ProviderFault(asked, unsure=fault.unsure)) from fault
        if fault.retry_after >= TOLD:
            runtime.stream_writer({"kind": "warning", "text": f"waiting {fault.retry_after:.0f} seconds: {fault}"})
        await _pass(fault.retry_after, runtime)
        raise


async def watched(
    work: Coroutine[Any, Any, T], runtime: Runtime[Any], *, leave: Callable[[], bool], pulse: Pulse, silence: float
) -> T:
    """Do the work, but no longer than it shows life, and no longer than the run goes on where it can be left.

    Args:
        work: what takes long.
        runtime: says whether the run is drained.
        leave: tells whether the work can be cut off now without losing anything paid for.
        pulse: beats as the work shows life.
        silence: seconds without life after which the work is given up.

    Raises:
        GraphDrained: the work was left.
        TimeoutError: it was silent for too long.
    """
    task = asyncio.ensure_future(work)
    drained = silent = False
    try:
        while not (task.done() or drained or silent):
            await asyncio.wait([task], timeout=POLL_SECONDS)
            drained = _drained(runtime) and leave()
            silent = time.monotonic() > pulse.last + silence
    finally:
        if not task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
    if task.cancelled() and drained:
        raise GraphDrained(_reason(runtime))
    if task.cancelled() and silent:
        raise TimeoutError
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
