"""How hard one provider is asked at a time: turns that all runs, threads and event loops of this process share."""

from __future__ import annotations

import asyncio
import os
import re
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import cache

from overpaint.tools.faults import BadInput

POLL_SECONDS = 0.02
"""Between two looks of one who waits. A lock that wakes waiters of several event loops would be far more code."""

LONGEST_HOLD = 300.0
"""Seconds. A provider that asks for more is asked again after these, and whoever asks it is told how long it takes."""

_SPANS = {"s": 1.0, "min": 60.0}
_LIMIT = re.compile(
    r"(?P<provider>[^=,\s]+)=(?P<at_once>[1-9]\d*)?(?:@(?P<starts>[1-9]\d*)/(?P<span>\d*)(?P<unit>s|min))?"
)


@dataclass(frozen=True)
class Limit:
    """How much a provider is asked: requests that may run at once, and that may start within some seconds."""

    at_once: int = 8
    starts: int | None = None
    seconds: float = 60.0


DEFAULTS = {
    # Hosted models on a free account (build.nvidia.com, NVIDIA developer forum).
    "nvidia": Limit(starts=40, seconds=60.0),
    # Stability's API reference, "Rate limits".
    "stability": Limit(starts=150, seconds=10.0),
}
"""Published limits; other providers have one per account, and say so by 429."""


@asynccontextmanager
async def turn(provider: str | None) -> AsyncIterator[Callable[[], None]]:
    """Wait for a turn at a provider, first come first served, and hold it for as long as the block takes.

    Args:
        provider: whose limits count, such as "openai", or "openai@host:port" for a server of one's own; None waits
            for nobody.

    Yields:
        What gives the turn up before the block ends.

    Raises:
        BadInput: OVERPAINT_LIMITS cannot be read.
    """
    with ExitStack() as held:
        if provider is not None:
            gate = _gate(provider)
            await gate.enter()
            held.callback(gate.leave)
        yield held.close


def hold(provider: str | None, seconds: float) -> None:
    """Let nobody start a request to a provider within the next seconds, `LONGEST_HOLD` at most: it asked for them."""
    if provider is not None:
        _gate(provider).hold(min(seconds, LONGEST_HOLD))


def limit_of(provider: str, given: str) -> Limit:
    """The limit of a provider: as the user gives it for that server or for all of its kind, else as published.

    Args:
        provider: as in `turn`.
        given: such as "openai=8,nvidia=4@40/min,stability=@150/10s": requests at once, and starts in a time.

    Raises:
        BadInput: `given` cannot be read.
    """
    limits, scheme = read_limits(given), provider.partition("@")[0]
    return limits.get(provider) or limits.get(scheme) or DEFAULTS.get(provider, Limit())


@cache
def read_limits(given: str) -> dict[str, Limit]:
    """Read OVERPAINT_LIMITS.

    Raises:
        BadInput: naming the part that cannot be read.
    """
    limits = {}
    for part in filter(None, (p.strip() for p in given.split(","))):
        match = _LIMIT.fullmatch(part)
        if match is None or not (match["at_once"] or match["starts"]):
            raise BadInput(
                f"OVERPAINT_LIMITS: {part[:60]!r} is no limit: write provider=4, provider=4@40/min or provider=@150/10s"
            )
        limits[match["provider"]] = Limit(
            at_once=int(match["at_once"] or Limit.at_once),
            starts=int(match["starts"]) if match["starts"] else None,
            seconds=int(match["span"] or 1) * _SPANS[match["unit"] or "min"],
        )
    return limits


class _Gate:
    """The turns of one provider. A lock guards it, held for a few instructions alone, so that it blocks no event loop.

    LangChain's InMemoryRateLimiter would do for the rate alone, but makes the first request wait and allows no burst
    within the published time.
    """

    def __init__(self, limit: Limit) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._waiting: deque[object] = deque()
        self._started: deque[float] = deque()
        self._at_work = 0
        self._closed_until = 0.0

    async def enter(self) -> None:
        ticket = object()
        with self._lock:
            self._waiting.append(ticket)
        try:
            while not self._admitted(ticket):  # noqa: ASYNC110  waiters of other event loops and threads count too
                await asyncio.sleep(POLL_SECONDS)
        except BaseException:
            with self._lock:
                self._waiting.remove(ticket)
            raise

    def leave(self) -> None:
        with self._lock:
            self._at_work -= 1

    def hold(self, seconds: float) -> None:
        with self._lock:
            self._closed_until = max(self._closed_until, time.monotonic() + seconds)

    def _admitted(self, ticket: object) -> bool:
        with self._lock:
            now = time.monotonic()
            while self._started and self._started[0] <= now - self._limit.seconds:
                self._started.popleft()
            if ticket is not self._waiting[0] or not self._is_open(now):
                return False
            self._waiting.popleft()
            self._at_work += 1
            if self._limit.starts is not None:
                self._started.append(now)
            return True

    def _is_open(self, now: float) -> bool:
        free = self._at_work < self._limit.at_once and now >= self._closed_until
        return free and (self._limit.starts is None or len(self._started) < self._limit.starts)


_gates: dict[tuple[str, Limit], _Gate] = {}
"""One for each provider and limit that this process uses."""


def _gate(provider: str) -> _Gate:
    limit = limit_of(provider, os.environ.get("OVERPAINT_LIMITS", ""))
    return _gates.setdefault((provider, limit), _Gate(limit))
