"""Why a run stands still: the errors that LangGraph keeps with the step which raised them."""

from __future__ import annotations

import ast
from contextlib import suppress

from overpaint.graph.kept import Graph, Kept
from overpaint.graph.persistence import on_thread

OURS = frozenset({"BadInput", "ProviderFault", "Held"})
"""Errors that are written for users; the words of any other are left to the log."""


async def kept_fault(graph: Graph, kept: Kept) -> str:
    """What the step that comes next failed with when it was last tried; empty when it did not."""
    snapshot = await graph.aget_state(on_thread(kept.thread, kept.checkpoint or None))
    failed = [(str(task.error), task.name) for task in snapshot.tasks if task.error]
    # A step that fails has its siblings cancelled, and they say no more than that.
    failed.sort(key=lambda one: one[0].startswith("CancelledError"))
    return _words(*failed[0]) if failed else ""


def _words(error: str, node: str) -> str:
    """The message in the `repr` of an exception, which is what a saver keeps of it."""
    kind, _, rest = error.partition("(")
    if kind in OURS:
        with suppress(ValueError, SyntaxError):
            return str(ast.literal_eval(rest.removesuffix(")").rstrip(",")))
    return f"the step {node} failed ({kind}): see the server's log"
