"""Holding a claim in the ledger: winning it or waiting for who has it, keeping it alive, giving it back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

from overpaint.tools.faults import BadInput
from overpaint.tools.ledger import Claim, Ledger

T = TypeVar("T")

_POLL_SECONDS = 0.25


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
    if not claim.mine:
        return
    if claim.interrupted or claim.job:
        await ledger.release(key)
    else:
        await ledger.failed(key, "cancelled before the painter was asked")


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


async def finished(work: Coroutine[Any, Any, T]) -> T:
    """Do the work to its end even when cancelled meanwhile, and wait for it unless cancelled once more."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.gather(asyncio.shield(task), return_exceptions=True)
        raise
