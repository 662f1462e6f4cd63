"""Holding a claim in the ledger: winning it or waiting for who has it, keeping it alive, giving it back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

from overpaint.tools.faults import BadInput
from overpaint.tools.ledger import Claim, Ledger

T = TypeVar("T")

PATIENCE_SECONDS = 60.0
"""How long a database that is gone is waited for, to note what was paid for."""

_POLL_SECONDS = 0.25
_PAUSES = (0.25, 8.0)
"""Between two tries to note something, in seconds: at first, and at most."""


async def claimed(ledger: Ledger, key: str, asked: Mapping[str, Any], run: str | None) -> Claim:
    """Claim a request, or wait until whoever makes it is done.

    Args:
        ledger: where.
        key: the request's.
        asked: what is asked for, for people to read.
        run: whose request it is, where it is a run's.

    Returns:
        A claim that is mine, or one whose state is settled: stored or unknown.
    """
    while True:
        claim = await _claim(ledger, key, asked, run)
        if claim.mine or claim.state in ("stored", "unknown"):
            return claim
        await asyncio.sleep(_POLL_SECONDS)


async def _claim(ledger: Ledger, key: str, asked: Mapping[str, Any], run: str | None) -> Claim:
    """Ask the ledger once. Cancelled meanwhile, give back what may have been won: the painter was never asked."""
    claiming = asyncio.ensure_future(ledger.claim(key, asked, run=run))
    try:
        return await asyncio.shield(claiming)
    except asyncio.CancelledError:
        with suppress(BadInput):  # a database that cannot be used has given nothing
            await finished(_give_back(ledger, key, claiming))
        raise


async def _give_back(ledger: Ledger, key: str, claiming: asyncio.Future[Claim]) -> None:
    claim = await claiming
    if claim.mine:
        await given_back(ledger, key, claim, "cancelled before the painter was asked")


async def given_back(ledger: Ledger, key: str, claim: Claim, why: str) -> None:
    """Give back a claim that is mine and with which nothing was done: it is again what it was before.

    Raises:
        BadInput: the database cannot be used.
    """
    if claim.interrupted or claim.job:
        await ledger.release(key)
    else:
        await ledger.failed(key, why)


async def insisted(note: Callable[[], Coroutine[Any, Any, bool]]) -> bool:
    """Note something in a ledger, again and again for about a minute where its database is gone; cancellable.

    Args:
        note: one try.

    Raises:
        BadInput: the database cannot be used, still.
    """
    until, (pause, longest) = time.monotonic() + PATIENCE_SECONDS, _PAUSES
    while True:
        try:
            return await note()
        except BadInput:
            if time.monotonic() + pause > until:
                raise
        await asyncio.sleep(pause)
        pause = min(pause * 2, longest)


@asynccontextmanager
async def renewed(ledger: Ledger, key: str) -> AsyncIterator[None]:
    """Keep a claim alive for as long as the block takes."""

    async def renew() -> None:
        while True:
            await asyncio.sleep(ledger.lease_seconds / 3)
            with suppress(BadInput):  # a database that is busy now may be free again before the lease runs out
                await ledger.renew(key)

    renewing = asyncio.create_task(renew())
    try:
        yield
    finally:
        renewing.cancel()
        await asyncio.gather(renewing, return_exceptions=True)


async def finished(work: Awaitable[T]) -> T:
    """Do the work to its end even when cancelled meanwhile, and wait for it unless cancelled once more."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.gather(asyncio.shield(task), return_exceptions=True)
        raise
