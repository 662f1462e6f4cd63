"""Our tables in an SQLite file, which other programs may share."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from overpaint.tools.database import storable
from overpaint.tools.faults import DatabaseFault
from overpaint.tools.migrations import SQLITE, migrate

BUSY_SECONDS = 30.0
"""How long another process that writes is waited for."""

# Milliseconds: what SQLite's clock tells.
_NOW = "((julianday('now') - 2440587.5) * 86400.0)"

_ELSEWHERE = "or set OVERPAINT_HOME to a folder elsewhere"
_DAMAGED = (
    "it is damaged, or no SQLite database. Nothing was changed. Restore a copy of it, or move it away (with its -wal"
    f" and -shm) to begin a new one: pictures and records are kept, in images/ and records/; {_ELSEWHERE}"
)
_REMEDIES = {
    sqlite3.SQLITE_CANTOPEN: f"see that its folder is there and may be written, {_ELSEWHERE}",
    sqlite3.SQLITE_PERM: f"give yourself the right to it, {_ELSEWHERE}",
    sqlite3.SQLITE_READONLY: f"it may not be written: give yourself the right to the file and its folder, {_ELSEWHERE}",
    sqlite3.SQLITE_FULL: f"the disk is full: free some space, {_ELSEWHERE}",
    sqlite3.SQLITE_IOERR: f"the disk is full or fails: free some space, {_ELSEWHERE}",
    sqlite3.SQLITE_BUSY: f"another process has been writing for {BUSY_SECONDS:.0f} s: wait until it is done, or end it",
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
}


class SqliteDatabase:
    """A `Database` in one file on a local disk (WAL).

    Every transaction opens the file and closes it again: nothing is left to close, and any number of processes may
    use one file. Durable: what was committed survives a loss of power.

    Args:
        path: the file; made when it is first used. Its folder must be there.
    """

    def __init__(self, path: Path) -> None:
        self.file = path
        self.url = self.shown = f"sqlite:///{path.as_posix()}"

    def close(self) -> None:
        """Nothing is left open."""

    @contextmanager
    def faults(self) -> Iterator[None]:
        """Tell errors of the file, raised in the block by whomever, as DatabaseFault (see `Database`)."""
        try:
            yield
        except sqlite3.Error as error:
            raise _fault(error, self.file) from error

    @contextmanager
    def transaction(self) -> Iterator[_Transaction]:
        """One transaction (see `Database`).

        Raises:
            DatabaseFault: the file cannot be used.
        """
        try:
            with closing(sqlite3.connect(self.file, timeout=BUSY_SECONDS, isolation_level=None)) as connection:
                _prepare(connection)
                connection.execute("BEGIN IMMEDIATE")
                _migrate(connection, self.shown)
                yield _Transaction(connection)
                connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise _fault(error, self.file) from error


class _Transaction:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self.changed = 0
        self._connection = connection

    def execute(self, sql: str, /, **values: Any) -> list[dict[str, Any]]:
        cursor = self._connection.execute(sql.replace("{now}", _NOW), storable(values))
        rows = cursor.fetchall()
        self.changed = max(0, cursor.rowcount)
        columns = [column[0] for column in cursor.description or ()]
        return [dict(zip(columns, row, strict=True)) for row in rows]


def _fault(error: sqlite3.Error, path: Path) -> DatabaseFault:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    remedy = _REMEDIES.get(code, f"see that the file is one of overpaint's, {_ELSEWHERE}")
    return DatabaseFault(f"cannot use the database {path} ({error}): {remedy}.")


def _migrate(connection: sqlite3.Connection, shown: str) -> None:
    # Asked in every transaction, for some 10 µs: the file may have been moved away in between.
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    newest = migrate(version, SQLITE, connection.execute, shown)
    if newest != version:
        connection.execute(f"PRAGMA user_version = {newest:d}")


def _prepare(connection: sqlite3.Connection) -> None:
    # Checkpoints share the file, in rows of two to eight KB: small pages waste least (docs/architecture.md).
    # It only takes effect while the file is empty.
    connection.execute("PRAGMA page_size = 1024")
    connection.execute("PRAGMA synchronous = FULL")
    _switch_to_wal(connection)


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """Switch, patiently: where several processes open a new file at once, SQLite does not wait its busy timeout."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
