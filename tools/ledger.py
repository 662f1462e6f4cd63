"""Bookkeeping of paid requests: who asks for which picture, and what came of it, so that none is paid for twice."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from overpaint.tools.database import Database
from overpaint.tools.faults import BadInput
from overpaint.tools.images import ImageRef
from overpaint.tools.owner import is_living, this_process
from overpaint.tools.records import canonical

State = Literal["intent", "submitted", "stored", "failed", "unknown"]

_CLAIM = """
INSERT INTO overpaint_requests AS old (key, state, request, run, owner, expires, created)
VALUES (:key, 'intent', :request, :run, :owner, {now} + :lease, {now})
ON CONFLICT (key) DO UPDATE SET
    interrupted = CASE old.state WHEN 'failed' THEN 0 ELSE 1 END,
    job = CASE old.state WHEN 'failed' THEN NULL ELSE old.job END,
    state = CASE old.state WHEN 'failed' THEN 'intent' ELSE old.state END,
    run = COALESCE(old.run, excluded.run), reason = NULL, owner = excluded.owner, expires = excluded.expires
WHERE old.state NOT IN ('stored', 'unknown') AND (old.owner IS NULL OR old.expires <= {now} OR old.owner = :dead)
RETURNING *
"""
_READ = "SELECT * FROM overpaint_requests WHERE key = :key"
_TRIES = 10
_BEGUN = "SELECT key FROM overpaint_requests WHERE key = :key AND state <> 'failed'"
_MINE = "WHERE key = :key AND owner = :owner AND state NOT IN ('stored', 'unknown')"
_OPEN = "SELECT owner FROM overpaint_requests WHERE run = :run AND owner IS NOT NULL AND expires > {now}"
_BILLED = "SELECT state, details FROM overpaint_requests WHERE run = :run AND state <> 'failed'"
_TOTALS = "SELECT state, COUNT(*) AS requests FROM overpaint_requests WHERE run = :run GROUP BY state"


def request_key(run: str, candidate: str, attempt: int, request: Mapping[str, Any]) -> str:
    """Name a paid request, the same on every resume, replay and fork of the step that makes it.

    Args:
        run: the run's id.
        candidate: the candidate's id, minted before the request.
        attempt: 0 for the first try, one more for each that is meant to be paid anew.
        request: what is asked for, JSON only, pictures by their sha256.

    Returns:
        A sha256 in hex.
    """
    named = {"run": run, "candidate": candidate, "attempt": attempt, "request": request}
    return hashlib.sha256(canonical(named)).hexdigest()


@dataclass(frozen=True)
class Claim:
    """What the ledger says to one who wants to make a request.

    Args:
        mine: True when the caller, and nobody else, may make the request now.
        state: how far the request has come; "unknown" is for good, and never to be asked again.
        interrupted: True when it is mine because another began it and ended before the result was known: whether the
            provider was paid is then unknown.
        job: the provider's id of a request that was submitted.
        image: the picture, once stored; None also for a stored answer without one (blocked). Of an interrupted claim:
            the picture that was about to be kept, which may be on disk or not.
        details: what was told beside the picture.
        reason: why it failed, or why its result is unknown; empty else.
    """

    mine: bool
    state: State
    interrupted: bool = False
    job: str | None = None
    image: ImageRef | None = None
    details: dict[str, Any] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True)
class Totals:
    """How many requests a run made, and what came of them.

    Args:
        asked: all of them, each counted once however often it was tried.
        stored: answered, and on disk.
        unknown: perhaps paid for, without an answer.
        failed: not paid for.
        open: without a result so far.
    """

    asked: int
    stored: int
    unknown: int
    failed: int
    open: int


class Ledger:
    """The paid requests of all runs in a database. Any number of processes may share it.

    Every call is one short transaction. Durable: what a call recorded survives a loss of power.

    Args:
        database: from `open_database`.
        lease_seconds: how long a claim holds without `renew`, should its owner be on another machine or hang.
    """

    def __init__(self, database: Database, lease_seconds: float = 60.0) -> None:
        self.database = database
        self.lease_seconds = lease_seconds

    async def claim(self, key: str, request: Mapping[str, Any] | None = None, *, run: str | None = None) -> Claim:
        """Ask to make a request; of any number of callers, one gets it.

        Args:
            key: from `request_key`.
            request: what is asked for, kept with the key for people to read.
            run: the run that asks, for `totals`.

        Raises:
            BadInput: the database cannot be used.
        """
        return await asyncio.to_thread(self._claim, key, canonical(request or {}).decode(), run)

    async def submitted(self, key: str, job: str) -> bool:
        """Note the provider's id of the request, to ask for it again after a crash. False when it is no longer mine."""
        return await self._update(f"SET state = 'submitted', job = :job {_MINE}", key, job=job)

    async def arriving(self, key: str, image: ImageRef, details: Mapping[str, Any]) -> bool:
        """Note which picture came, before it is on disk: should the process die in between, it is found there by name.

        Args:
            key: the request.
            image: the picture that is about to be kept.
            details: what `stored` will be told.
        """
        values = {"image": json.dumps(image), "details": json.dumps(details)}
        return await self._update(f"SET image = :image, details = :details {_MINE}", key, **values)

    async def stored(self, key: str, image: ImageRef | None, details: Mapping[str, Any] | None = None) -> bool:
        """Note the result, for good; the picture must be on disk already. The first result of a key stands.

        A result counts whoever holds the claim by now, and also where it was taken for unknown: it was paid for.

        Args:
            key: the request.
            image: the picture; None when the provider answered without one and asking again would not help.
            details: what else a later caller needs to know (JSON).
        """
        return await self._update(
            "SET state = 'stored', image = :image, details = :details, reason = NULL, owner = NULL"
            " WHERE key = :key AND state <> 'stored'",
            key,
            image=json.dumps(image),
            details=json.dumps(details or {}),
        )

    async def failed(self, key: str, reason: str) -> bool:
        """Note that the provider failed and nothing was paid: the request may be made again."""
        return await self._update(
            f"SET state = 'failed', job = NULL, reason = :reason, owner = NULL {_MINE}", key, reason=reason
        )

    async def unknown(self, key: str, reason: str) -> bool:
        """Note, for good, that the request may have been paid for and its result cannot be had: nobody asks again."""
        return await self._update(f"SET state = 'unknown', reason = :reason, owner = NULL {_MINE}", key, reason=reason)

    async def release(self, key: str) -> bool:
        """Let go of a request whose result is not known; who claims it next is told that it was interrupted."""
        return await self._update(f"SET owner = NULL {_MINE}", key)

    async def renew(self, key: str) -> bool:
        """Hold a claim for another `lease_seconds`. False when it is no longer mine."""
        return await self._update(f"SET expires = {{now}} + :lease {_MINE}", key, lease=float(self.lease_seconds))

    async def totals(self, run: str) -> Totals:
        """Count the requests that were claimed for a run."""
        counts = await asyncio.to_thread(self._count, run)
        stored, unknown, failed = (counts.get(state, 0) for state in ("stored", "unknown", "failed"))
        asked = sum(counts.values())
        return Totals(asked, stored, unknown, failed, open=asked - stored - unknown - failed)

    async def billed(self, run: str) -> list[dict[str, Any]]:
        """The details of every request of a run that was or may have been paid for; empty ones where none came yet."""
        rows = await asyncio.to_thread(self._rows, _BILLED, run=run)
        return [json.loads(row["details"] or "{}") for row in rows]

    async def begun(self, key: str) -> bool:
        """Whether a request was made, or may have been, so that its picture is or may be paid for. Claims nothing."""
        return bool(await asyncio.to_thread(self._rows, _BEGUN, key=key))

    async def worked_on(self, run: str) -> str | None:
        """The living process that makes a request for a run right now, None when there is none."""
        return await asyncio.to_thread(self._worked_on, run)

    def _claim(self, key: str, request: str, run: str | None) -> Claim:
        wanted = {
            "key": key,
            "request": request,
            "run": run,
            "owner": this_process(),
            "lease": float(self.lease_seconds),
        }
        with self.database.transaction() as transaction:
            dead: str | None = None
            for _ in range(_TRIES):
                if won := transaction.execute(_CLAIM, **wanted, dead=dead):
                    return _told(won[0], mine=True)
                held = transaction.execute(_READ, key=key)
                # No row: removed in between, but for the lock that PostgreSQL's ON CONFLICT keeps on it.
                owner = held[0]["owner"] if held else None
                if held and (owner is None or owner == dead or is_living(owner)):
                    return _told(held[0], mine=False)
                # Compared again inside the statement: of several who find the owner dead, one takes its place.
                dead = owner
        raise BadInput(f"the request {key[:60]!r} comes and goes too fast to be claimed: try again.")

    def _worked_on(self, run: str) -> str | None:
        owners = [str(row["owner"]) for row in self._rows(_OPEN, run=run)]
        return next((owner for owner in owners if is_living(owner)), None)

    def _rows(self, query: str, **values: str) -> list[dict[str, Any]]:
        with self.database.transaction() as transaction:
            return transaction.execute(query, **values)

    def _count(self, run: str) -> dict[str, int]:
        return {row["state"]: row["requests"] for row in self._rows(_TOTALS, run=run)}

    async def _update(self, change: str, key: str, **values: str | float) -> bool:
        return await asyncio.to_thread(self._write, change, {"key": key, **values})

    def _write(self, change: str, values: Mapping[str, str | float]) -> bool:
        with self.database.transaction() as transaction:
            # `change` is one of the literals above; every value is bound.
            transaction.execute(f"UPDATE overpaint_requests {change}", owner=this_process(), **values)
            return transaction.changed == 1


def _told(row: Mapping[str, Any], *, mine: bool) -> Claim:
    return Claim(
        mine=mine,
        state=row["state"],
        interrupted=mine and bool(row["interrupted"]),
        job=row["job"],
        image=json.loads(row["image"] or "null"),
        details=json.loads(row["details"] or "{}"),
        reason=row["reason"] or "",
    )
