"""The database, of both kinds: one SQL text, whole transactions, and what is said when it cannot be used."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from overpaint.tools.database import Database, database_url, open_database, without_secrets
from overpaint.tools.database_postgres import connection_options
from overpaint.tools.faults import BadInput

TAKE = "INSERT INTO overpaint_leases (thread, owner, token, expires) VALUES (:thread, 'me', 'x:y%s', {now}) RETURNING *"
COUNT = "SELECT COUNT(*) AS leases FROM overpaint_leases"


def count(database: Database) -> int:
    with database.transaction() as transaction:
        return int(transaction.execute(COUNT)[0]["leases"])


def refusal(url: str) -> str:
    with pytest.raises(BadInput) as caught, open_database(url).transaction():
        pytest.fail("it could be used")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_one_text_serves_both(database: Database) -> None:
    with database.transaction() as transaction:
        (row,) = transaction.execute(TAKE, thread="a 'b' :c %d \0 \ud83d")
        assert (row["thread"], row["token"]) == ("a 'b' :c %d \ufffd ?", "x:y%s")
        assert abs(row["expires"] - time.time()) < 5
        assert transaction.changed == 1
        assert transaction.execute("UPDATE overpaint_leases SET owner = :owner WHERE thread = 'none'", owner=None) == []
        assert transaction.changed == 0


def test_the_clock_of_the_database_moves_on_within_a_transaction(database: Database) -> None:
    with database.transaction() as transaction:
        first = transaction.execute("SELECT {now} AS now")[0]["now"]
        time.sleep(0.02)
        assert 0.01 < transaction.execute("SELECT {now} AS now")[0]["now"] - first < 5


def test_a_block_that_raises_leaves_nothing_behind(database: Database) -> None:
    with pytest.raises(KeyError), database.transaction() as transaction:
        raise KeyError(len(transaction.execute(TAKE, thread="a")))
    assert count(database) == 0
    with database.transaction() as transaction:
        transaction.execute(TAKE, thread="a")
    assert count(database) == 1


def test_a_statement_that_fails_is_a_fault_of_the_database(database: Database) -> None:
    with (
        pytest.raises(BadInput, match=r"cannot use the database .*no_such_table.* overpaint's"),
        database.transaction() as transaction,
    ):
        transaction.execute("SELECT * FROM no_such_table")
    assert count(database) == 0


def test_many_threads_share_it(database: Database) -> None:
    def take(number: int) -> None:
        with database.transaction() as transaction:
            transaction.execute(TAKE, thread=str(number))

    threads = [threading.Thread(target=take, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count(database) == 16


_FORK = """
import os, sys
from overpaint.tools.database import open_database
database = open_database(sys.argv[1])
def names():
    with database.transaction() as transaction:
        return len(transaction.execute("SELECT * FROM overpaint_leases"))
names()
child = os.fork()
if child == 0:
    assert names() == 0 and open_database(sys.argv[1]) is not database
    sys.exit(7)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
assert names() == 0
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_and_its_parent_keep_apart(database_url_of: str) -> None:
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", _FORK, database_url_of]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (ran.returncode, ran.stderr) == (0, "")


def test_the_url_is_the_environments_or_a_file_in_the_home_folder(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert database_url() == f"sqlite:///{home / 'overpaint.db'}"
    assert database_url(Path("/there")) == "sqlite:////there/overpaint.db"
    monkeypatch.setenv("OVERPAINT_DATABASE", "postgresql://server/runs")
    assert database_url(home) == "postgresql://server/runs"
    assert not home.exists()


def test_one_url_is_one_database_and_opening_touches_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new.db'}"
    assert open_database(url) is open_database(url)
    assert open_database(url).file == tmp_path / "new.db"
    assert open_database("postgresql://nobody@192.0.2.1/none").file is None
    assert open_database("postgresql://nobody@192.0.2.1/none").shown == "postgresql://192.0.2.1/none"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "url", ["mysql://me:hidden@host/x", "runs.db", "sqlite://", "sqlite:///", "sqlite:///:memory:"]
)
def test_another_kind_of_url_is_refused(url: str) -> None:
    with pytest.raises(BadInput, match="set OVERPAINT_DATABASE to") as caught:
        open_database(url)
    assert "hidden" not in str(caught.value)


