"""judge_method=checklist: answer every requirement, look again where it matters."""

from __future__ import annotations

from typing import Any

from overpaint.graph.beliefs import believe, disputed, doubtful, place_of, score, unconfirmed, withheld
from overpaint.graph.judges.subject import Subject, unjudged
from overpaint.graph.looking import look_at, with_probabilities
from overpaint.graph.record import Belief, Verdict
from overpaint.graph.state import Requirement
from overpaint.graph.toolbox import Toolbox
from overpaint.tools.budget import NoRoom
from overpaint.tools.inspect_image import Look

PROMPTS = ("judge.checklist", "judge.again", "judge.details")


async def by_checklist(subject: Subject, toolbox: Toolbox) -> Verdict:
    """Look until every belief is settled and a pass is confirmed, or the looks or what they may cost are used up."""
    checklist, image = subject.checklist, subject.image
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
                return unjudged(str(full))
            break
        looks.append(look)
        if look["inspection"] is None:
            return unjudged(look["fault"] or "the judge gave no answer")
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
