"""What the page shows of the runs there are: the list of them, and each one whole."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from langchain_core.messages import BaseMessage
from starlette.responses import JSONResponse

from overpaint.graph.flow import build_graph
from overpaint.graph.kept import Graph, Kept, read_thread
from overpaint.graph.persistence import open_checkpointer
from overpaint.graph.state import empty_receipt
from overpaint.result import Run
from overpaint.runs import restore, status_of, worker_on
from overpaint.server.beginnings import Beginning, beginning_of
from overpaint.server.candidates_view import candidates_json
from overpaint.server.faults_kept import Fault, kept_fault
from overpaint.server.keys import Caller, NotThere, current_caller
from overpaint.server.own_threads import forks_of, own_thread, own_threads, runs_of, standing
from overpaint.server.picture_json import picture_or_none
from overpaint.server.registering import register_all
from overpaint.tools.database import open_database
from overpaint.tools.leases import Leases

router = APIRouter(prefix="/overpaint/threads", tags=["runs"])

Who = Annotated[Caller, Depends(current_caller)]
ROLES = {"human": "user", "ai": "assistant"}
"""What clients call the authors of messages."""


@router.get("")
async def list_threads(
    caller: Who,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> JSONResponse:
    """The caller's runs, the one that took a step last first; of a thread its latest."""
    await register_all()
    async with open_checkpointer() as saver:
        graph = build_graph(saver)
        threads = await own_threads(caller, saver)
        kept = [await read_thread(graph, thread) for thread in threads[offset : offset + limit]]
        lines = [await _line(graph, one) for one in kept if "run" in one.values]
    return JSONResponse({"threads": lines, "more": len(threads) > offset + limit})


@router.get("/{thread}")
async def view_thread(thread: str, caller: Who, run: str | None = None) -> JSONResponse:
    """One run with all its candidates: the latest of a thread, or an earlier one that the thread holds."""
    async with own_thread(caller, thread) as graph:
        newest = await read_thread(graph, thread)
        if run is None and "run" not in newest.values:
            return JSONResponse(await _beginning(graph, newest))
        kept = await standing(graph, newest, run)
        around = {
            "runs": list(await runs_of(graph, newest)),
            "children": await forks_of(caller, graph, thread, kept.values["run"]),
        }
        status, fault = await _stands(graph, kept)
    restored = await restore(kept, strict=False)
    seen = await asyncio.to_thread(_view, kept, restored)
    if fault:
        seen["error"] = "; ".join(filter(None, (restored.error, fault.text)))
    return JSONResponse(seen | {"status": status, "refused": status == "failed" and fault is not None} | around)


async def _stands(graph: Graph, kept: Kept) -> tuple[str, Fault | None]:
    """How a run stands, and why its next step failed; a run that was refused before it painted anything has failed."""
    status = status_of(kept)
    if status != "interrupted":
        return status, None
    if await worker_on(kept) is not None:
        return "running", None
    fault = await kept_fault(graph, kept)
    return "failed" if fault and fault.refused and not kept.values.get("candidates") else status, fault


async def _line(graph: Graph, kept: Kept) -> dict[str, Any]:
    """A run in the list."""
    values, champion = kept.values, kept.values.get("champion")
    return {
        "thread": kept.thread,
        "run": values["run"],
        "status": (await _stands(graph, kept))[0],
        "brief": values["asked"]["text"],
        "pictures": values.get("receipt", empty_receipt())["images"],
        "score": champion["score"] if champion else None,
        "updated": kept.updated,
        "champion": await asyncio.to_thread(picture_or_none, champion["image"] if champion else None),
        "forked_from": values.get("forked_from"),
    }


def _view(kept: Kept, run: Run) -> dict[str, Any]:
    return {
        "thread": run.thread,
        "run": run.run,
        "stop_reason": run.stop_reason,
        "why": run.why,
        "error": run.error,
        "brief": run.brief,
        "image": picture_or_none(kept.values["asked"]["image"]),
        "preset": None,
        "settings": run.settings,
        "checklist": run.checklist,
        "receipt": run.receipt,
        "requests": run.requests,
        "interrupts": [{"id": one.id, "value": one.value} for one in kept.interrupts],
        "critique": run.critique,
        "unrendered": run.unrendered,
        "forked_from": run.forked_from,
        "messages": _messages(kept),
        "candidates": candidates_json(run),
    }


def _messages(kept: Kept) -> list[dict[str, str]]:
    """What was said in the thread so far, without pictures."""
    said: list[BaseMessage] = list(kept.values.get("messages", []))
    return [{"role": ROLES.get(message.type, message.type), "text": str(message.text)} for message in said]


async def _beginning(graph: Graph, kept: Kept) -> dict[str, Any]:
    """A thread in which no run has begun yet: LangGraph knows it, and may have taken its input.

    Raises:
        NotThere: nobody knows it.
    """
    begun = await beginning_of(kept.thread)
    if not kept.checkpoint and begun is None:
        raise NotThere
    at_work = (begun is not None and begun.at_work) or await Leases(open_database()).holder(kept.thread) is not None
    fault = await _why_none(graph, kept, begun) if not at_work else None
    given: Any = kept.values
    return {
        "thread": kept.thread,
        "run": None,
        "runs": [],
        "status": "failed" if fault else "interrupted" if kept.checkpoint and not at_work else "starting",
        "refused": fault is not None and fault.refused,
        "stop_reason": None,
        "why": "",
        "error": fault.text if fault else None,
        "brief": given.get("brief") or (begun.brief if begun else ""),
        "image": None,
        "preset": None,
        "settings": {},
        "checklist": [],
        "receipt": empty_receipt(),
        "requests": [],
        "interrupts": [],
        "critique": None,
        "unrendered": None,
        "forked_from": None,
        "children": [],
        "messages": _messages(kept),
        "candidates": [],
    }


async def _why_none(graph: Graph, kept: Kept, begun: Beginning | None) -> Fault | None:
    """Why no run has begun in a thread: what its first step failed with, or, before that, the server."""
    fault = await kept_fault(graph, kept) if kept.checkpoint else None
    return fault or (begun.fault if begun else None)
