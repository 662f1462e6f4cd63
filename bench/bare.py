"""A bare LangGraph graph of the shape of ours, which writes the updates that a run of ours wrote."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from contextlib import ExitStack
from copy import deepcopy
from functools import wraps
from typing import Any
from unittest.mock import patch

from langgraph.graph import END, START, StateGraph

from overpaint.graph import flow
from overpaint.graph.attempt import CandidateState, Carried, Judged
from overpaint.graph.interface import Input, Output
from overpaint.graph.state import State

Updates = dict[str, list[Any]]
"""What each node returned, in order."""
RUN = ("intake", "upsample", "specify", "decide", "critique", "deliver")
CANDIDATE = ("generate", "judge")


async def record(work: Coroutine[Any, Any, None]) -> Updates:
    """Do the work, in which one run of ours is made, and note what its nodes return."""
    updates: Updates = {name: [] for name in (*RUN, *CANDIDATE)}
    with ExitStack() as patches:
        for name, seen in updates.items():
            patches.enter_context(patch.object(flow, name, _noted(getattr(flow, name), seen)))
        await work
    return updates


def build(updates: Updates) -> StateGraph[Any, Any, Any, Any]:
    """The bare graph; it can run once."""
    turns = {name: iter(deepcopy(seen)) for name, seen in updates.items()}
    inner: StateGraph[Any, Any, Any, Any] = StateGraph(CandidateState, input_schema=Carried, output_schema=Judged)
    for name in CANDIDATE:
        inner.add_node(name, _replayed(turns[name]))
    inner.add_edge(START, "generate")
    inner.add_edge("generate", "judge")
    inner.add_edge("judge", END)
    outer: StateGraph[Any, Any, Any, Any] = StateGraph(State, input_schema=Input, output_schema=Output)
    for name in RUN:
        outer.add_node(name, _replayed(turns[name]), destinations=("candidate", "critique", "deliver", END))
    outer.add_node("candidate", inner.compile())
    outer.add_edge(START, "intake")
    for name in ("upsample", "specify"):
        outer.add_edge("intake", name)
        outer.add_edge(name, "decide")
    outer.add_edge("candidate", "decide")
    outer.add_edge("deliver", END)
    return outer


def _noted(node: Callable[..., Awaitable[Any]], seen: list[Any]) -> Callable[..., Awaitable[Any]]:
    @wraps(node)
    async def noted(*args: Any, **kwargs: Any) -> Any:
        seen.append(await node(*args, **kwargs))
        return seen[-1]

    return noted


def _replayed(turn: Any) -> Any:
    async def replayed(state: Any) -> Any:
        return next(turn)

    return replayed
