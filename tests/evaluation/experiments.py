"""A made-up experiment on disk, as `overpaint eval` leaves one: real files, real small pictures, plausible numbers."""

from __future__ import annotations

import asyncio
import io
import uuid
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

from PIL import Image, ImageDraw

from overpaint.evaluation.experiment import Experiment, create_experiment
from overpaint.evaluation.nouns import BadRow, Outcome, Row, Score, Shot, Stage
from overpaint.graph.state import Receipt
from overpaint.tools.images import ImageStore

SKILL = {"default": 0.6, "best-of-n": 0.35, "one-shot": 0.4, "unlucky": 0.0}
"""How often a picture of a preset is right; 0.45 for any other."""
CATEGORIES = ("counting", "colours", "positions")
COLOURS = ("red", "green", "blue", "orange", "purple", "black")
HOSTILE = '"><script>alert(1)</script><img src="https://evil.example/x.png" onerror=alert(2)> {{ 7*7 }} \u202e\x1b[31m </style>'


def make_experiment(
    folder: Path,
    presets: Sequence[str] = ("one-shot", "best-of-n", "default"),
    rows: int = 12,
    budget: int = 6,
    *,
    scorers: Sequence[str] = ("clipscore",),
    truth: bool = True,
    words: str = "",
    side: int = 48,
    seed: int = 0,
) -> Experiment:
    """Write the folder of an experiment; the same arguments write the same files.

    Args:
        folder: where; must not exist.
        presets: names; "one-shot" paints one picture.
        rows: briefs, in three categories, all under every preset; the second fails under the last preset, and under
            the first preset the third has a picture that was refused.
        budget: pictures a run may have.
        scorers: names of scorers that have scored every picture, and one reference picture of each brief; one in ten
            could not be scored.
        truth: whether it is known of every picture if it is right.
        words: added to every brief, prompt, error and bad row (`HOSTILE`, say).
        side: width and height of the pictures, in pixels.
        seed: of the chances.
    """
    briefs = [_row(place, words, truth) for place in range(rows)]
    pictures: dict[str, bytes] = {}
    outcomes = [
        _outcome(Random(f"{seed}/{preset}/{row['id']}"), preset, row, budget, pictures, truth, words, side)
        for row in briefs
        for preset in presets
    ]
    if rows > 1:
        outcomes[2 * len(presets) - 1] = _failed(outcomes[2 * len(presets) - 1], words)
    if rows > 2:
        _add_refused(outcomes[2 * len(presets)])
    experiment = create_experiment(folder.name, _about(presets, briefs, budget, words), briefs, folder.parent)
    asyncio.run(_save(experiment.home / "images", list(pictures.values())))
    for outcome in outcomes:
        experiment.add_outcome(outcome)
    for scorer in scorers:
        experiment.add_scores(scorer, _scores(Random(f"{seed}/{scorer}"), outcomes))
    return experiment


def _row(place: int, words: str, truth: bool) -> Row:
    colour, number = COLOURS[place % len(COLOURS)], 1 + place % 3
    return Row(
        id=f"row-{place:03}",
        brief=f"{number} {colour} circle{'s' * (number > 1)} {words}".strip(),
        category=CATEGORIES[place % len(CATEGORIES)],
        requirements=None,
        pictures=[],
        captions=[],
        truth={"objects": number} if truth else None,
    )


def _outcome(
    chance: Random, preset: str, row: Row, budget: int, pictures: dict[str, bytes], truth: bool, words: str, side: int
) -> Outcome:
    shots: list[Shot] = []
    right: dict[str, bool] = {}
    while len(shots) < (1 if preset == "one-shot" else budget) and not any(shot["passed"] for shot in shots):
        good = chance.random() < SKILL.get(preset, 0.45)
        png = _picture(chance, row, good, side)
        sha = sha256(png).hexdigest()
        pictures[sha], right[sha] = png, good
        shots.append(_shot(chance, len(shots), sha, good, f"{row['brief']}, take {len(shots) // 2} {words}"))
    stages = _stages(shots)
    stopped = shots[-1]["passed"]
    return Outcome(
        preset=preset, row=row["id"], category=row["category"],
        run=uuid.UUID(int=chance.getrandbits(128)).hex, thread=str(uuid.UUID(int=chance.getrandbits(128))),
        status="passed" if stopped else "stopped", stop_reason="passed" if stopped else "max_images",
        error=None, stop_round=len(shots) - 1, chosen=stages[-1]["champion"], stopped=stages[-1]["champion"],
        shots=shots, stages=stages, truth=right if truth else None,
        receipt=Receipt(
            images=len(shots), unknown=0, calls=3 * len(shots), tokens=900 * len(shots), cached=0,
            seconds=round(0.7 * len(shots), 1), usd=0.0,
        ),
        seconds=round(0.9 * len(shots), 1),
    )  # fmt: skip


