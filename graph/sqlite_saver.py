"""LangGraph's SQLite saver, safe to cancel: what it began to write it finishes.

The saver's own methods wait between a statement and its commit. Cancelled there, they leave the transaction open: every
other writer of the file then waits for its lock, also those that this process finishes before it ends the run. Closed
there, the connection keeps the lock for as long as Python keeps the cursor (sqlite.org/c3ref/close.html, zombies).
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

import aiosqlite
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from overpaint.tools.claiming import finished

T = TypeVar("T")


class FinishingSaver(AsyncSqliteSaver):
    """An AsyncSqliteSaver whose writes are whole even when whoever waits for them is cancelled.

    Args:
        conn: as for AsyncSqliteSaver.
    """

    def __init__(self, conn: aiosqlite.Connection) -> None:
        super().__init__(conn)
        self._writing: set[asyncio.Task[Any]] = set()

    async def settled(self) -> None:
        """Wait until nothing is being written; to be called before the connection is closed."""
        while self._writing:
            await asyncio.wait(self._writing)

    async def _finished(self, work: Coroutine[Any, Any, T]) -> T:
        task = asyncio.create_task(work)
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)
        return await finished(task)

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Save a checkpoint."""
        return await self._finished(super().aput(config, checkpoint, metadata, new_versions))

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Save what a task wrote."""
        await self._finished(super().aput_writes(config, writes, task_id, task_path))

    async def adelete_thread(self, thread_id: str) -> None:
        """Drop a thread."""
        await self._finished(super().adelete_thread(thread_id))
