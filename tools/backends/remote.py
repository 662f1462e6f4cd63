"""What the painters behind HTTP share."""

from __future__ import annotations

import asyncio
import base64
import binascii
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from overpaint.tools.decoding import MAX_BYTES
from overpaint.tools.faults import BadInput
from overpaint.tools.painters import Progress

SECONDS = 600.0
"""How long one picture may take where nothing is set; shorter than what the graph's node waits for a sign of life."""

CONNECT_SECONDS = 20.0
BEAT_SECONDS = 5.0
"""Between two signs of life while a provider is waited for."""

MAX_ANSWER = MAX_BYTES * 4 // 3 + 1_000_000
"""A picture in base64, and what is said beside it."""


def checked_seconds(given: float | None) -> float:
    """A timeout in seconds, `SECONDS` when none is given.

    Raises:
        BadInput: it is not more than 0 and at most a day.
    """
    if given is not None and not 0 < given <= 86_400:
        raise BadInput(f"timeout {given!r} is no time to wait for a picture: give seconds, more than 0, at most 86400")
    return SECONDS if given is None else float(given)


def decoded(encoded: str) -> bytes:
    """Bytes of a base64 text, also of a data: URI; what cannot be decoded gives none, and is then no picture."""
    try:
        return base64.b64decode(encoded.rpartition(",")[2])
    except (binascii.Error, ValueError):
        return b""


def needed_key(variable: str, name: str) -> str:
    """The provider's key from the environment, without spaces around it.

    Raises:
        BadInput: there is none, or it cannot be sent in a header.
    """
    key = os.environ.get(variable, "").strip()
    if not key:
        raise BadInput(f"{name} needs a key: set {variable} (any value, for a server of yours)")
    if not (key.isascii() and key.isprintable()):
        raise BadInput(f"{variable} holds characters that no key has: copy it again, without line breaks")
    return key


@asynccontextmanager
async def alive(progress: Progress | None) -> AsyncIterator[None]:
    """Report step 0 of 1 now and then for as long as the block takes: a caller may give up on one who is silent."""

    async def beat() -> None:
        while progress is not None:
            progress(0, 1)
            await asyncio.sleep(BEAT_SECONDS)

    beating = asyncio.create_task(beat())
    try:
        yield
    finally:
        beating.cancel()
        await asyncio.gather(beating, return_exceptions=True)
