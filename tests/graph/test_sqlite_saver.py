"""A cancelled write leaves no open transaction behind, which would hold up every other writer of the file."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import aiosqlite
import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, empty_checkpoint
from langgraph.checkpoint.base.id import uuid6

from overpaint.graph.persistence import open_checkpointer
from overpaint.graph.sqlite_saver import FinishingSaver

WRITES = ("aput", "aput_writes", "adelete_thread")


async def write(saver: BaseCheckpointSaver[str], name: str) -> None:
    place: RunnableConfig = {"configurable": {"thread_id": "t", "checkpoint_ns": "", "checkpoint_id": str(uuid6())}}
    if name == "aput":
        await saver.aput(place, {**empty_checkpoint(), "id": str(uuid6())}, {}, {})
    elif name == "aput_writes":
        await saver.aput_writes(place, [("channel", "x")], "task")
    else:
        await saver.adelete_thread("t")


@pytest.mark.parametrize("name", WRITES)
async def test_a_cancelled_write_is_whole_and_lets_others_write(name: str, tmp_path: Path) -> None:
    file = tmp_path / "db"
    async with aiosqlite.connect(file) as connection:
        saver = FinishingSaver(connection)
        await saver.setup()
        for turns in range(12):
            task = asyncio.create_task(write(saver, name))
            for _ in range(turns):
                await asyncio.sleep(0)
            if turns % 2:
                await asyncio.sleep(turns / 20_000)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            assert not saver.conn.in_transaction
            with closing(sqlite3.connect(file, timeout=0)) as other:
                other.execute("CREATE TABLE IF NOT EXISTS other (one)")
                other.commit()


async def test_a_write_that_nobody_waits_for_any_more_is_done_before_the_file_is_closed(home: Path) -> None:
    async with open_checkpointer() as saver:
        file = home / "overpaint.db"
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            task = asyncio.create_task(write(saver, "aput"))
            await asyncio.sleep(0.1)
            for _ in range(2):
                task.cancel()
                await asyncio.sleep(0)
            await asyncio.wait([task])
            other.execute("COMMIT")
    with closing(sqlite3.connect(file, timeout=0)) as other:
        assert other.execute("SELECT COUNT(*) FROM checkpoints").fetchone() == (1,)
        other.execute("CREATE TABLE other (one)")
