"""Rows, runs and pictures to score, made by hand."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from overpaint.evaluation.nouns import Outcome, Row, Shot
from overpaint.evaluation.scorers.scorer import Scored
from overpaint.graph.state import empty_receipt


def a_row(name: str = "one", brief: str = "a red circle", **rest: Any) -> Row:
    row = Row(id=name, brief=brief, category="c", requirements=None, pictures=[], captions=[], truth=None)
    return {**row, **rest}  # type: ignore[typeddict-item]


def a_shot(place: int = 0, picture: str | None = "f" * 64, **rest: Any) -> Shot:
    shot = Shot(id=f"{place}.0", round=place, action="start", prompt="p", outcome="ok", picture=picture, score=None,
                passed=None, caption=None)  # fmt: skip
    return {**shot, **rest}  # type: ignore[typeddict-item]


def an_outcome(preset: str = "default", row: str = "one", shots: Sequence[Shot] = (), **rest: Any) -> Outcome:
    outcome = Outcome(
        preset=preset, row=row, category="c", run="r", thread="t", status="passed", stop_reason="passed", error=None,
        stop_round=len(shots) - 1, chosen=shots[-1]["id"] if shots else None, stopped=None, shots=list(shots),
        stages=[], truth=None, receipt=empty_receipt(), seconds=1.0,
    )  # fmt: skip
    return {**outcome, **rest}  # type: ignore[typeddict-item]


def delivered(row: Row, picture: Path | None, preset: str = "default", **rest: Any) -> Scored:
    """The only picture of a run."""
    shot = a_shot()
    scored = Scored(row, shot["id"], picture, an_outcome(preset, row["id"], [shot]), shot)
    return dataclasses.replace(scored, **rest)


def painted(row: Row, files: Sequence[Path], preset: str = "default", captions: Sequence[str] = ()) -> list[Scored]:
    """All pictures of a run, the last of them delivered."""
    said = [*captions, *([None] * (len(files) - len(captions)))]
    shots = [a_shot(place, f"{place:064x}", caption=said[place]) for place in range(len(files))]
    outcome = an_outcome(preset, row["id"], shots)
    return [Scored(row, shot["id"], file, outcome, shot) for shot, file in zip(shots, files, strict=True)]


def png(folder: Path, colour: str, size: tuple[int, int] = (32, 32)) -> Path:
    """The file of a picture of one colour."""
    data = io.BytesIO()
    Image.new("RGB", size, colour).save(data, "PNG")
    folder.mkdir(exist_ok=True)
    file = folder / f"{colour}.png"
    file.write_bytes(data.getvalue())
    return file
