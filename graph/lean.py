"""The compiled graph as it is given out: pictures sent inline are stored before LangGraph writes anything down.

LangGraph keeps the input of a run in its first checkpoint, in the writes after it and in traces, before any node runs.
So no node can keep bytes out of them, and the graph's own way in does.

Where the graph is a node of another, the messages are that graph's: it keeps them as they are, and gets new ones alone.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import aclosing
from typing import Any, cast

from langchain_core.runnables.config import ensure_config
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import StateUpdate

from overpaint.graph.interface import Input, Output
from overpaint.graph.messages import without_bytes
from overpaint.graph.settings import Settings
from overpaint.graph.state import State
from overpaint.tools.faults import BadInput


class LeanGraph(CompiledStateGraph[State, Settings, Input, Output]):
    """A compiled graph whose input names pictures by hash, whatever a chat client sent."""

    async def astream(self, input: Any, config: Any = None, **options: Any) -> AsyncIterator[Any]:  # noqa: A002
        """As CompiledStateGraph.astream, which `ainvoke` uses too.

        Raises:
            BadInput: a picture in the messages cannot be used; nothing was written to the thread.
        """
        given = await without_bytes(input)
        lent = _lent(given, config)
        parts = super().astream(given, config, **options)
        async with aclosing(cast(Any, parts)) as source:
            async for part in source:
                yield _own(part, lent) if lent else part

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

    async def abulk_update_state(self, config: Any, supersteps: Sequence[Sequence[StateUpdate]]) -> Any:
        """As CompiledStateGraph.abulk_update_state, which `aupdate_state` uses too, for what is added by hand.

        Raises:
            BadInput: a picture in the messages cannot be used.
        """
        steps = [
            [StateUpdate(await without_bytes(values), *place) for values, *place in updates] for updates in supersteps
        ]
        return await super().abulk_update_state(config, steps)

    def stream(self, *_: Any, **__: Any) -> Any:
        """Refuse, before anything is written: the nodes are asynchronous. `invoke` comes here too.

        Raises:
            BadInput: always.
        """
        raise BadInput("the graph is asynchronous: use ainvoke, astream or astream_events")

    def bulk_update_state(self, *_: Any, **__: Any) -> Any:
        """Refuse: pictures are stored asynchronously. `update_state` comes here too.

        Raises:
            BadInput: always.
        """
        raise BadInput("the graph is asynchronous: use aupdate_state or abulk_update_state")


def _lent(given: Any, config: Any) -> Collection[str]:
    """The ids of the messages that come from a graph around this one; none where there is no such graph."""
    if not isinstance(given, dict) or not ensure_config(config)["configurable"].get("checkpoint_ns"):
        return ()
    return {message.id for message in given.get("messages") or () if message.id}


def _own(part: Any, lent: Collection[str]) -> Any:
    """Values without the messages that were lent, whether they come plainly or with their stream mode."""
    if isinstance(part, tuple) and part[0] == "values":
        return part[0], _own(part[1], lent)
    if not isinstance(part, dict) or "messages" not in part:
        return part
    return {**part, "messages": [message for message in part["messages"] if message.id not in lent]}


def lean(graph: CompiledStateGraph[State, Settings, Input, Output]) -> LeanGraph:
    """The same graph with another way in; made as LangGraph's own `copy` makes one."""
    return LeanGraph(**{name: value for name, value in vars(graph).items() if name != "__orig_class__"})
