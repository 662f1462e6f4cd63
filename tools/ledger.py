"""Bookkeeping of paid requests: who asks for which picture, and what came of it, so that none is paid for twice."""

from __future__ import annotations

import asyncio
import hashlib
import json
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from overpaint.tools.faults import BadInput
from overpaint.tools.images import ImageRef
from overpaint.tools.owner import is_living, this_process
from overpaint.tools.records import canonical

State = Literal["intent", "submitted", "stored", "failed"]

_BUSY_SECONDS = 30.0
_TABLE = """
CREATE TABLE IF NOT EXISTS overpaint_requests (
    key TEXT PRIMARY KEY, state TEXT NOT NULL, request TEXT NOT NULL, job TEXT, image TEXT, details TEXT, reason TEXT,
    interrupted INTEGER NOT NULL DEFAULT 0, owner TEXT, expires REAL NOT NULL, created REAL NOT NULL
) WITHOUT ROWID
"""
_CLAIM = """
INSERT INTO overpaint_requests (key, state, request, owner, expires, created)
VALUES (:key, 'intent', :request, :owner, :expires, :now)
ON CONFLICT (key) DO UPDATE SET
    interrupted = state <> 'failed',
    job = CASE state WHEN 'failed' THEN NULL ELSE job END,
    state = CASE state WHEN 'failed' THEN 'intent' ELSE state END,
    reason = NULL, owner = excluded.owner, expires = excluded.expires
WHERE state <> 'stored' AND (owner IS NULL OR expires <= :now OR NOT is_living(owner))
RETURNING *
"""
_MINE = "WHERE key = :key AND owner = :owner AND state <> 'stored'"


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
        state: how far the request has come.
        interrupted: True when it is mine because another began it and ended before the result was known: whether the
            provider was paid is then unknown.
        job: the provider's id of a request that was submitted.
        image: the picture, once stored; None also for a stored answer without one (blocked).
        details: what `stored` was told beside the picture.
    """

    mine: bool
    state: State
    interrupted: bool = False
    job: str | None = None
    image: ImageRef | None = None
    details: dict[str, Any] = field(default_factory=dict)


class Ledger:
    """The paid requests of one home, in a table of its own in an SQLite file that others may share.

    Every call opens the file, makes one short transaction and closes it again: nothing is left to close, and any
    number of processes may use one file. Durable: what a call recorded survives a loss of power.

    Args:
        path: the SQLite file; made when it is first used. Local disks only (WAL).
        lease_seconds: how long a claim holds without `renew`, should its owner be on another machine or hang.
    """

    def __init__(self, path: Path, lease_seconds: float = 60.0) -> None:
        self.path = path
        self.lease_seconds = lease_seconds

    async def claim(self, key: str, request: Mapping[str, Any] | None = None) -> Claim:
        """Ask to make a request; of any number of callers, one gets it.

        Args:
            key: from `request_key`.
            request: what is asked for, kept with the key for people to read.

        Raises:
            BadInput: the database cannot be used.
        """
        return await asyncio.to_thread(self._claim, key, canonical(request or {}).decode())

    async def submitted(self, key: str, job: str) -> bool:
        """Note the provider's id of the request, to ask for it again after a crash. False when it is no longer mine."""
        return await self._update(f"SET state = 'submitted', job = :job {_MINE}", key, job=job)

    async def stored(self, key: str, image: ImageRef | None, details: Mapping[str, Any] | None = None) -> bool:
        """Note the result, for good; the picture must be on disk already. The first result of a key stands.

        Args:
            key: the request.
            image: the picture; None when the provider answered without one and asking again would not help.
            details: what else a later caller needs to know (JSON).
        """
        return await self._update(
            "SET state = 'stored', image = :image, details = :details, owner = NULL"
            " WHERE key = :key AND state <> 'stored'",
            key,
            image=json.dumps(image),
            details=json.dumps(details or {}),
        )

    async def failed(self, key: str, reason: str) -> bool:
        """Note that the provider failed and nothing was paid: the request may be made again."""
        readable = reason.encode(errors="replace").decode()
        return await self._update(f"SET state = 'failed', reason = :reason, owner = NULL {_MINE}", key, reason=readable)

    async def release(self, key: str) -> bool:
        """Let go of a request whose result is not known; who claims it next is told that it was interrupted."""
        return await self._update(f"SET owner = NULL {_MINE}", key)

    async def renew(self, key: str) -> bool:
        """Hold a claim for another `lease_seconds`. False when it is no longer mine."""
        return await self._update(f"SET expires = :expires {_MINE}", key, expires=time.time() + self.lease_seconds)

    def _claim(self, key: str, request: str) -> Claim:
        now = time.time()
        wanted = {
            "key": key,
            "request": request,
            "owner": this_process(),
            "now": now,
            "expires": now + self.lease_seconds,
        }
        with self._open() as database:
            won = database.execute(_CLAIM, wanted).fetchone()
            row = won or database.execute("SELECT * FROM overpaint_requests WHERE key = :key", wanted).fetchone()
        return Claim(
            mine=won is not None,
            state=row["state"],
            interrupted=won is not None and bool(row["interrupted"]),
            job=row["job"],
            image=json.loads(row["image"] or "null"),
            details=json.loads(row["details"] or "{}"),
        )

    async def _update(self, change: str, key: str, **values: str | float) -> bool:
        return await asyncio.to_thread(self._write, change, {"key": key, "owner": this_process(), **values})

    def _write(self, change: str, values: Mapping[str, str | float]) -> bool:
        with self._open() as database:
            # `change` is one of the literals above; every value is bound.
            return database.execute(f"UPDATE overpaint_requests {change}", values).rowcount == 1

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self.path, timeout=_BUSY_SECONDS, isolation_level=None)) as database:
                database.row_factory = sqlite3.Row
                database.create_function("is_living", 1, is_living)
                _prepare(database)
                database.execute("BEGIN IMMEDIATE")
                yield database
                database.execute("COMMIT")
        except sqlite3.Error as error:
            raise BadInput(
                f"cannot use the database {self.path} ({error}): see that its folder is there, writable and has room,"
                " or set OVERPAINT_HOME to a folder elsewhere."
            ) from error


def _prepare(database: sqlite3.Connection) -> None:
    # Checkpoints share the file, in rows of two to eight KB: small pages waste least (docs/architecture.md).
    # It only takes effect while the file is empty.
    database.execute("PRAGMA page_size = 1024")
    database.execute("PRAGMA synchronous = FULL")
    _switch_to_wal(database)
    database.execute(_TABLE)


def _switch_to_wal(database: sqlite3.Connection) -> None:
    """Switch, patiently: where several processes open a new file at once, SQLite does not wait its busy timeout."""
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            database.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
