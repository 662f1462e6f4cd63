"""Scores that the runs themselves recorded: the ground truth of scenes, and what the run's own judge gave."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from overpaint.evaluation.nouns import Outcome, Shot
from overpaint.evaluation.scorers.scorer import Need, Scope, Scored, Value
from overpaint.tools.faults import BadInput


class Truth:
    """Whether a picture shows the brief, by the ground truth of built-in scenes: 1 or 0."""

    name, title, unit = "truth", "right by ground truth", "share"
    span: tuple[float, float] | None = (0.0, 1.0)
    higher_is_better: bool | None = True
    scope: Scope = "pictures"
    references, batch = False, 500
    needs: frozenset[Need] = frozenset()

    def __init__(self) -> None:
        self.options: dict[str, Any] = {}

    async def check(self, pictures: Sequence[Scored]) -> None:
        """Raise BadInput where nothing is known of any row."""
        if not any(scored.outcome and scored.outcome["truth"] for scored in pictures):
            raise BadInput("truth is known of built-in scenes only: score other datasets by checklist or auditor")

    async def score(self, pictures: Sequence[Scored]) -> list[Value]:
        """Look up what is known of each picture."""
        return [_recorded(scored, _truth) for scored in pictures]


class Checklist:
    """The share of the checklist that the run's own judge saw, by weight. A preset is no neutral judge of itself."""

    name, title, unit = "checklist", "checklist passed, by the run's own judge", "share"
    span: tuple[float, float] | None = (0.0, 1.0)
    higher_is_better: bool | None = True
    scope: Scope = "pictures"
    references, batch = False, 500
    needs: frozenset[Need] = frozenset()

    def __init__(self) -> None:
        self.options: dict[str, Any] = {}

    async def check(self, pictures: Sequence[Scored]) -> None:
        """Raise BadInput where no picture was judged by a checklist."""
        if not any(s.shot and s.shot["score"] is not None and not _is_other(s) for s in pictures):
            raise BadInput("no picture of these runs was judged by a checklist: score them by auditor")

    async def score(self, pictures: Sequence[Scored]) -> list[Value]:
        """Look up what the judge gave each picture."""
        return [
            Value(None, "this preset's judge answers no checklist") if _is_other(scored) else _recorded(scored, _judged)
            for scored in pictures
        ]


def _is_other(scored: Scored) -> bool:
    """Whether the judge of the run judged in another way than by a checklist."""
    return bool(scored.settings.get("judge_method", "checklist") != "checklist")


def _recorded(scored: Scored, read: Callable[[Outcome, Shot], Value]) -> Value:
    if scored.outcome is None or scored.shot is None:
        return Value(None, "a reference picture was never judged")
    return read(scored.outcome, scored.shot)


def _truth(outcome: Outcome, shot: Shot) -> Value:
    right = (outcome["truth"] or {}).get(shot["picture"] or "")
    return Value(None, "nobody knows whether it is right") if right is None else Value(float(right))


def _judged(outcome: Outcome, shot: Shot) -> Value:
    if shot["score"] is None:
        return Value(None, "the judge gave no verdict")
    return Value(shot["score"], detail={"passed": shot["passed"]})
