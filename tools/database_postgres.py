"""Our tables in a PostgreSQL database, which several machines may share."""

from __future__ import annotations

import atexit
import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from overpaint.tools.database import storable, without_secrets
from overpaint.tools.faults import BadInput, DatabaseFault
from overpaint.tools.migrations import POSTGRES, migrate
from overpaint.tools.provider_errors import scrubbed

if TYPE_CHECKING:
    import psycopg
    from psycopg_pool import ConnectionPool

CONNECTIONS = 4
"""How many connections a process keeps at most."""

WAIT_SECONDS = 10
"""How long a server is waited for until it counts as not reachable."""

_NOW = "CAST(extract(epoch FROM clock_timestamp()) AS double precision)"
_PLACEHOLDER = re.compile(r"(?<![:\w]):([a-z_]+)")

# Any number that no other program is likely to take.
_LOCK = 7_203_881_446
_VERSION = "SELECT version FROM overpaint_schema"

_URL = "OVERPAINT_DATABASE"
_BY_STATE = {
    "25006": f"it is read-only: name the primary server in {_URL}",
    "42501": "give its user the right to create and to change tables in it",
    "53100": "the server's disk is full: free some space there",
    "53300": "it has no connection left: end other programs that use it, or raise its max_connections",
    "55P03": "another process has held a lock for 30 s: wait until it is done, or end it",
}
_BY_TEXT = (
    (r"authentication failed|no password supplied", f"correct the user name and the password in {_URL}"),
    (r'database ".*" does not exist', f"create it with `createdb`, or correct its name in {_URL}"),
    (r"couldn't get a connection", "all its connections are at work: try again later"),
    (r"too many (?:clients|connections)|remaining connection slots", _BY_STATE["53300"]),
)
_NOT_OURS = f"see that the tables in it are overpaint's own, or name another database in {_URL}"
_UNREACHED = f"see that the server runs and can be reached from here, and that {_URL} is right, then go on"


class PostgresDatabase:
    """A `Database` on a PostgreSQL server, with a small pool of connections per process, made when first used.

    Args:
        url: `postgresql://user:password@host:port/name`, with libpq's options.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.shown = without_secrets(url)
        self.file: Path | None = None
        self._pools: dict[int, ConnectionPool[Any]] = {}
        self._migrated_by: int | None = None

    def close(self) -> None:
        """Close this process's connections; the next transaction opens new ones."""
        pool = self._pools.pop(os.getpid(), None)
        if pool is not None:
            pool.close()

    @contextmanager
    def faults(self) -> Iterator[None]:
        """Tell errors of the server, raised in the block by whomever, as DatabaseFault (see `Database`)."""
        psycopg = _psycopg()
        try:
            yield
        except psycopg.Error as error:
            raise self._fault(error) from error

    @contextmanager
    def transaction(self) -> Iterator[_Transaction]:
        """One transaction (see `Database`).

        Raises:
            DatabaseFault: the server cannot be used.
            BadInput: psycopg is not installed.
        """
        psycopg = _psycopg()
        try:
            self._migrate()
            with self._connection() as connection:
                yield _Transaction(connection)
        except psycopg.Error as error:
            raise self._fault(error) from error

    @contextmanager
    def _connection(self) -> Iterator[psycopg.Connection[Any]]:
        from psycopg_pool import PoolTimeout

        try:
            with self._pool().connection() as connection:
                yield connection
        except PoolTimeout:
            # The pool does not say why it has no connection; the server does.
            self._connect().close()
            raise

    def _pool(self) -> ConnectionPool[Any]:
        pool = self._pools.get(os.getpid())
        if pool is None:
            # One of two threads that come here at once has its pool, unopened, thrown away.
            pool = self._pools.setdefault(os.getpid(), _new_pool(self.url))
            atexit.register(self.close)
        pool.open()
        return pool

    def _migrate(self) -> None:
        if self._migrated_by == os.getpid():
            return
        with self._connect() as connection:
            _migrate(connection, self.shown)
        self._migrated_by = os.getpid()

    def _connect(self) -> psycopg.Connection[Any]:
        connection: psycopg.Connection[Any] = _psycopg().Connection.connect(self.url, **connection_options(self.url))
        _configure(connection)
        return connection

    def _fault(self, error: psycopg.Error) -> DatabaseFault:
        if not isinstance(error, _psycopg().OperationalError) and error.sqlstate is None:
            # libpq quotes the part of a URL that it cannot read, which may be the password.
            return DatabaseFault(f"cannot use the database {self.shown}: its URL cannot be read; correct {_URL}.")
        text = scrubbed(_without(self.url, str(error)))
        return DatabaseFault(f"cannot use the database {self.shown} ({text.rstrip('.')}): {_remedy(error)}.")


