"""The database of runs, SQLite or PostgreSQL: one protocol, one SQL text for both."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlencode

from overpaint.tools.faults import BadInput
from overpaint.tools.home import current_home

_SQLITE = "sqlite:///"
_POSTGRES = ("postgresql://", "postgres://")
_SECRET_OPTIONS = frozenset({"user", "password", "passfile", "sslpassword", "sslkey"})


class Transaction(Protocol):
    """What can be done in one transaction."""

    changed: int
    """How many rows the last statement wrote."""

    def execute(self, sql: str, /, **values: Any) -> list[dict[str, Any]]:
        """Run one statement.

        Args:
            sql: understood by SQLite and PostgreSQL alike, with a placeholder `:name` for every value and the word
                `{now}` for the time of the database's own clock, in seconds since 1970.
            values: what the placeholders stand for: text, numbers or None.

        Returns:
            The rows of a SELECT or RETURNING, each by column; none for other statements.
        """
        ...


class Database(Protocol):
    """A database that holds our tables. Calls block: on an event loop they go through `asyncio.to_thread`."""

    @property
    def url(self) -> str:
        """Where it is; may hold a password."""
        ...

    @property
    def shown(self) -> str:
        """Where it is, fit for messages: no user name, no password."""
        ...

    @property
    def file(self) -> Path | None:
        """The file it is in; None on a server."""
        ...

    def transaction(self) -> AbstractContextManager[Transaction]:
        """One transaction: committed for good at the end of the block, undone when the block raises.

        The first one of a process brings the tables up to date (`migrations.py`). On SQLite it excludes every other
        writer from the start; on PostgreSQL, READ COMMITTED, a statement must be atomic in itself.

        Raises:
            DatabaseFault: the database cannot be used: what is wrong, where, and what to do.
        """
        ...

    def faults(self) -> AbstractContextManager[None]:
        """Tell the errors of other users of this database (LangGraph's savers), raised in the block, as DatabaseFault.

        Raises:
            DatabaseFault: the database cannot be used.
        """
        ...

    def close(self) -> None:
        """Close idle connections; the next transaction opens new ones."""
        ...


def database_url(home: Path | None = None) -> str:
    """Where runs are kept: OVERPAINT_DATABASE, else the file `overpaint.db` in the home folder. Touches nothing.

    Args:
        home: the home folder; `current_home` when None.
    """
    chosen = os.environ.get("OVERPAINT_DATABASE", "").strip()
    return chosen or f"{_SQLITE}{((home or current_home()) / 'overpaint.db').absolute().as_posix()}"


def open_database(url: str | None = None) -> Database:
    """The database at a URL, the same object for the same URL in one process. Touches nothing until it is used.

    Args:
        url: `sqlite:///PATH` or `postgresql://…`; `database_url` when None.

    Raises:
        BadInput: the URL is of another kind, or names no file.
    """
    return _opened(url or database_url(), os.getpid())


def without_secrets(url: str) -> str:
    """A URL without user name and password, however badly they are written."""
    scheme, _, rest = url.partition("://")
    # A password may hold "/", "?" or "@" where it was not escaped: all before the last "@" is taken for it.
    place, _, options = rest.rpartition("@")[2].partition("?")
    kept = [(name, value) for name, value in parse_qsl(options) if name not in _SECRET_OPTIONS]
    return f"{scheme}://{place}" + (f"?{urlencode(kept, safe='/')}" if kept else "")


def storable(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values with every text made one that both databases take: no NUL, no half of a surrogate pair."""
    return {name: _storable(value) if isinstance(value, str) else value for name, value in values.items()}


def _storable(text: str) -> str:
    return text.encode(errors="replace").decode().replace("\0", "\ufffd")


@cache
def _opened(url: str, process: int) -> Database:
    # Keyed by process: a forked child has the cache, but must not share locks or connections with its parent.
    if url.startswith(_SQLITE) and (path := url.removeprefix(_SQLITE)) not in ("", ":memory:"):
        from overpaint.tools.database_sqlite import SqliteDatabase

        return SqliteDatabase(Path(path).absolute())
    if url.startswith(_POSTGRES):
        from overpaint.tools.database_postgres import PostgresDatabase

        return PostgresDatabase(url)
    shown = without_secrets(url) if "://" in url else "without a scheme"
    raise BadInput(
        f"the database URL ({shown}) is none that can be used: set OVERPAINT_DATABASE to sqlite:////path/of/a/file.db"
        " or postgresql://user:password@host/name, or unset it to keep runs in the home folder."
    )