@given(st.text(st.characters(codec="utf-8"), min_size=1), st.sampled_from(["", "?sslmode=require&password=PASSWORD"]))
def test_no_password_is_ever_shown(password: str, options: str) -> None:
    shown = without_secrets(f"postgresql://me:<{password}>@host:5432/runs{options}")
    assert shown == "postgresql://host:5432/runs" + ("?sslmode=require" if options else "")


@pytest.mark.parametrize("where", ["folder", "missing/overpaint.db"])
def test_a_file_that_cannot_be_opened_is_named(where: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    told = refusal(f"sqlite:///{tmp_path / where}")
    assert f"cannot use the database {tmp_path / where} (unable to open" in told
    assert "OVERPAINT_HOME" in told


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder that not even root can write")
def test_a_read_only_place_is_refused_without_waiting() -> None:
    started = time.monotonic()
    assert "see that its folder is there and may be written" in refusal("sqlite:////proc/overpaint.db")
    assert time.monotonic() - started < 5


def test_a_file_that_is_no_database_is_left_as_it_is(tmp_path: Path) -> None:
    path, junk = tmp_path / "junk.db", b"this is no database at all, it is text" * 100
    path.write_bytes(junk)
    told = refusal(f"sqlite:///{path}")
    assert f"cannot use the database {path} (file is not a database): it is damaged" in told
    assert "Restore a copy of it, or move it away" in told
    assert "images/ and records/" in told
    assert path.read_bytes() == junk


def test_a_damaged_database_says_so_and_works_again_once_moved_away(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    database = open_database(f"sqlite:///{path}")
    assert count(database) == 0
    whole = path.read_bytes()
    path.write_bytes(whole[:1024] + b"\xff" * (len(whole) - 1024))
    with pytest.raises(BadInput, match=r"malformed.*it is damaged"):
        count(database)
    path.rename(tmp_path / "aside.db")
    assert count(database) == 0


def test_a_full_disk_says_so_and_keeps_what_was_there(tiny_disk: Path) -> None:
    database = open_database(f"sqlite:///{tiny_disk / 'runs.db'}")
    with pytest.raises(BadInput, match="disk is full"), database.transaction() as transaction:
        transaction.execute(TAKE, thread="x" * 100_000)


def test_a_file_that_another_process_writes_to_is_waited_for_and_then_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'runs.db'}")
    assert count(database) == 0
    monkeypatch.setattr("overpaint.tools.database_sqlite.BUSY_SECONDS", 0.1)
    with closing(sqlite3.connect(tmp_path / "runs.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(BadInput, match=r"runs.db \(database is locked\): another process has been writing"):
            count(database)
        other.execute("ROLLBACK")
    assert count(database) == 0


def test_other_tables_of_the_file_are_left_alone(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "runs.db")) as other:
        other.execute("CREATE TABLE checkpoints (id TEXT)")
        other.execute("INSERT INTO checkpoints VALUES ('kept')")
        other.commit()
        assert count(open_database(f"sqlite:///{tmp_path / 'runs.db'}")) == 0
        assert other.execute("SELECT id FROM checkpoints").fetchall() == [("kept",)]
        assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_server_that_is_not_there_is_named_without_the_password() -> None:
    with closing(socket.socket()) as unused:
        unused.bind(("127.0.0.1", 0))
        told = refusal(f"postgresql://me:hid%20den@127.0.0.1:{unused.getsockname()[1]}/runs")
    assert "cannot use the database postgresql://127.0.0.1:" in told
    assert "see that the server runs and can be reached" in told
    assert "hid" not in told


@pytest.mark.parametrize(
    "url", ["postgresql://me:hid/den@host:5x/runs", "postgresql://me:hid[den@host/runs?nonsense=1"]
)
def test_a_url_that_cannot_be_read_does_not_give_away_the_password(url: str) -> None:
    told = refusal(url)
    assert "OVERPAINT_DATABASE" in told
    assert "hid" not in told
    assert "den" not in told


@pytest.mark.slow
def test_a_database_that_is_not_on_the_server_is_named(postgres_url: str) -> None:
    told = refusal(urlsplit(postgres_url)._replace(path="/missing").geturl())
    assert 'database "missing" does not exist' in told
    assert "createdb" in told


_FAKE_REFUSALS = {
    'password authentication failed for user "me"': "correct the user name and the password",
    "sorry, too many clients already": "raise its max_connections",
}


@contextmanager
def refusing_server(reason: str) -> Iterator[int]:
    """Speaks just enough of PostgreSQL's protocol to refuse: the embedded server trusts everybody."""
    fields = b"SFATAL\0C28P01\0M" + reason.encode() + b"\0\0"

    def refuse() -> None:
        while True:
            try:
                client = server.accept()[0]
            except OSError:
                return
            with client:
                while client.recv(1024)[4:8] in (b"\x04\xd2\x16\x2f", b"\x04\xd2\x16\x30"):
                    client.sendall(b"N")
                client.sendall(b"E" + (4 + len(fields)).to_bytes(4, "big") + fields)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=refuse)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.mark.parametrize("reason", _FAKE_REFUSALS)
def test_a_server_that_refuses_is_told_apart_by_its_words(reason: str) -> None:
    with refusing_server(reason) as port:
        told = refusal(f"postgresql://me:hidden@127.0.0.1:{port}/runs")
    assert _FAKE_REFUSALS[reason] in told
    assert "hidden" not in told


@pytest.mark.slow
def test_a_user_without_rights_is_told_which(postgres_database: str) -> None:
    with psycopg.connect(postgres_database) as server:
        server.execute("DROP ROLE IF EXISTS overpaint_guest")
        server.execute("CREATE ROLE overpaint_guest LOGIN")
    guest = urlsplit(postgres_database)
    url = guest._replace(netloc=f"overpaint_guest:@{guest.netloc.rpartition('@')[2]}").geturl()
    assert "permission denied" in (told := refusal(url))
    assert "give its user the right" in told


@pytest.mark.slow
def test_a_connection_that_died_is_replaced(postgres_database: str) -> None:
    database = open_database(postgres_database)
    assert count(database) == 0
    with psycopg.connect(postgres_database) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert count(database) == 0


@pytest.mark.slow
def test_a_connection_that_dies_within_a_transaction_is_a_fault_and_the_next_one_works(postgres_database: str) -> None:
    database = open_database(postgres_database)
    take_and_die = f"WITH taken AS ({TAKE}) SELECT thread, pg_terminate_backend(pg_backend_pid()) FROM taken"
    with pytest.raises(BadInput, match="can be reached"), database.transaction() as transaction:
        transaction.execute(take_and_die, thread="a")
    assert count(database) == 0


def test_what_the_url_says_of_a_connection_stands() -> None:
    ours = connection_options("postgresql://server/runs")
    assert ours["keepalives_idle"] + ours["keepalives_interval"] * ours["keepalives_count"] <= 60
    assert "connect_timeout" not in connection_options("postgresql://server/runs?connect_timeout=3")


@pytest.mark.slow
def test_a_server_that_went_away_says_why_and_is_used_again_once_it_is_back(
    postgres_url: str, postgres_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("overpaint.tools.database_postgres.WAIT_SECONDS", 1)
    database, name = open_database(postgres_database), urlsplit(postgres_database).path[1:]
    assert count(database) == 0
    with psycopg.connect(postgres_url, autocommit=True) as server:
        server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false".encode())
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        with pytest.raises(BadInput, match=r"not currently accepting connections.*see that the server runs"):
            count(database)
        server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true".encode())
    assert count(database) == 0


def test_without_psycopg_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg_pool", None)
    assert "pip install 'overpaint[postgres]'" in refusal("postgresql://192.0.2.1/none")
