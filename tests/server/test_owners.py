"""Owners: the first claim holds, and what nobody claimed is the first key's."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from overpaint.graph.persistence import on_thread, open_checkpointer
from overpaint.server.keys import LOCAL, Caller
from overpaint.server.owners import Owners
from overpaint.tools.database import Database
from overpaint.tools.leases import Leases

ALICE, BOB = Caller("alice", "alice"), Caller("bob", "bob")


@pytest.fixture
def owners(database: Database, monkeypatch: pytest.MonkeyPatch) -> Owners:
    monkeypatch.setenv("OVERPAINT_API_KEYS", "alice:one,bob:two")
    return Owners(database)


async def test_of_any_number_of_claims_the_first_holds(owners: Owners) -> None:
    names = ["bob", "alice"] * 4
    said = await asyncio.gather(*(owners.claim("thread", name) for name in names))
    assert len(set(said)) == 1
    holder = Caller(said[0], said[0])
    other = BOB if holder == ALICE else ALICE
    assert await owners.may(holder, "thread")
    assert not await owners.may(other, "thread")
    assert await owners.claim("thread", other.owner) == holder.owner


@pytest.mark.parametrize("spelled", ["{}", "{{{}}}", "urn:uuid:{}"])
async def test_a_thread_is_the_same_in_every_spelling(owners: Owners, spelled: str) -> None:
    thread = str(uuid.uuid4())
    for name in (spelled.format(thread.upper()), spelled.format(thread.replace("-", ""))):
        assert await owners.claim(name, "bob") == "bob"
        assert await owners.may(BOB, thread)
        assert not await owners.may(ALICE, name)
        assert await owners.of([name]) == {name: "bob"}


async def test_many_threads_are_looked_up_at_once(owners: Owners, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    threads = [str(uuid.uuid4()) for _ in range(300)]
    await owners.claim(threads[7], "bob")
    transaction = owners.database.transaction

    @contextmanager
    def counted() -> Iterator[Any]:
        with transaction() as real:
            execute = real.execute

            def noted(sql: str, /, **values: Any) -> list[dict[str, Any]]:
                asked.append(sql)
                return execute(sql, **values)

            monkeypatch.setattr(real, "execute", noted)
            yield real

    monkeypatch.setattr(owners.database, "transaction", counted)
    assert await owners.of(threads) == dict.fromkeys(threads, "alice") | {threads[7]: "bob"}
    assert len(asked) == 1


async def test_what_nobody_claimed_is_the_first_keys(owners: Owners) -> None:
    await owners.claim("bobs", "bob")
    assert await owners.of(["bobs", "other"]) == {"bobs": "bob", "other": "alice"}
    assert await owners.may(ALICE, "other")
    assert not await owners.may(BOB, "other")


async def test_what_was_made_without_keys_is_the_first_keys_once_there_are(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await Owners(database).claim("thread", LOCAL.owner) == "local"
    assert await Owners(database).may(LOCAL, "thread")
    monkeypatch.setenv("OVERPAINT_API_KEYS", "alice:one,bob:two")
    assert await Owners(database).may(ALICE, "thread")
    assert not await Owners(database).may(BOB, "thread")


async def test_a_run_of_the_command_line_cannot_be_claimed_by_a_later_key(owners: Owners) -> None:
    async with open_checkpointer(owners.database.url) as saver:
        config = {"configurable": {"thread_id": "begun", "checkpoint_ns": ""}}
        empty = {"v": 4, "id": "1", "ts": "", "channel_values": {}, "channel_versions": {}, "versions_seen": {}}
        await saver.aput(config, empty, {}, {})  # type: ignore[arg-type]
        assert await saver.aget_tuple(on_thread("begun")) is not None
    assert await owners.claim("begun", "bob") == "alice"
    assert await owners.claim("begun", "alice") == "alice"
    assert await owners.claim("new", "bob") == "bob"


async def test_the_runs_at_work_of_an_owner_are_those_that_a_process_drives(owners: Owners) -> None:
    leases = Leases(owners.database)
    for thread, owner in (("a", "alice"), ("b", "bob"), ("c", "bob")):
        await owners.claim(thread, owner)
        await leases.take(thread)
    assert await owners.at_work("bob") == {"b", "c"}
    await leases.release("b")
    assert await owners.at_work("bob") == {"c"}
