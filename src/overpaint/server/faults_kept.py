"""Why a run stands still: the errors that LangGraph keeps with the step which raised them."""

from __future__ import annotations

import ast
from contextlib import suppress
from dataclasses import dataclass

from overpaint.graph.kept import Graph, Kept
from overpaint.graph.persistence import on_thread

REFUSED = "BadInput"
OURS = frozenset({REFUSED, "ProviderFault", "Held"})
"""Errors that are written for users; the words of any other are left to the log."""


@dataclass(frozen=True)
class Fault:
    """Why a step failed.

    Args:
        text: in words for the user.
        refused: what was given cannot be used, so that the same again fails again.
    """

    text: str
    refused: bool


async def kept_fault(graph: Graph, kept: Kept) -> Fault | None:
    """What the step that comes next failed with when it was last tried; None when it did not.

    A step that was cancelled did not fail: a person did it, or a sibling that failed and says why.
    """
    snapshot = await graph.aget_state(on_thread(kept.thread, kept.checkpoint or None))
    failed = [(str(task.error), task.name) for task in snapshot.tasks if task.error]
    told = [_fault(error, node) for error, node in failed if not error.startswith("CancelledError")]
    return told[0] if told else None


def _fault(error: str, node: str) -> Fault:
    """The message in the `repr` of an exception, which is what a saver keeps of it."""
    kind, _, rest = error.partition("(")
    if kind in OURS:
        with suppress(ValueError, SyntaxError):
            return Fault(str(ast.literal_eval(rest.removesuffix(")").rstrip(","))), kind == REFUSED)
    return Fault(f"the step {node} failed ({kind}): see the server's log", refused=False)
