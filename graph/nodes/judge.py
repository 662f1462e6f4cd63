"""judge: judge one candidate by the method of the settings, and write its record.

The judge is shown a picture and questions, and nothing of how the picture came to be.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from langgraph.runtime import Runtime

from overpaint.graph.allowance import lowered, model_room
from overpaint.graph.attempt import Attempt, CandidateState, Draft
from overpaint.graph.beliefs import letters
from overpaint.graph.chat_settings import Role
from overpaint.graph.effective import overlaid
from overpaint.graph.judges import caption, checklist, score, strict
from overpaint.graph.judges.subject import Subject
from overpaint.graph.record import Record, Verdict
from overpaint.graph.settings import Settings
from overpaint.graph.state import Candidate, Receipt, add_receipts, empty_receipt
from overpaint.graph.templates import text_of
from overpaint.graph.toolbox import Toolbox, open_toolbox
from overpaint.graph.waiting import postponing
from overpaint.tools.budget import Room
from overpaint.tools.versions import versions_of

Judging = Callable[[Subject, Toolbox], Awaitable[Verdict]]
METHODS: dict[str, tuple[Judging, tuple[str, ...]]] = {
    "checklist": (checklist.by_checklist, checklist.PROMPTS),
    "score": (score.by_score, score.PROMPTS),
    "strict": (strict.by_match, strict.PROMPTS),
    "caption": (caption.by_caption, caption.PROMPTS),
}
"""How pictures are judged, and the prompt files it takes; any other method judges none."""


async def judge(state: CandidateState, runtime: Runtime[Settings]) -> CandidateState:
    """Judge what passed the gate. Whatever became of the candidate, its record is written before state names it.

    Raises:
        Postponed: the judge failed; the picture waits for it, and the pictures beside it go on.
    """
    async with postponing(runtime):
        return await _settled(state["attempt"], state["draft"], runtime)


async def _settled(attempt: Attempt, draft: Draft, runtime: Runtime[Settings]) -> CandidateState:
    settings = overlaid(attempt["settings"], runtime.context)
    room = _room(attempt, draft, settings)
    toolbox = await open_toolbox(settings, attempt["run"], f"judge {attempt['id']}", runtime, room)
    verdict = await _judged(attempt, draft, toolbox)
    spent = await toolbox.spent() if verdict else empty_receipt()
    total = add_receipts(draft["spent"], spent)
    record = await asyncio.to_thread(_record, attempt, draft, verdict, total, toolbox.settings)
    summary = _summary(attempt, record, await toolbox.records.write(record))
    return {"candidates": {attempt["id"]: summary}, "receipt": spent}


def _room(attempt: Attempt, draft: Draft, settings: dict[str, Any]) -> Room:
    """What is left for looks of what the candidate may take."""
    spent, part = draft["spent"], lowered(attempt.get("room", {}), attempt["settings"], settings)
    return model_room(part).less(seconds=spent["seconds"], usd=spent["usd"])


async def _judged(attempt: Attempt, draft: Draft, toolbox: Toolbox) -> Verdict | None:
    judging = METHODS.get(toolbox.settings.judge_method)
    if judging is None or draft["outcome"] != "ok" or draft["image"] is None:
        return None
    brief = attempt.get("brief", "")
    return await judging[0](Subject(draft["image"], attempt["checklist"], brief, draft["prompt"]), toolbox)


def _record(attempt: Attempt, draft: Draft, verdict: Verdict | None, spent: Receipt, settings: Settings) -> Record:
    chats = _chats(settings)
    judged = _prompts(settings) if verdict else {}
    record = Record(
        id=attempt["id"],
        run=attempt["run"],
        round=attempt["round"],
        action=attempt["action"],
        parent=attempt["parent"],
        previous=attempt["previous"],
        prompt=draft["prompt"],
        boxes=attempt["boxes"],
        seed=draft["seed"],
        feedback=attempt["feedback"],
        outcome=draft["outcome"],
        reason=draft["reason"],
        image=draft["image"],
        verdict=verdict,
        params=draft["params"],
        notes=draft["notes"],
        models={"painter": settings.painter, **chats},
        prompts={**attempt["prompts"], **judged},
        spent=spent,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        settings=settings.kept,
        versions=versions_of(settings.painter, frozenset(chats.values())),
    )
    if "suggested" in attempt:
        record["suggested"] = attempt["suggested"]
    return record


def _chats(settings: Settings) -> dict[str, str]:
    roles: tuple[Role, ...] = ("writer", "critic", "judge")
    asked: tuple[Role, ...] = (*roles, "captioner") if settings.judge_method == "caption" else roles
    return {role: settings.model_of(role) for role in asked}


def _prompts(settings: Settings) -> dict[str, str]:
    """The labels of the judge's prompt files, or of what replaces them."""
    used = METHODS[settings.judge_method][1] + (("judge.yes",) if settings.probabilities else ())
    return {name: text_of(name, settings.templates).label for name in used}


def _summary(attempt: Attempt, record: Record, sha256: str) -> Candidate:
    verdict = record["verdict"]
    return Candidate(
        id=attempt["id"],
        parent=attempt["parent"],
        round=attempt["round"],
        action=attempt["action"],
        depth=attempt["depth"],
        seed=record["seed"],
        outcome=record["outcome"],
        image=record["image"],
        beliefs=letters(verdict["beliefs"]) if verdict else "",
        score=verdict["score"] if verdict else None,
        record=sha256,
    )
