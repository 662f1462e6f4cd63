"""Scores by CLIP features: CLIPScore of picture and brief, and how near a picture is to the reference pictures."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from overpaint.evaluation.scorers.clip import DEFAULT, Clip, load_clip
from overpaint.evaluation.scorers.scorer import Need, Scope, Scored, Value
from overpaint.tools.faults import BadInput

WEIGHT = 2.5
"""Stretches the cosines of matching pairs, which CLIP keeps small, over 0 to 1 (Hessel et al. 2021, section 3)."""


class ClipScore:
    """CLIPScore (Hessel et al., arXiv 2104.08718): 2.5 · max(cos(picture, brief), 0), without references.

    Computed here: torchmetrics' fails with current transformers.

    Args:
        clip: a folder or a hub id of a CLIP model.
        device: where it runs; the best of this machine when None.
    """

    name, unit = "clipscore", "2.5 · cosine"
    span: tuple[float, float] | None = (0.0, 2.5)
    higher_is_better: bool | None = True
    scope: Scope = "pictures"
    references, batch = True, 16
    needs: frozenset[Need] = frozenset({"picture"})

    def __init__(self, clip: str = DEFAULT, device: str | None = None) -> None:
        self.title = f"CLIPScore with the brief, higher is nearer ({_short(clip)})"
        self.options: dict[str, Any] = {"clip": clip}
        self._device = device

    async def check(self, pictures: Sequence[Scored]) -> None:
        """Load the model; raises BadInput where it cannot be had."""
        await asyncio.to_thread(load_clip, self.options["clip"], self._device)

    async def score(self, pictures: Sequence[Scored]) -> list[Value]:
        """Score a batch."""
        clip = load_clip(self.options["clip"], self._device)
        return await asyncio.to_thread(_each, clip, pictures, _matching)


class ImageSimilarity:
    """The cosine of CLIP's features of a picture and of the reference picture of its row; of several, the nearest.

    Args:
        clip: a folder or a hub id of a CLIP model.
        device: where it runs; the best of this machine when None.
    """

    name, unit = "image_similarity", "cosine"
    span: tuple[float, float] | None = (-1.0, 1.0)
    higher_is_better: bool | None = True
    scope: Scope = "pictures"
    references, batch = False, 16
    needs: frozenset[Need] = frozenset({"picture"})

    def __init__(self, clip: str = DEFAULT, device: str | None = None) -> None:
        self.title = f"cosine to the reference picture, higher is nearer, 1 is the same ({_short(clip)})"
        self.options: dict[str, Any] = {"clip": clip}
        self._device = device

    async def check(self, pictures: Sequence[Scored]) -> None:
        """Load the model; raises BadInput where it cannot be had, or no row has a reference."""
        if not any(scored.row["pictures"] for scored in pictures):
            raise BadInput("no row has a reference picture: image_similarity is for datasets that bring them")
        await asyncio.to_thread(load_clip, self.options["clip"], self._device)

    async def score(self, pictures: Sequence[Scored]) -> list[Value]:
        """Score a batch."""
        clip = load_clip(self.options["clip"], self._device)
        return await asyncio.to_thread(_each, clip, pictures, _near)


def _each(clip: Clip, pictures: Sequence[Scored], score: Callable[[Clip, Path, Scored], Value]) -> list[Value]:
    # Encoded at once, for speed; where one cannot be read, each is encoded alone below.
    with suppress(BadInput):
        clip.pictures([scored.picture for scored in pictures if scored.picture])
    values = []
    for scored in pictures:
        try:
            if scored.picture is None:
                raise BadInput("there is no picture")
            values.append(score(clip, scored.picture, scored))
        except BadInput as fault:
            values.append(Value(None, str(fault)))
    return values


def _matching(clip: Clip, picture: Path, scored: Scored) -> Value:
    text = scored.row["brief"]
    cosine = float(clip.pictures([picture])[0] @ clip.text(text))
    unread = max(0, clip.tokens(text) - clip.limit)
    detail = {"cosine": round(cosine, 6), **({"unread_tokens": unread} if unread else {})}
    return Value(round(WEIGHT * max(cosine, 0.0), 6), detail=detail)


def _near(clip: Clip, picture: Path, scored: Scored) -> Value:
    references = [Path(file) for file in scored.row["pictures"]]
    if not references:
        return Value(None, "the row has no reference picture")
    cosines = clip.pictures(references) @ clip.pictures([picture])[0]
    return Value(round(float(cosines.max()), 6), detail={"references": len(references)})


def _short(clip: str) -> str:
    """A model's name for a title: no folder of this machine."""
    return clip.rstrip("/").rpartition("/")[2]
