"""Aspect ratios, for providers that take one in place of a size."""

from __future__ import annotations

import math

Ratios = tuple[tuple[int, int], ...]

WIDEST: Ratios = ((21, 9), (16, 9), (3, 2), (4, 3), (1, 1), (3, 4), (2, 3), (9, 16), (9, 21))
"""Of fal's flux-pro apps, ultra and kontext (fal.ai, aspect_ratio)."""

STABLE: Ratios = ((21, 9), (16, 9), (3, 2), (5, 4), (1, 1), (4, 5), (2, 3), (9, 16), (9, 21))
"""Of Stability's v2beta endpoints (platform.stability.ai, API reference, aspect_ratio)."""


def nearest(size: tuple[int, int], ratios: Ratios) -> str:
    """Name the ratio nearest to a size (width, height), by the factor between them, as in "16:9"."""
    wanted = math.log(size[0] / size[1])
    width, height = min(ratios, key=lambda ratio: abs(math.log(ratio[0] / ratio[1]) - wanted))
    return f"{width}:{height}"
