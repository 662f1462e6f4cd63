"""Threads in which no run has begun yet, or whose input was refused: what LangGraph's server knows of them."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

from langgraph_sdk import get_client
from langgraph_sdk.errors import APIStatusError

from overpaint.server.faults_kept import REFUSED, Fault


@dataclass(frozen=True)
class Beginning:
    """What a LangGraph server was asked on a thread, before the graph wrote anything down.

    Args:
        brief: empty where none was given.
        at_work: whether it is being tried right now.
        fault: why it failed.
    """

    brief: str
    at_work: bool
    fault: Fault | None


async def beginning_of(thread: str) -> Beginning | None:
    """How a thread begins; None where this process is no LangGraph server, or one that does not know the thread."""
    if "langgraph_api.server" not in sys.modules:
        return None
    async with get_client() as client:
        try:
            known: Any = await client.threads.get(thread)
            runs: Any = await client.runs.list(thread, limit=1)
        except APIStatusError:
            return None
    given = runs[0]["kwargs"].get("input") if runs else None
    brief = given.get("brief") if isinstance(given, dict) else None
    return Beginning(brief or "", known["status"] == "busy", _fault(known) if known["status"] == "error" else None)


def _fault(known: dict[str, Any]) -> Fault:
    """Why the last run on a thread failed, by the kind and the message that LangGraph keeps of an exception."""
    error = known.get("error") or {}
    kind = error.get("error") or "error"
    if kind == REFUSED:
        return Fault(error["message"], refused=True)
    return Fault(f"it failed to start ({kind}): see the server's log", refused=False)
