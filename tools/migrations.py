"""The tables, as an ordered list of changes: each database is brought from the version it has to the newest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from overpaint.tools.faults import BadInput

SQLITE = {"real": "REAL", "rowless": "WITHOUT ROWID", "serial": "INTEGER PRIMARY KEY AUTOINCREMENT"}
"""What the words in braces below are in SQLite."""

POSTGRES = {
    "real": "DOUBLE PRECISION",
    "rowless": "",
    "serial": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
}
"""What they are in PostgreSQL."""

# A migration that was released is never edited: a change is one more.
_LEDGER = (
    # Version 0.1 made this table without a version number.
    """
    CREATE TABLE IF NOT EXISTS overpaint_requests (
        key TEXT PRIMARY KEY, state TEXT NOT NULL, request TEXT NOT NULL, job TEXT, image TEXT, details TEXT,
        reason TEXT, interrupted INTEGER NOT NULL DEFAULT 0, owner TEXT,
        expires {real} NOT NULL, created {real} NOT NULL
    ) {rowless}
    """,
)
_RUNS = (
    "ALTER TABLE overpaint_requests ADD COLUMN run TEXT",
    "CREATE INDEX overpaint_requests_of_run ON overpaint_requests (run)",
    """
    CREATE TABLE overpaint_leases (
        thread TEXT PRIMARY KEY, owner TEXT NOT NULL, token TEXT NOT NULL, expires {real} NOT NULL
    ) {rowless}
    """,
    """
    CREATE TABLE overpaint_calls (
        id {serial}, run TEXT NOT NULL, node TEXT NOT NULL, task TEXT NOT NULL, model TEXT NOT NULL, name TEXT NOT NULL,
        started {real} NOT NULL, seconds {real}, messages TEXT NOT NULL, reply TEXT, error TEXT,
        input_tokens BIGINT, output_tokens BIGINT, usd {real}
    )
    """,
    "CREATE INDEX overpaint_calls_of_task ON overpaint_calls (run, task)",
)
_BUDGETS = (
    "ALTER TABLE overpaint_calls ADD COLUMN cached_tokens BIGINT",
    "ALTER TABLE overpaint_calls ADD COLUMN reserved_tokens BIGINT",
)
_OWNERS = (
    "CREATE TABLE overpaint_owners (thread TEXT PRIMARY KEY, owner TEXT NOT NULL, created {real} NOT NULL) {rowless}",
)

MIGRATIONS: tuple[tuple[int, tuple[str, ...]], ...] = ((1, _LEDGER), (2, _RUNS), (3, _BUDGETS), (4, _OWNERS))
"""Every change with the version it leads to, in order."""


def migrate(
    version: int,
    dialect: Mapping[str, str],
    execute: Callable[[str], Any],
    shown: str,
    migrations: tuple[tuple[int, tuple[str, ...]], ...] | None = None,
) -> int:
    """Bring the tables from a version to the newest, in the caller's transaction and under the caller's lock.

    Args:
        version: what the database has; 0 when it says none.
        dialect: SQLITE or POSTGRES.
        execute: runs one statement.
        shown: names the database in a message.
        migrations: other changes than MIGRATIONS.

    Returns:
        The version it has now.

    Raises:
        BadInput: the database is of a newer version than this program knows.
    """
    changes = MIGRATIONS if migrations is None else migrations
    newest = changes[-1][0]
    if version > newest:
        raise BadInput(
            f"the database {shown} was written by a newer overpaint (its schema is {version}, this one knows {newest}):"
            " upgrade with `pip install -U overpaint`. Nothing was changed."
        )
    for number, statements in changes:
        if number > version:
            for statement in statements:
                execute(statement.format_map(dialect))
    return newest
