"""Savers and stores on both databases: what was put is there after a restart, and what cannot be used says so."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from overpaint.graph.flow import build_graph
from overpaint.graph.kept import kept_runs, read_thread
from overpaint.graph.persistence import (
    _alone,
    _pool,
    _postgres_saver,
    on_thread,
    open_checkpointer,
    open_store,
    threads_of,
)
from overpaint.run import arefine
from overpaint.tools.database import open_database
from overpaint.tools.database_postgres import connection_options
from overpaint.tools.faults import BadInput


async def put(url: str, thread: str, round_: int) -> None:
    async with open_checkpointer(url) as saver:
        values = {"round": round_, "asked": {"text": "a red circle", "image": None}}
        await build_graph(saver).aupdate_state(on_thread(thread), values, as_node="candidate")


async def test_what_was_put_is_there_after_a_restart(database_url_of: str) -> None:
    await put(database_url_of, "one", 1)
    await put(database_url_of, "two", 2)
    await put(database_url_of, "one", 3)
    open_database(database_url_of).close()
    async with open_checkpointer(database_url_of) as saver:
        assert await threads_of(saver) == ["one", "two"]
        kept = await read_thread(build_graph(saver), "one")
    assert kept.values["round"] == 3
    assert kept.values["asked"]["text"] == "a red circle"
    assert kept.next == ("decide",)


async def test_a_store_keeps_what_it_is_given(database_url_of: str) -> None:
    async with open_store(database_url_of) as store:
        await store.aput(("notes", "a"), "colour", {"value": "red"})
    async with open_store(database_url_of) as store:
        item = await store.aget(("notes", "a"), "colour")
        found = await store.asearch(("notes",))
    assert item is not None
    assert item.value == {"value": "red"}
    assert [each.key for each in found] == ["colour"]


OPEN = """
import asyncio, sys
from overpaint.graph.persistence import open_checkpointer, open_store, threads_of
async def main():
    async with open_checkpointer() as saver, open_store() as store:
        await store.aput(("n",), sys.argv[1], {})
        print(await threads_of(saver))
asyncio.run(main())
"""


@pytest.mark.slow
async def test_processes_may_open_a_fresh_database_at_once(database_url_of: str) -> None:
    environment = {**os.environ, "OVERPAINT_DATABASE": database_url_of}
    processes = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", OPEN, str(number)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(4)
    ]
    told = [await asyncio.to_thread(process.communicate, timeout=60) for process in processes]
    assert told == [("[]\n", "")] * 4
    async with open_store(database_url_of) as store:
        assert len(await store.asearch(("n",))) == 4


def closed_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("opening", [open_checkpointer, open_store])
async def test_a_server_that_cannot_be_reached_is_named_without_its_password(opening: Any) -> None:
    port = closed_port()
    with pytest.raises(BadInput, match=f"127.0.0.1:{port}") as caught:
        async with opening(f"postgresql://someone:secret-word@127.0.0.1:{port}/runs?connect_timeout=2"):
            pass
    assert "\n" not in str(caught.value)
    assert "secret-word" not in str(caught.value)


@pytest.mark.slow
@pytest.mark.parametrize(("opening", "pool"), [(open_checkpointer, "conn"), (open_store, "conn")])
async def test_savers_wait_for_a_server_no_longer_than_we_do(opening: Any, pool: str, postgres_database: str) -> None:
    async with opening(postgres_database) as saver, getattr(saver, pool).connection() as connection:
        told = connection.info.get_parameters()
        assert connection.prepare_threshold is None
        assert connection.autocommit
    ours = connection_options(postgres_database)
    for name in ("connect_timeout", "tcp_user_timeout", "keepalives_idle", "keepalives_count", "application_name"):
        assert told[name] == str(ours[name])


@pytest.mark.slow
async def test_a_server_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("overpaint.tools.database_postgres.WAIT_SECONDS", 0.2)
    began = time.monotonic()
    with socket.create_server(("127.0.0.1", 0)) as mute:
        database = open_database(f"postgresql://someone@127.0.0.1:{mute.getsockname()[1]}/runs")
        with pytest.raises(BadInput, match="cannot use the database"), database.faults():
            async with _postgres_saver(database):  # _reach, which would have told first, met one that still spoke
                pytest.fail("it answered")
    assert time.monotonic() - began < 10


@pytest.mark.slow
async def test_tables_are_made_by_one_at_a_time(postgres_database: str) -> None:
    database, order = open_database(postgres_database), list[str]()

    async def alone(name: str) -> None:
        async with _pool(database) as pool, _alone(pool):
            order.append(name)
            async with pool.connection() as other:  # what savers do in their set-up, and must not wait for the lock
                await other.execute(f"CREATE TABLE {name} (id INTEGER)")
                await other.execute(f"CREATE INDEX CONCURRENTLY ON {name} (id)")
            order.append(name)

    await asyncio.wait_for(asyncio.gather(*(alone(name) for name in ("a", "b", "c"))), 30)
    assert order[::2] == order[1::2]
    async with _pool(database) as pool, pool.connection() as one:
        assert await (await one.execute("SELECT 1 FROM pg_locks WHERE locktype = 'advisory'")).fetchall() == []


@pytest.mark.parametrize("opening", [open_checkpointer, open_store])
@pytest.mark.parametrize(
    "content", [b"no database at all, but long enough to be taken for one" * 9, b"SQLite format 3\0" + b"x" * 4096]
)
async def test_a_file_that_is_no_database_is_named_and_left_alone(opening: Any, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "overpaint.db"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=r"overpaint\.db") as caught:
        async with opening(f"sqlite:///{path}"):
            pass
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == content


async def test_what_is_no_url_is_refused(home: Path) -> None:
    with pytest.raises(BadInput, match="sqlite:///"):
        async with open_checkpointer("mysql://127.0.0.1/runs"):
            pass


async def test_a_home_that_is_a_file_is_refused(home: Path) -> None:
    home.write_text("no folder")
    for opening in (open_checkpointer, open_store):
        with pytest.raises(BadInput, match=str(home)):
            async with opening():
                pass
    with pytest.raises(BadInput, match="home"):
        await kept_runs()


@pytest.mark.slow
async def test_pages_damaged_behind_the_first_give_one_clear_fault(home: Path) -> None:
    run = await arefine("a red circle", settings={"seed": 1, "painter": "shapes"})
    assert run.status == "passed"
    path = home / "overpaint.db"
    for leftover in home.glob("overpaint.db-*"):
        leftover.unlink()
    data = bytearray(path.read_bytes())
    data[2048:] = b"\xff" * (len(data) - 2048)
    path.write_bytes(bytes(data))
    with pytest.raises(BadInput, match=r"overpaint\.db"):
        await kept_runs()