class _Transaction:
    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.changed = 0
        self._connection = connection

    def execute(self, sql: str, /, **values: Any) -> list[dict[str, Any]]:
        cursor = self._connection.execute(_spelled(sql).encode(), storable(values))
        self.changed = max(0, cursor.rowcount)
        return [] if cursor.description is None else cursor.fetchall()


def _spelled(sql: str) -> str:
    """The SQL text in psycopg's spelling."""
    return _PLACEHOLDER.sub(r"%(\1)s", sql.replace("%", "%%")).replace("{now}", _NOW)


def _psycopg() -> Any:
    try:
        import psycopg
        import psycopg_pool  # noqa: F401  the pool is a package of its own
    except ImportError as error:
        raise BadInput(
            f"{_URL} names a PostgreSQL server, which needs psycopg ({error}): `pip install 'overpaint[postgres]'`."
        ) from error
    return psycopg


def _new_pool(url: str) -> ConnectionPool[Any]:
    from psycopg_pool import ConnectionPool

    # A server that is gone is told by our own fault; the pool would warn of every try besides.
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
    return ConnectionPool(
        url,
        kwargs=connection_options(url),
        min_size=0,
        max_size=CONNECTIONS,
        open=False,
        configure=_configure,
        check=ConnectionPool.check_connection,
        timeout=WAIT_SECONDS,
        reconnect_timeout=WAIT_SECONDS,
        num_workers=1,
    )


def connection_options(url: str) -> dict[str, Any]:
    """What every connection to a server is opened with, beside its URL; what the URL says itself is left to it.

    Args:
        url: as for `PostgresDatabase`.

    Returns:
        Arguments of psycopg's `connect`.
    """
    from psycopg.rows import dict_row

    # Statements are not prepared, so that a pooler such as PgBouncer may stand between.
    options: dict[str, Any] = {"row_factory": dict_row, "prepare_threshold": None}
    # A server that falls silent is noticed within a minute: by what it does not acknowledge, and by what it is asked
    # while nothing is sent.
    waits: dict[str, Any] = {"connect_timeout": WAIT_SECONDS, "tcp_user_timeout": 30_000}
    waits |= {"keepalives_idle": 20, "keepalives_interval": 10, "keepalives_count": 3}
    waits |= {"application_name": "overpaint"}
    return options | {name: value for name, value in waits.items() if name not in url}


def _configure(connection: psycopg.Connection[Any]) -> None:
    from psycopg import IsolationLevel

    connection.isolation_level = IsolationLevel.READ_COMMITTED
    connection.execute("SET lock_timeout = '30s'")
    connection.commit()


def _migrate(connection: psycopg.Connection[Any], shown: str) -> None:
    """Bring the tables up to date; the lock ends with the transaction."""
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
    # Asked first, since CREATE TABLE IF NOT EXISTS needs a right that a mere user of the tables may lack.
    if connection.execute("SELECT to_regclass('overpaint_schema') AS it").fetchone()["it"] is None:  # type: ignore[index]
        connection.execute("CREATE TABLE overpaint_schema (version INTEGER NOT NULL)")
        connection.execute("INSERT INTO overpaint_schema VALUES (0)")
    version: int = connection.execute(_VERSION).fetchone()["version"]  # type: ignore[index]
    newest = migrate(version, POSTGRES, lambda sql: connection.execute(sql.encode()), shown)
    if newest != version:
        connection.execute("UPDATE overpaint_schema SET version = %s", (newest,))


def _remedy(error: psycopg.Error) -> str:
    if error.sqlstate in _BY_STATE:
        return _BY_STATE[error.sqlstate]
    for pattern, remedy in _BY_TEXT:
        if re.search(pattern, str(error)):
            return remedy
    return _UNREACHED if isinstance(error, _psycopg().OperationalError) else _NOT_OURS


def _without(url: str, text: str) -> str:
    """The text without the URL's password."""
    password = url.partition("://")[2].rpartition("@")[0].partition(":")[2]
    for secret in {password, unquote(password)} - {""}:
        text = text.replace(secret, "[password]")
    return text
