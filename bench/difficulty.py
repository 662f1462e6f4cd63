"""How hard each brief is: how often one picture of its best full caption is right, over many seeds."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import comb
from pathlib import Path

import easel
from one_run import run_seed
from provenance import code_digest, weights_digest
from rates import grid
from runs import append, read, spread
from typing_extensions import TypedDict

from overpaint.evaluation.scenes.briefs import Brief
from overpaint.evaluation.scenes.ground_truth import things_in
from overpaint.evaluation.scenes.matching import shows
from overpaint.graph.minting import derive_seed
from overpaint.graph.schemas import Upsampled
from overpaint.prompts import load
from overpaint.shapes.chat import answer
from overpaint.shapes.wire import Request
from overpaint.tools.painters import PaintRequest, get_painter

HARD = 0.02
"""A brief with a lower share of right pictures counts as out of reach of single pictures."""
SURE = 0.025
"""Painting stops once so many successes would have less than this chance if the share were HARD."""
LEAST = 10
"""But not before so many pictures, so that the shares of easier briefs are told apart."""
EDGES = (0.0, HARD, 0.1, 0.25, 0.5, 0.75, 1.0)
WIDTH = 40


class Ease(TypedDict):
    """What came of single pictures of one brief."""

    key: str
    brief: str
    category: str
    objects: int
    right: int
    painted: int


@dataclass(frozen=True)
class Trial:
    """One brief to paint so many times."""

    brief: Brief
    pictures: int
    weights: Path | None
    key: str


def measure(
    briefs: Sequence[Brief], pictures: int, *, weights: Path | None, workers: int | None, kept: Path | None
) -> list[Ease]:
    """Paint each brief's upsampled prompt from up to `pictures` seeds; fewer where it is soon certain not to be hard.

    Args:
        briefs: what to paint.
        pictures: seeds for each.
        weights: folder of other weights; the built-in ones when None.
        workers: processes; one per core when None.
        kept: file of what was measured before.
    """
    key = f"difficulty/{pictures}/{weights_digest(weights)}/{code_digest()}"
    trials = [Trial(brief, pictures, weights, f"{key}/{brief.id}/{brief.text}") for brief in briefs]
    done: dict[str, Ease] = read(kept)
    for ease in spread(run_trial, [t for t in trials if t.key not in done], workers):
        done[ease["key"]] = ease
        append(kept, [ease])
    return [done[trial.key] for trial in trials]


def run_trial(trial: Trial) -> Ease:
    """Paint one brief until its share is settled, in this process."""
    brief = trial.brief
    right, painted = asyncio.run(_painted(trial))
    easel.forget()
    return Ease(
        key=trial.key, brief=brief.id, category=brief.category, objects=brief.objects, right=right, painted=painted
    )


def caption(brief: str, token_limit: int | None) -> str:
    """The prompt that the built-in writer makes of a brief."""
    asked = load("upsample").render(brief=brief, token_limit=token_limit)[1]
    return str(json.loads(answer(Request(asked, None), Upsampled.model_json_schema()))["prompt"])


def settled(right: int, painted: int) -> bool:
    """Whether it is certain that the share is above HARD: a one-sided binomial test at level SURE."""
    fewer = sum(comb(painted, k) * HARD**k * (1 - HARD) ** (painted - k) for k in range(right))
    return painted >= LEAST and 1 - fewer < SURE


def told(eases: Sequence[Ease]) -> str:
    """The distribution, overall and by category, as text."""
    kinds = list(dict.fromkeys(e["category"] for e in sorted(eases, key=lambda e: e["brief"])))
    groups = {"all": list(eases), **{kind: [e for e in eases if e["category"] == kind] for kind in kinds}}
    groups |= {f"{n} objects": [e for e in eases if e["objects"] == n] for n in sorted({e["objects"] for e in eases})}
    head = ["briefs", "number", *(f"< {100 * high:g}%" for high in EDGES[1:-1]), f"to {100 * EDGES[-1]:g}%"]
    rows = [[name, str(len(group)), *(f"{100 * n / len(group):.0f}" for n in histogram(group))]
            for name, group in groups.items()]  # fmt: skip
    table = grid("Share of briefs (%) by success of one picture of the best full caption", head, rows)
    hard = sum(share(e) < HARD for e in eases) / len(eases)
    least = f"{hard:.1%} of the briefs are right in fewer than {HARD:.0%} of single pictures."
    return f"{table}\n\n{_bars(eases)}\n\n{least}"


def share(ease: Ease) -> float:
    """The share of right pictures."""
    return ease["right"] / ease["painted"]


def histogram(eases: Sequence[Ease]) -> list[int]:
    """How many briefs fall between each two EDGES; the upper edge belongs to the next, but for the last."""
    inner = [sum(share(ease) >= edge for edge in EDGES[1:-1]) for ease in eases]
    return [inner.count(at) for at in range(len(EDGES) - 1)]


def _bars(eases: Sequence[Ease]) -> str:
    counts = histogram(eases)
    labels = [f"{100 * low:g}-{100 * high:g}%" for low, high in pairwise(EDGES)]
    return "\n".join(
        f"{label:>8} {'#' * round(WIDTH * n / max(counts))} {n}" for label, n in zip(labels, counts, strict=True)
    )


async def _painted(trial: Trial) -> tuple[int, int]:
    painter = get_painter(easel.named(trial.weights))
    prompt = caption(trial.brief.text, painter.abilities.token_limit)
    right = 0
    for number in range(1, trial.pictures + 1):
        seed = derive_seed(run_seed(trial.brief.id), f"difficulty {number}")
        result = await painter.paint(PaintRequest(prompt, seed=seed))
        right += shows(trial.brief.spec, things_in(result.data or b""))
        if settled(right, number):
            return right, number
    return right, trial.pictures
