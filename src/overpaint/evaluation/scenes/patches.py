"""From a picture to its things as patches of ink: the first half of the second inspector (`ground_truth`)."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import TYPE_CHECKING, Any

from PIL import Image

from overpaint.shapes.scene import COLOURS, GROUND, PALETTE, SIDE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]
    Plane = NDArray[np.float64]
    Labels = NDArray[np.intp]

OPPONENT = ((1 / 3, 0.7, 0.35), (1 / 3, -0.7, 0.35), (1 / 3, 0.0, -0.7))
"""From RGB to lightness, red against green, yellow against blue: linear, so a mix with the ground keeps its way."""
FAINT = 0.4
"""Share of a colour's full strength up to which a pixel is ground."""
CONTACT = 0.25
"""Share of its border that a patch must have with a thing to be part of it; two things that touch have less."""
STAIN = 0.25
"""Patches that make less than this share of a thing are stains on it."""
ALIKE = 45.0
"""Opponent distance below which inks that meet are one, unevenly laid; the nearest, orange and yellow, are 64 apart."""
WIDEST = 21
"""Pixels; a large shape spans at most 20. What is wider is parted if it can be, and is no shape from 5 more on."""


def read_pixels(picture: bytes | Image.Image) -> Plane:
    """RGB of the picture on the ground, 64 x 64."""
    import numpy as np

    layer = (Image.open(BytesIO(picture)) if isinstance(picture, bytes) else picture).convert("RGBA")
    flat = Image.alpha_composite(Image.new("RGBA", layer.size, (*GROUND, 255)), layer).convert("RGB")
    return np.asarray(flat.resize((SIDE, SIDE), Image.Resampling.BOX), np.float64)


def away_from_ground(pixels: Plane) -> Plane:
    """How each pixel differs from the ground, in opponent colours."""
    away: Plane = (pixels - GROUND) @ OPPONENT
    return away


def ink(away: Plane) -> tuple[Plane, Labels]:
    """Per pixel: how far it is from the ground, 1 being the full palette colour, and which colour's way it goes."""
    import numpy as np

    full = away_from_ground(np.array([PALETTE[colour] for colour in COLOURS], np.float64))
    reach = np.linalg.norm(full, axis=1)
    colour = (away @ (full / reach[:, None]).T).argmax(axis=-1)
    return np.linalg.norm(away, axis=-1) / reach[colour], colour


def label_things(strength: Plane, colour: Labels, away: Plane) -> Labels:
    """Number the things from 1 on; 0 is ground."""
    import numpy as np

    labels = _flood(np.where(strength > FAINT, colour + 1, 0))
    _absorb(labels, away)
    for label in np.unique(labels[labels > 0]):
        mask = labels == label
        if span(mask) > WIDEST:
            labels[mask] = labels.max() + _parted(mask, strength)
    return labels


def _flood(kinds: NDArray[Any]) -> Labels:
    """Number the areas of one kind that hang together by sides or corners from 1 on; kind 0 stays 0."""
    import numpy as np

    width = SIDE + 2
    padded = np.pad(kinds, 1).ravel()
    flat: list[int] = padded.tolist()
    labels, count = [0] * len(flat), 0
    for start in padded.nonzero()[0].tolist():
        if labels[start]:
            continue
        count += 1
        labels[start], kind, waiting = count, flat[start], [start]
        while waiting:
            at = waiting.pop()
            for step in (-width - 1, -width, -width + 1, -1, 1, width - 1, width, width + 1):
                if flat[at + step] == kind and not labels[at + step]:
                    labels[at + step] = count
                    waiting.append(at + step)
    return np.array(labels, np.intp).reshape(width, width)[1:-1, 1:-1].copy()


def _absorb(labels: Labels, away: Plane) -> None:
    """Give what is no thing of its own to the larger area it touches most, from the smallest up."""
    import numpy as np

    sizes = np.bincount(labels.ravel())
    room = STAIN * sizes
    for label in sizes.argsort():
        mask = labels == label
        touched = np.bincount(labels[_grown(mask) & ~mask], minlength=len(sizes))
        border, touched[0] = touched.sum(), 0
        host = int(touched.argmax())
        if not label or not touched[host] or sizes[host] < sizes[label]:
            continue
        stain = bool(sizes[label] < room[host])
        if _is_scrap(mask) or (touched[host] >= CONTACT * border and (stain or _alike(mask, labels == host, away))):
            labels[mask] = host
            room[host] -= sizes[label] * stain


def _is_scrap(mask: Mask) -> bool:
    """Whether no 3 x 3 block fits in, as into the mixed rim between two things; it fits into every shape."""
    return not _eroded(mask).any()


def _alike(patch: Mask, host: Mask, away: Plane) -> bool:
    import numpy as np

    inks = [np.median(away[_eroded(area)], axis=0) for area in (patch, host) if not _is_scrap(area)]
    return len(inks) == 2 and bool(np.linalg.norm(inks[0] - inks[1]) < ALIKE)


def _around(mask: Mask) -> list[Mask]:
    import numpy as np

    padded = np.pad(mask, 1)
    return [padded[y : y + SIDE, x : x + SIDE] for y in range(3) for x in range(3)]


def _grown(mask: Mask) -> Mask:
    import numpy as np

    grown: Mask = np.logical_or.reduce(_around(mask))
    return grown


def _eroded(mask: Mask) -> Mask:
    import numpy as np

    eroded: Mask = np.logical_and.reduce(_around(mask))
    return eroded


def span(mask: Mask) -> int:
    """The longer side of what a mask covers, in pixels."""
    import numpy as np

    return int(max(np.ptp(np.flatnonzero(mask.any(axis=axis))) + 1 for axis in (0, 1)))


def _parted(mask: Mask, strength: Plane) -> Labels:
    """Number the parts an area falls into when it is worn off from its rim; each pixel goes to the nearest."""
    import numpy as np

    pixels = np.argwhere(mask)
    for worn in _worn(mask, strength):
        seeds = _flood(worn)
        centres = [np.argwhere(seeds == n).mean(axis=0) for n in range(1, seeds.max() + 1) if (seeds == n).sum() >= 5]
        if len(centres) > 1:
            nearest: Labels = ((pixels[:, None] - np.array(centres)) ** 2).sum(axis=-1).argmin(axis=1)
            return nearest + 1
    return np.ones(len(pixels), np.intp)


def _worn(mask: Mask, strength: Plane) -> Iterator[Mask]:
    for level in (0.5, 0.6, 0.7, 0.8, 0.9):
        yield mask & (strength > level)
    for _ in range(4):
        mask = _eroded(mask)
        yield mask


def cover_of(labels: Labels, label: int, strength: Plane) -> Plane:
    """How much of each pixel a thing fills, 0 to 1, its rim included."""
    import numpy as np

    mask = labels == label
    inside = np.sort(strength[mask])
    level = inside[3 * len(inside) // 4]
    return np.where(_grown(mask) & (mask | (labels == 0)), np.clip(strength / level, 0, 1), 0)