def _shot(chance: Random, place: int, sha: str, good: bool, prompt: str) -> Shot:
    passed = good if chance.random() < 0.9 else not good
    return Shot(
        id=f"{place}.0",
        round=place,
        action="start" if place == 0 else "revise" if place % 2 else "edit",
        prompt=prompt,
        outcome="ok",
        picture=sha,
        score=1.0 if passed else round(chance.uniform(0.2, 0.9), 2),
        passed=passed,
        caption=None,
    )


def _stages(shots: list[Shot]) -> list[Stage]:
    stages = []
    for end in range(1, len(shots) + 1):
        best = max(shots[:end], key=lambda shot: shot["score"] or 0)
        stages.append(
            Stage(
                images=end, calls=3 * end, tokens=900 * end, seconds=round(0.9 * end, 1),
                champion=best["id"], picture=best["picture"], passed=bool(best["passed"]),
            )
        )  # fmt: skip
    return stages


def _failed(outcome: Outcome, words: str) -> Outcome:
    nothing = Receipt(images=0, unknown=0, calls=1, tokens=120, cached=0, seconds=0.2, usd=0.0)
    return {
        **outcome, "status": "failed", "stop_reason": None, "error": f"the writer answered 503 {words}".strip(),
        "stop_round": None, "chosen": None, "stopped": None, "shots": [], "stages": [],
        "truth": None if outcome["truth"] is None else {}, "receipt": nothing, "seconds": 0.2,
    }  # fmt: skip


def _add_refused(outcome: Outcome) -> None:
    """Add a first candidate that the painter refused."""
    refused: Shot = {
        **outcome["shots"][0], "id": "0.1", "outcome": "blocked", "picture": None, "score": None, "passed": None,
    }  # fmt: skip
    outcome["shots"].insert(1, refused)


def _picture(chance: Random, row: Row, good: bool, side: int) -> bytes:
    """A circle in the colour of the brief, or in another; no two pictures are the same."""
    place = COLOURS.index(row["brief"].split()[1])
    colour = COLOURS[place if good else (place + 2) % len(COLOURS)]
    image = Image.new("RGB", (side, side), (240 + chance.randrange(16), 240, 240))
    x, y, wide = (chance.uniform(0.1, 0.4) * side for _ in range(3))
    ImageDraw.Draw(image).ellipse((x, y, x + wide + 8, y + wide + 8), colour)
    image.putpixel((0, 0), tuple(chance.randrange(256) for _ in range(3)))
    data = io.BytesIO()
    image.save(data, "PNG")
    return data.getvalue()


def _scores(chance: Random, outcomes: list[Outcome]) -> list[Score]:
    """Scores that know a little of the truth: 0.3 and around it, more for a right picture."""
    found = [
        _score(
            chance, outcome["preset"], outcome["row"], shot["id"], (outcome["truth"] or {}).get(shot["picture"], False)
        )
        for outcome in outcomes
        for shot in outcome["shots"]
        if shot["picture"]
    ]
    return [_score(chance, "", row, "reference", True) for row in sorted({o["row"] for o in outcomes})] + found


def _score(chance: Random, preset: str, row: str, shot: str, good: bool) -> Score:
    value = None if chance.random() < 0.1 else round(chance.gauss(0.34 if good else 0.3, 0.03), 4)
    fault = "the picture cannot be read" if value is None else None
    return Score(preset=preset, row=row, shot=shot, value=value, fault=fault, detail={})


def _about(presets: Sequence[str], rows: list[Row], budget: int, words: str) -> dict[str, Any]:
    bad = [BadRow(where="line 7", reason=f"it has no brief {words}".strip())]
    settings = {"painter": "shapes", "writer": "shapes", "judge": "shapes", "critic": "shapes", "max_images": budget}
    return {
        "id": str(uuid.UUID(int=7)), "created": "2026-01-02T03:04:05+00:00",
        "dataset": {
            "name": "scenes", "source": "made up", "digest": sha256(b"made up").hexdigest(),
            "rows": [row["id"] for row in rows], "bad": bad, "total": len(rows) + len(bad), "facts": {},
        },
        "presets": {
            preset: settings | {"upsample": place == 0, "per_round": 1 + place % 2}
            | ({"max_images": 1} if preset == "one-shot" else {})
            for place, preset in enumerate(presets)
        },
        "budget": budget, "sample": None, "versions": {"overpaint": "0.1.0", "langgraph": "1.2.0"},
        "prompts": {"judge.checklist.v1": sha256(b"prompt").hexdigest()},
    }  # fmt: skip


async def _save(folder: Path, pictures: list[bytes]) -> None:
    store = ImageStore(folder)
    for data in pictures:
        await store.save(data)
