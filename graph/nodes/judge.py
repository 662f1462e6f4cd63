"""judge: answer the checklist for one candidate, look again where it matters, and write the candidate's record.

The judge is shown a picture and questions, and nothing of how the picture came to be.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

from langgraph.runtime import Runtime

from overpaint.graph.allowance import lowered, model_room
from overpaint.graph.attempt import Attempt, CandidateState, Draft
from overpaint.graph.beliefs import believe, disputed, doubtful, letters, place_of, score, unconfirmed, withheld
from overpaint.graph.effective import overlaid
from overpaint.graph.looking import look_at, with_probabilities
from overpaint.graph.record import Belief, Record, Verdict
from overpaint.graph.settings import Settings
from overpaint.graph.state import Candidate, Receipt, Requirement, add_receipts, empty_receipt
from overpaint.graph.toolbox import Toolbox, open_toolbox
from overpaint.graph.waiting import postponing
from overpaint.prompts import load
from overpaint.tools.budget import NoRoom, Room
from overpaint.tools.images import ImageRef
from overpaint.tools.inspect_image import Look
from overpaint.tools.versions import versions_of


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
    verdict, spent = None, empty_receipt()
    if draft["outcome"] == "ok" and draft["image"] and toolbox.settings.judge_method != "none":
        verdict = await _judged(attempt["checklist"], draft["image"], toolbox)
        spent = await toolbox.spent()
    total = add_receipts(draft["spent"], spent)
    record = await asyncio.to_thread(_record, attempt, draft, verdict, total, toolbox.settings)
    summary = _summary(attempt, record, await toolbox.records.write(record))
    return {"candidates": {attempt["id"]: summary}, "receipt": spent}


def _room(attempt: Attempt, draft: Draft, settings: dict[str, Any]) -> Room:
    """What is left for looks of what the candidate may take."""
    spent, part = draft["spent"], lowered(attempt.get("room", {}), attempt["settings"], settings)
    return model_room(part).less(seconds=spent["seconds"], usd=spent["usd"])


async def _judged(checklist: list[Requirement], image: ImageRef, toolbox: Toolbox) -> Verdict:
    """Look until every belief is settled and a pass is confirmed, or the looks or what they may cost are used up."""
    looks: list[Look] = []
    answers: list[list[dict[str, Any]]] = [[] for _ in checklist]
    beliefs: list[Belief] = []
    places = list(range(len(checklist)))
    while places and len(looks) < toolbox.settings.looks:
        asked = [checklist[i] for i in places]
        box = place_of(asked[0], beliefs[places[0]]) if looks and len(places) == 1 else None
        try:
            look = await look_at(image, asked, [beliefs[i] for i in places] if looks else [], toolbox, box=box)
        except NoRoom as full:
            if not looks:
                return _unjudged(str(full))
            break
        looks.append(look)
        if look["inspection"] is None:
            return _unjudged(look["fault"] or "the judge gave no answer")
        for place, answer in zip(places, look["inspection"]["answers"], strict=True):
            answers[place].append(answer)
        beliefs = [believe(r, a) for r, a in zip(checklist, answers, strict=True)]
        places = sorted({*disputed(beliefs), *doubtful(beliefs), *unconfirmed(beliefs)})
    if toolbox.settings.looks > 1:
        beliefs = withheld(checklist, beliefs)
    if toolbox.settings.probabilities:
        beliefs = await with_probabilities(beliefs, checklist, image, toolbox)
    return _verdict(checklist, beliefs, looks)


def _verdict(checklist: list[Requirement], beliefs: list[Belief], looks: list[Look]) -> Verdict:
    inspections = [look["inspection"] for look in looks if look["inspection"]]
    qualities = [i["quality"] for i in inspections if i["quality"] is not None]
    return Verdict(
        beliefs=beliefs,
        score=score(checklist, beliefs),
        passed=all(b["answer"] == "yes" for b in beliefs),
        quality=round(sum(qualities) / len(qualities), 4) if qualities else None,
        flaws=inspections[0]["flaws"],
        fault=None,
    )


def _unjudged(fault: str) -> Verdict:
    """A broken answer can neither pass nor fail a picture, and an unconfirmed pass is no pass."""
    return Verdict(beliefs=[], score=None, passed=None, quality=None, flaws=[], fault=fault)


def _record(attempt: Attempt, draft: Draft, verdict: Verdict | None, spent: Receipt, settings: Settings) -> Record:
    chats = {role: getattr(settings, role) for role in ("writer", "critic", "judge")}
    used = ("judge.checklist", "judge.again", "judge.details", *(("judge.yes",) if settings.probabilities else ()))
    judged = {name: load(name).label for name in used} if verdict else {}
    return Record(
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
