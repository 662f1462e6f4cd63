"""Pieces of work of one name, one after the other: in the order they came in, in whatever thread and event loop."""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

POLL_SECONDS = 0.05

_lock = threading.Lock()
_queues: dict[str, list[str]] = {}
"""For each name, the pieces that are not done; the first is at work."""


@asynccontextmanager
async def in_turn(name: str) -> AsyncIterator[None]:
    """Enter the block once all that came in before under this name, in this process, has left its own."""
    place = str(uuid.uuid4())
    with _lock:
        queue = _queues.setdefault(name, [])
        queue.append(place)
    try:
        while queue[0] != place:  # noqa: ASYNC110 (asyncio's events belong to one loop)
            await asyncio.sleep(POLL_SECONDS)
        yield
    finally:
        with _lock:
            queue.remove(place)
            if not queue:
                del _queues[name]
