"""The tables, from any version to the newest, on both databases."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from overpaint.tools.call_log import CallLog
from overpaint.tools.database import Database, open_database
from overpaint.tools.faults import BadInput
from overpaint.tools.ledger import Ledger
from overpaint.tools.migrations import MIGRATIONS, POSTGRES, SQLITE, migrate

# As version 0.1 made it.
OLD_TABLE = """
CREATE TABLE IF NOT EXISTS overpaint_requests (
    key TEXT PRIMARY KEY, state TEXT NOT NULL, request TEXT NOT NULL, job TEXT, image TEXT, details TEXT, reason TEXT,
    interrupted INTEGER NOT NULL DEFAULT 0, owner TEXT, expires REAL NOT NULL, created REAL NOT NULL
) WITHOUT ROWID
"""
OLD_ROW = """
INSERT INTO overpaint_requests (key, state, request, details, expires, created)
VALUES ('old', 'stored', '{}', '{"seed": 7}', 1.5, 1.5)
"""
OLD_CALL = """
INSERT INTO overpaint_calls (run, node, task, model, name, started, seconds, messages, input_tokens, output_tokens)
VALUES ('r', 'judge', 't', 'openai:m', 'q', 1.5, 2.5, '[]', 30, 4)
"""
NEWEST = MIGRATIONS[-1][0]


def run_raw(url: str, *statements: str) -> list[Any]:
    """Run statements apart from our own code; the rows of the last."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as connection:
            rows = [connection.execute(statement).fetchall() for statement in statements]
            return rows[-1]
    with psycopg.connect(url) as server:
        cursors = [server.execute(statement.encode()) for statement in statements]
        return cursors[-1].fetchall() if cursors[-1].description else []


def set_version(url: str, version: int) -> None:
    if url.startswith("sqlite"):
        run_raw(url, f"PRAGMA user_version = {version}")
        return
    run_raw(
        url,
        "CREATE TABLE IF NOT EXISTS overpaint_schema (version INTEGER NOT NULL)",
        "DELETE FROM overpaint_schema",
        f"INSERT INTO overpaint_schema VALUES ({version})",
    )


def version_of(url: str) -> int:
    sql = "PRAGMA user_version" if url.startswith("sqlite") else "SELECT version FROM overpaint_schema"
    return int(run_raw(url, sql)[0][0])


def columns(database: Database, table: str) -> list[str]:
    with database.transaction() as transaction:
        transaction.execute(f"SELECT * FROM {table}")
    if database.url.startswith("sqlite"):
        return sorted(row[1] for row in run_raw(database.url, f"PRAGMA table_info({table})"))
    found = run_raw(database.url, f"SELECT column_name FROM information_schema.columns WHERE table_name = '{table}'")
    return sorted(row[0] for row in found)


async def test_a_home_of_the_first_version_keeps_its_rows(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'overpaint.db'}"
    run_raw(url, OLD_TABLE, OLD_ROW)
    ledger = Ledger(open_database(url))
    claim = await ledger.claim("old", run="r")
    assert (claim.mine, claim.state, claim.details) == (False, "stored", {"seed": 7})
    assert (await ledger.claim("new", run="r")).mine
    assert (await ledger.totals("r")).asked == 1
    assert version_of(url) == NEWEST


@pytest.mark.parametrize("start", range(NEWEST + 1))
async def test_every_version_is_brought_to_the_newest(start: int, database: Database) -> None:
    dialect = SQLITE if database.url.startswith("sqlite") else POSTGRES
    if start:
        statements: list[str] = []
        assert migrate(0, dialect, statements.append, "", MIGRATIONS[:start]) == start
        run_raw(database.url, *statements, OLD_ROW, *([OLD_CALL] if start >= 2 else []))
        set_version(database.url, start)
    assert "run" in columns(database, "overpaint_requests")
    assert columns(database, "overpaint_leases") == ["expires", "owner", "thread", "token"]
    assert {"output_tokens", "cached_tokens", "reserved_tokens"} <= set(columns(database, "overpaint_calls"))
    assert version_of(database.url) == NEWEST
    assert (await Ledger(database).claim("old")).mine is (start == 0)
    spent = await CallLog(database, run="r", node="judge", task="t").spent()
    assert (spent.calls, spent.tokens, spent.cached) == ((1, 34, 0) if start >= 2 else (0, 0, 0))


def test_a_newer_database_is_refused_and_left_alone(database: Database) -> None:
    set_version(database.url, NEWEST + 1)
    with pytest.raises(BadInput, match=f"its schema is {NEWEST + 1}, this one knows {NEWEST}.*upgrade with") as caught:
        columns(database, "overpaint_requests")
    assert database.shown in str(caught.value)
    assert version_of(database.url) == NEWEST + 1


def test_a_migration_that_fails_changes_nothing(database: Database) -> None:
    # In the way of the second one's last table.
    run_raw(database.url, "CREATE TABLE overpaint_calls (mine INTEGER)")
    with pytest.raises(BadInput, match="already exists"):
        columns(database, "overpaint_requests")
    run_raw(database.url, "DROP TABLE overpaint_calls")
    assert "run" in columns(database, "overpaint_requests")


def test_versions_count_up_one_by_one() -> None:
    assert [number for number, _ in MIGRATIONS] == list(range(1, NEWEST + 1))


_FIRST = """
import sys
from overpaint.tools.database import open_database
database = open_database(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
with database.transaction() as transaction:
    print(transaction.execute("SELECT COUNT(*) AS n FROM overpaint_calls")[0]["n"], flush=True)
"""


def test_processes_that_come_first_at_once_do_not_disturb_each_other(database_url_of: str) -> None:
    command = [sys.executable, "-W", "error", "-c", _FIRST, database_url_of]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "bufsize": 1}
    with ExitStack() as stack:
        firsts = [stack.enter_context(subprocess.Popen(command, **pipes)) for _ in range(3)]  # type: ignore[call-overload]
        assert [first.stdout.readline() for first in firsts] == ["ready\n"] * 3
        for first in firsts:
            first.stdin.write("go\n")
        assert [first.stdout.readline() for first in firsts] == ["0\n"] * 3
    assert version_of(database_url_of) == NEWEST
