"""Finds what stands on the ground: connected regions, cut where two touch, split where two colours meet.

Pixels are given as (64, 64, 3) differences from the ground colour, regions as (64, 64) masks.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from overpaint.shapes.scene import COLOURS, GROUND, PALETTE, SIDE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]
    Pixels = NDArray[np.float32]

FOREIGN = 75.0
"""RGB distance from the ground above which a pixel belongs to an object: about a third of the palest colour's."""
LEAST_AREA = 18
"""Pixels below which a region is a speck; the smallest shape, a small star, has about 40."""
WIDEST = 20
"""Pixels; the largest shape spans 19. A wider region is two that touch, if it has a waist."""
WAIST = 0.92
"""A cut needs a row or column with at most this share of the ink of the fullest one on either side."""


def find_regions(pixels: Pixels) -> tuple[list[Mask], Mask]:
    """One mask per object, and the mask of everything that is not ground."""
    import numpy as np

    ink = np.linalg.norm(pixels, axis=-1)
    foreign = ink > FOREIGN
    singles = (single for touching in _components(foreign) for single in _cut(touching, ink))
    return [part for single in singles for part in _split_by_colour(single, pixels)], foreign


def nearest_colour(pixels: Pixels) -> NDArray[np.intp]:
    """Index in COLOURS of the palette colour nearest to each pixel, by RGB distance."""
    import numpy as np

    palette = np.asarray([PALETTE[c] for c in COLOURS], np.float32) - np.asarray(GROUND, np.float32)
    nearest: NDArray[np.intp] = ((pixels[..., None, :] - palette) ** 2).sum(-1).argmin(-1)
    return nearest


def core(region: Mask) -> Mask:
    """Drop the rim, whose pixels are mixed with the ground, unless almost nothing would be left."""
    import numpy as np

    inner = np.logical_and.reduce([region, *_beside(region)])
    return inner if inner.sum() >= 5 else region


def grown(region: Mask) -> Mask:
    """Add the pixels that touch the region by a side."""
    import numpy as np

    wider: Mask = np.logical_or.reduce([region, *_beside(region)])
    return wider


def _beside(values: NDArray[Any]) -> list[NDArray[Any]]:
    """Move an array one pixel right, left, down and up; what comes in from outside is zero."""
    import numpy as np

    padded = np.pad(values, 1)
    return [padded[1:-1, :-2], padded[1:-1, 2:], padded[:-2, 1:-1], padded[2:, 1:-1]]


def _components(mask: Mask) -> Iterator[Mask]:
    """Part a mask into what hangs together by sides: in each region the highest label spreads until all is still."""
    import numpy as np

    labels = np.where(mask, np.arange(1, mask.size + 1, dtype=np.int32).reshape(mask.shape), 0)
    while True:
        spread = np.where(mask, np.maximum.reduce([labels, *_beside(labels)]), 0)
        if (spread == labels).all():
            break
        labels = spread
    for label, area in zip(*np.unique(labels[mask], return_counts=True), strict=True):
        if area >= LEAST_AREA:
            yield labels == label


def _cut(region: Mask, ink: Pixels) -> Iterator[Mask]:
    """Cut a region too wide for one shape at its waist, until nothing is too wide or has a waist."""
    import numpy as np

    for axis in (0, 1):
        at = _waist(np.where(region, ink, 0).sum(axis=1 - axis))
        if at is None:
            continue
        before = np.arange(SIDE) < at
        half = region & (before[:, None] if axis == 0 else before[None, :])
        for side in (half, region & ~half):
            for part in _components(side):
                yield from _cut(part, ink)
        return
    yield region


def _waist(profile: Pixels) -> int | None:
    """Where the ink per row or column is least between two fuller parts; None where it is narrow or has no waist."""
    import numpy as np

    filled = np.flatnonzero(profile)
    first, last, margin = int(filled[0]), int(filled[-1]), WIDEST // 3
    if last - first < WIDEST:
        return None
    at = first + margin + int(profile[first + margin : last - margin + 1].argmin())
    fullest = min(profile[first:at].max(), profile[at + 1 : last + 1].max())
    return at if profile[at] <= WAIST * fullest else None


def _split_by_colour(region: Mask, pixels: Pixels) -> Iterator[Mask]:
    """Split a region in which a second colour holds a fifth or more of the core."""
    import numpy as np

    near = nearest_colour(pixels)
    counts = np.bincount(near[core(region)], minlength=len(COLOURS))
    if np.sort(counts)[-2] < max(10, counts.sum() / 5):
        yield region
        return
    for colour in np.flatnonzero(counts >= 10):
        yield from _components(region & (near == colour))
