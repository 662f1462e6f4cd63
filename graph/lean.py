"""The compiled graph as it is given out: pictures sent inline are stored before LangGraph writes anything down.

LangGraph keeps the input of a run in its first checkpoint, in the writes after it and in traces, before any node runs.
So no node can keep bytes out of them, and the graph's own way in does.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any, cast

from langgraph.graph.state import CompiledStateGraph

from overpaint.graph.interface import Input, Output
from overpaint.graph.messages import without_bytes
from overpaint.graph.settings import Settings
from overpaint.graph.state import State


class LeanGraph(CompiledStateGraph[State, Settings, Input, Output]):
    """A compiled graph whose input names pictures by hash, whatever a chat client sent."""

    async def astream(self, input: Any, config: Any = None, **options: Any) -> AsyncIterator[Any]:  # noqa: A002
        """As CompiledStateGraph.astream, which `ainvoke` uses too.

        Raises:
            BadInput: a picture in the messages cannot be used; nothing was written to the thread.
        """
        parts = super().astream(await without_bytes(input), config, **options)
        async with aclosing(cast(Any, parts)) as source:
            async for part in source:
                yield part

    def astream_events(self, input: Any, config: Any = None, *, version: Any = "v2", **options: Any) -> Any:  # noqa: A002
        """As CompiledStateGraph.astream_events, whose first event of versions 1 and 2 repeats the input."""
        if version == "v3":
            return super().astream_events(input, config, version=version, **options)
        return self._events(input, config, version, options)

    async def _events(self, given: Any, config: Any, version: Any, options: dict[str, Any]) -> AsyncIterator[Any]:
        events = super().astream_events(await without_bytes(given), config, version=version, **options)
        async with aclosing(cast(Any, events)) as source:
            async for event in source:
                yield event

    async def aupdate_state(
        self, config: Any, values: Any, as_node: str | None = None, task_id: str | None = None
    ) -> Any:
        """As CompiledStateGraph.aupdate_state, for messages that are added by hand.

        Raises:
            BadInput: a picture in them cannot be used.
        """
        return await super().aupdate_state(config, await without_bytes(values), as_node, task_id)


def lean(graph: CompiledStateGraph[State, Settings, Input, Output]) -> LeanGraph:
    """The same graph with another way in; made as LangGraph's own `copy` makes one."""
    return LeanGraph(**{name: value for name, value in vars(graph).items() if name != "__orig_class__"})
