"""Where checkpoints live: the only file, with `sqlite_saver`, that knows LangGraph's savers and stores."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.store.base import BaseStore

from overpaint.graph.compressed import compressed
from overpaint.tools.claiming import finished
from overpaint.tools.database import Database, database_url, open_database
from overpaint.tools.home import open_home

if TYPE_CHECKING:
    from langgraph.store.sqlite.aio import AsyncSqliteStore
    from psycopg_pool import AsyncConnectionPool

_LOCK = 7_203_881_447
"""Of PostgreSQL: held by the one process that sets LangGraph's tables up. Any number nobody else is likely to take."""
_TRIES = 40
_THREADS = (
    # Checkpoint ids are time-ordered (UUID version 6), so their order is that of the last step taken.
    "SELECT thread_id FROM checkpoints WHERE checkpoint_ns = '' GROUP BY thread_id ORDER BY MAX(checkpoint_id) DESC"
)


@asynccontextmanager
async def open_checkpointer(url: str | None = None) -> AsyncIterator[BaseCheckpointSaver[str]]:
    """The saver of a database, its tables made if need be; langgraph.json names it, so servers use it too.

    On SQLite: WAL with a short log, a busy timeout of 30 s so that several processes can share the file, and small
    pages, which waste least on rows of two to eight KB. On PostgreSQL: a small pool, which replaces lost connections.

    Args:
        url: `sqlite:///PATH` or `postgresql://…`; OVERPAINT_DATABASE, or a file in the home folder, when None.

    Raises:
        BadInput: the home folder or the database cannot be used.
    """
    database = await _opened(url)
    with database.faults():
        async with _sqlite_saver(database.file) if database.file else _postgres_saver(database) as saver:
            yield saver


@asynccontextmanager
async def open_store(url: str | None = None) -> AsyncIterator[BaseStore]:
    """LangGraph's long-term store in the same database, for graphs that embed ours; our own flow uses none.

    Args:
        url: as for `open_checkpointer`.

    Raises:
        BadInput: the home folder or the database cannot be used.
    """
    database = await _opened(url)
    with database.faults():
        async with _sqlite_store(database.file) if database.file else _postgres_store(database) as store:
            yield store


def on_thread(thread: str, checkpoint: str | None = None) -> RunnableConfig:
    """The config that names a thread, and one of its checkpoints if given."""
    place = {"thread_id": thread} | ({"checkpoint_id": checkpoint, "checkpoint_ns": ""} if checkpoint else {})
    return {"configurable": place}


async def threads_of(saver: BaseCheckpointSaver[str]) -> list[str]:
    """All threads in a saver's database, the one that took a step last first."""
    connection: Any = saver.conn  # type: ignore[attr-defined]
    if hasattr(connection, "execute"):
        async with connection.execute(_THREADS) as cursor:
            return [row[0] async for row in cursor]
    async with connection.connection() as one:
        rows = await (await one.execute(_THREADS)).fetchall()
    return [row["thread_id"] for row in rows]


async def _opened(url: str | None) -> Database:
    home = await asyncio.to_thread(open_home)
    database = open_database(url or database_url(home))
    if database.file is None:
        await asyncio.to_thread(_reach, database)
    return database


def _reach(database: Database) -> None:
    """Find out why a server cannot be used, which a pool of connections would not tell."""
    with database.transaction():
        pass


@asynccontextmanager
async def _sqlite_saver(file: Path) -> AsyncIterator[BaseCheckpointSaver[str]]:
    import aiosqlite

    from overpaint.graph.sqlite_saver import FinishingSaver

    async with aiosqlite.connect(str(file)) as connection:
        saver = FinishingSaver(connection)
        saver.serde = compressed()
        for setting in ("busy_timeout = 30000", "page_size = 1024", "wal_autocheckpoint = 256"):
            await saver.conn.execute(f"PRAGMA {setting}")
        await saver.setup()
        try:
            yield saver
        finally:
            await finished(saver.settled())


@asynccontextmanager
async def _sqlite_store(file: Path) -> AsyncIterator[BaseStore]:
    from langgraph.store.sqlite.aio import AsyncSqliteStore

    async with AsyncSqliteStore.from_conn_string(str(file)) as store:
        await store.conn.execute("PRAGMA busy_timeout = 30000")
        await _set_up(store)
        yield store


async def _set_up(store: AsyncSqliteStore) -> None:
    """Make the store's tables. Another process may do so now, in steps, at which one of the two fails: look again."""
    for _ in range(_TRIES):
        with suppress(sqlite3.IntegrityError, sqlite3.OperationalError):
            return await store.setup()
        await store.conn.rollback()
        await asyncio.sleep(0.05)
    return await store.setup()


@asynccontextmanager
async def _postgres_saver(database: Database) -> AsyncIterator[BaseCheckpointSaver[str]]:
    from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver

    async with _pool(database) as pool:
        saver = AsyncPostgresSaver(pool, serde=compressed())
        async with _alone(pool):
            await saver.setup()
        yield saver


@asynccontextmanager
async def _postgres_store(database: Database) -> AsyncIterator[BaseStore]:
    from langgraph.store.postgres.aio import AsyncPostgresStore

    async with _pool(database) as pool:
        store = AsyncPostgresStore(pool)
        async with _alone(pool):
            await store.setup()
        yield store


@asynccontextmanager
async def _pool(database: Database) -> AsyncIterator[AsyncConnectionPool[Any]]:
    from psycopg_pool import AsyncConnectionPool

    from overpaint.tools.database_postgres import CONNECTIONS, WAIT_SECONDS, connection_options

    async with AsyncConnectionPool(
        database.url,
        kwargs=connection_options(database.url) | {"autocommit": True},
        min_size=1,
        max_size=CONNECTIONS,
        open=False,
        check=AsyncConnectionPool.check_connection,
        timeout=3 * WAIT_SECONDS,
        reconnect_timeout=3 * WAIT_SECONDS,
    ) as pool:
        yield pool


@asynccontextmanager
async def _alone(pool: AsyncConnectionPool[Any]) -> AsyncIterator[None]:
    """Hold a lock, asked for again and again: a statement that waits for it would hold up CREATE INDEX CONCURRENTLY.

    It ends with its transaction, during which a pooler such as PgBouncer keeps to one connection to the server.
    """
    async with pool.connection() as connection:
        while True:
            async with connection.transaction():
                row = await (await connection.execute(f"SELECT pg_try_advisory_xact_lock({_LOCK}) AS mine")).fetchone()
                if row["mine"]:
                    yield
                    return
            await asyncio.sleep(0.05)
