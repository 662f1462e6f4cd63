"""Where to repaint: boxes as fractions of the picture, cleaned of what a model may say, and free space. Pure."""

from __future__ import annotations

from collections.abc import Sequence

SMALLEST = 0.02
"""Least width and height of a box worth repainting, as a fraction of the picture."""


def usable(boxes: Sequence[Sequence[float]]) -> list[list[float]]:
    """The boxes that are four fractions in order and large enough; clipped to the picture, the rest dropped."""
    clipped = [[min(1.0, max(0.0, v)) for v in box] for box in boxes if len(box) == 4]
    return [b for b in clipped if b[2] - b[0] >= SMALLEST and b[3] - b[1] >= SMALLEST]


def free_space(taken: Sequence[Sequence[float]]) -> list[float]:
    """The ninth of the picture that the boxes in `taken` cover least; reading order breaks ties."""
    ninths = [[c / 3, r / 3, (c + 1) / 3, (r + 1) / 3] for r in range(3) for c in range(3)]
    return min(ninths, key=lambda ninth: sum(overlap(ninth, box) for box in taken))


def overlap(a: Sequence[float], b: Sequence[float]) -> float:
    """The area two boxes share, as a fraction of the picture."""
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    return max(0.0, width) * max(0.0, height)
