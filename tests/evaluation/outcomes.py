"""Outcomes and scores written by hand, from as little as a test has to say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from overpaint.evaluation.nouns import Outcome, Row, Score, Shot, Stage
from overpaint.graph.state import empty_receipt


def shot(place: int, passed: bool | None = False, **more: Any) -> Shot:
    """The candidate of a round, one picture a round; its picture is named after the round."""
    made = Shot(
        id=f"{place}.0", round=place, action="start" if place == 0 else "revise", prompt="a red circle", outcome="ok",
        picture=f"picture{place}", score=1.0 if passed else 0.5, passed=passed, caption=None,
    )  # fmt: skip
    return made | more  # type: ignore[return-value]


def outcome(preset: str, row: str, held: Sequence[bool], *, truth: bool = True, **more: Any) -> Outcome:
    """A run that painted a picture a round and then held a right one, or not; the last champion is delivered.

    Args:
        preset: its preset.
        row: its brief.
        held: for each round, whether the champion after it is right. The judge passes what is right.
        truth: whether it is known what is right; if not, the judge alone says so.
        more: fields to replace.
    """
    images = len(held)
    stages = [
        Stage(
            images=k, calls=2 * k, tokens=100 * k, seconds=float(k), champion=f"{k - 1}.0", picture=f"picture{k - 1}",
            passed=right,
        )
        for k, right in enumerate(held, 1)
    ]  # fmt: skip
    made = Outcome(
        preset=preset, row=row, category="counting", run=f"run-{preset}-{row}", thread="", status="stopped",
        stop_reason="max_images", error=None, stop_round=None, chosen=f"{images - 1}.0" if images else None,
        stopped=None, shots=[shot(k, right) for k, right in enumerate(held)], stages=stages,
        truth={f"picture{k}": right for k, right in enumerate(held)} if truth else None,
        receipt={**empty_receipt(), "images": images, "calls": 2 * images, "tokens": 100 * images},
        seconds=float(10 * images),
    )  # fmt: skip
    return made | more  # type: ignore[return-value]


def failed(preset: str, row: str, held: Sequence[bool] = ()) -> Outcome:
    """A run that failed, after what it held."""
    return outcome(preset, row, held, status="failed", stop_reason=None, error="the painter is gone", chosen=None)


def score(preset: str, row: str, name: str, value: float | None) -> Score:
    """What a scorer gave a candidate, or with an empty preset a reference."""
    return Score(preset=preset, row=row, shot=name, value=value, fault=None if value is not None else "no", detail={})


def row(name: str, brief: str = "a red circle") -> Row:
    """A row of a dataset."""
    return Row(id=name, brief=brief, category="counting", requirements=None, pictures=[], captions=[], truth=None)
