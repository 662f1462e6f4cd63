"""LangGraph's SQLite saver, safe to cancel: what it began to write it finishes.

The saver's own methods wait between a statement and its commit. Cancelled there, they leave the transaction open: every
other writer of the file then waits for its lock, also those that this process finishes before it ends the run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from overpaint.tools.claiming import finished


class FinishingSaver(AsyncSqliteSaver):
    """An AsyncSqliteSaver whose writes are whole even when whoever waits for them is cancelled."""

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Save a checkpoint."""
        return await finished(super().aput(config, checkpoint, metadata, new_versions))

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Save what a task wrote."""
        await finished(super().aput_writes(config, writes, task_id, task_path))

    async def adelete_thread(self, thread_id: str) -> None:
        """Drop a thread."""
        await finished(super().adelete_thread(thread_id))
