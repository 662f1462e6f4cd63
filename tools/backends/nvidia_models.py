"""What NVIDIA's models take: each has a schema of its own (docs.api.nvidia.com, NIM, Visual models)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from overpaint.tools.backends.ratios import Ratios

STEERED = frozenset({"size", "steps", "guidance"})
SQUARE = range(1024, 1025)
SIDES = range(768, 1345, 64)
SD3: Ratios = ((16, 9), (3, 2), (5, 4), (1, 1), (4, 5), (2, 3), (9, 16))


@dataclass(frozen=True)
class Model:
    """What one model takes.

    Args:
        takes: the settings of a picture it honours.
        steps: how many it can make; None when that is not known.
        guidance: the largest scale; None when that is not known.
        sides: widths and heights of the hosted model. A NIM of one's own may have others.
        ratios: what it can paint, where it takes a ratio in place of a size.
        always: sent with every request.
    """

    takes: frozenset[str] = STEERED
    steps: range | None = None
    guidance: float | None = None
    sides: range | None = None
    ratios: Ratios | None = None
    always: Mapping[str, Any] = field(default_factory=dict)


_QUICK = Model(STEERED - {"guidance"}, range(1, 5), sides=SQUARE, always={"cfg_scale": 0})
_SD3_ALWAYS = {"mode": "text-to-image", "model": "sd3", "output_format": "jpeg"}
MODELS = {
    "black-forest-labs/flux.1-dev": Model(STEERED, range(5, 101), 9, SIDES, always={"mode": "base"}),
    "black-forest-labs/flux.1-schnell": _QUICK,
    "black-forest-labs/flux.2-klein-4b": _QUICK,
    "stabilityai/stable-diffusion-3-medium": Model(
        STEERED | {"negative_prompt"}, range(5, 101), 9, ratios=SD3, always=_SD3_ALWAYS
    ),
    "stabilityai/stable-diffusion-3_5-large": Model(
        STEERED | {"negative_prompt"}, range(5, 101), 9, SIDES, always={"mode": "base"}
    ),
}
"""A model that is not here takes width, height, steps and guidance as the FLUX ones do, and its server judges them."""

EDITORS = frozenset({"black-forest-labs/flux.1-kontext-dev"})
"""Models that only change a picture. A run paints from words as well, so they are no painters."""
