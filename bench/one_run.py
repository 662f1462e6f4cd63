"""One run of the real graph, real tools and real ledger, without checkpoints or contact sheet; and what it had when."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from overpaint.graph.crowning import passes
from overpaint.graph.flow import build_graph
from overpaint.graph.settings import Settings, merge

ONE_GRAPH = build_graph()


@dataclass(frozen=True)
class Stage:
    """What a run would deliver after so many pictures: the champion's sha256, and whether all is believed to hold."""

    images: int
    champion: str | None
    passed: bool


@dataclass(frozen=True)
class History:
    """A run, seen each time it decided: its stages in order, and whether its budget was what ended it."""

    stages: tuple[Stage, ...]
    capped: bool

    def at(self, budget: int) -> Stage | None:
        """What the same run with `max_images` of `budget` delivers; None where this one does not tell.

        It tells where a round ended at just that number, since no round before was cut short by either cap, and where
        the run had ended by itself.
        """
        last = self.stages[-1]
        if last.images < budget and not self.capped:
            return last
        return next((stage for stage in self.stages if stage.images == budget), None)


def budgeted(preset: dict[str, Any], budget: int) -> dict[str, Any]:
    """The settings of a preset within a budget; a preset with a tighter cap of its own keeps it."""
    return {**preset, "max_images": min(budget, preset.get("max_images", budget))}


def run_seed(brief: str) -> int:
    """The seed of all runs of a brief, from its id."""
    return int.from_bytes(hashlib.sha256(brief.encode()).digest()[:4], "big")


async def run_once(text: str, settings: Settings) -> History:
    """Run a brief to its end in the current home."""
    images, stages, reason = 0, [Stage(0, None, False)], None
    async for update in ONE_GRAPH.astream({"brief": text}, context=settings, stream_mode="updates"):
        for node, change in update.items():
            if node == "candidate":
                images += change["receipt"]["images"]
            elif node == "decide":
                stages.append(_stage(images, change["champion"]))
            elif node == "deliver":
                reason = change["ended"]
    return History(tuple(stages), reason == "max_images")


async def histories(text: str, preset: dict[str, Any], budgets: Sequence[int], more: dict[str, Any]) -> list[Stage]:
    """What a preset delivers at each budget: one run at the largest, and one more for each that it does not tell.

    Args:
        text: the brief.
        preset: settings.
        budgets: pictures.
        more: settings laid over the preset's.
    """
    known: list[History] = []
    ends: dict[int, Stage] = {}
    for budget in sorted(budgets, reverse=True):
        end = next((stage for history in known if (stage := history.at(budget))), None)
        if end is None:
            known.append(await run_once(text, merge(budgeted(preset, budget), more)))
            end = known[-1].stages[-1]
        ends[budget] = end
    return [ends[budget] for budget in budgets]


def _stage(images: int, champion: Any) -> Stage:
    picture = champion["image"]["sha256"] if champion and champion["image"] else None
    return Stage(images, picture, passes(champion))
