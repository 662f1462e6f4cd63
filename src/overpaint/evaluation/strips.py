"""Example strips: for a few briefs, what each preset painted, picture after picture."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from overpaint.evaluation.nouns import Outcome, Row, Shot
from overpaint.evaluation.statistics import succeeded
from overpaint.phrases import ACTIONS, OUTCOMES, percent

if TYPE_CHECKING:
    from overpaint.evaluation.experiment import Experiment

SIDE = 128
"""Longest side of a picture on the page, in pixels."""
BRIEFS, LONGEST = 12, 8
"""Briefs at most, and pictures of a run at most: its first ones, and its last."""
ROOM = 4_000_000
"""Characters that all pictures of the page may take; briefs that would go beyond it are left out."""


@dataclass(frozen=True)
class Frame:
    """One candidate: `url` is empty without a picture; `right` is the truth, None where nobody knows."""

    shot: Shot
    url: str
    right: bool | None
    champion: bool
    action: str
    verdict: str


@dataclass(frozen=True)
class Strip:
    """One run: its pictures in order, of which `left_out` are not shown before the last one."""

    outcome: Outcome
    success: bool
    frames: list[Frame]
    left_out: int


@dataclass(frozen=True)
class Example:
    """One brief under every preset."""

    row: Row
    strips: list[Strip]


def examples(experiment: Experiment) -> list[Example]:
    """The briefs on which the presets differ most, with their pictures; fewer where they would take too much room."""
    outcomes = experiment.outcomes()
    rows = {row["id"]: row for row in experiment.rows()}
    shown: list[Example] = []
    room = ROOM
    for chosen in most_different(outcomes)[:BRIEFS]:
        found = Example(rows[chosen], [_strip(experiment, o) for o in outcomes if o["row"] == chosen])
        room -= sum(len(frame.url) for strip in found.strips for frame in strip.frames)
        if room < 0 and shown:
            break
        shown.append(found)
    return shown


def most_different(outcomes: Sequence[Outcome]) -> list[str]:
    """The rows, those first on which the success of the presets is most divided.

    Of equally divided ones those with more pictures come first, then those with the lesser id. Rows where all
    presets agree come last.
    """
    runs: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        runs.setdefault(outcome["row"], []).append(outcome)

    def standing(row: str) -> tuple[float, int, str]:
        share = sum(succeeded(outcome) for outcome in runs[row]) / len(runs[row])
        return abs(share - 0.5), -sum(len(outcome["shots"]) for outcome in runs[row]), row

    return sorted(runs, key=standing)


def _strip(experiment: Experiment, outcome: Outcome) -> Strip:
    shots = outcome["shots"]
    kept = shots if len(shots) <= LONGEST else [*shots[: LONGEST - 1], shots[-1]]
    frames = [_frame(experiment, outcome, shot) for shot in kept]
    return Strip(outcome, succeeded(outcome), frames, len(shots) - len(kept))


def _frame(experiment: Experiment, outcome: Outcome, shot: Shot) -> Frame:
    path = experiment.image(shot["picture"]) if shot["picture"] else None
    truth = outcome["truth"]
    return Frame(
        shot=shot,
        url=thumbnail(path) if path else "",
        right=truth.get(shot["picture"]) if truth and shot["picture"] else None,
        champion=shot["id"] == outcome["chosen"],
        action=ACTIONS.get(shot["action"], shot["action"]),
        verdict=_verdict(shot),
    )


def _verdict(shot: Shot) -> str:
    if shot["outcome"] != "ok":
        return OUTCOMES.get(shot["outcome"], shot["outcome"])
    if shot["passed"] is None:
        return "not judged"
    return f"{'passed' if shot['passed'] else 'not passed'}, {percent(shot['score'])}"


def thumbnail(path: Path) -> str:
    """A picture of at most SIDE pixels a side as a data: URL; empty when it cannot be read."""
    from PIL import Image

    try:
        with Image.open(path) as opened:
            image = opened.convert("RGBA" if opened.has_transparency_data else "RGB")
    except (OSError, ValueError, Image.DecompressionBombError):
        return ""
    image.thumbnail((SIDE, SIDE))
    data = io.BytesIO()
    image.save(data, "WEBP", quality=80)
    return f"data:image/webp;base64,{base64.b64encode(data.getvalue()).decode()}"
