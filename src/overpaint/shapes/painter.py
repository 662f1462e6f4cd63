"""The built-in painter: a tiny Stable Diffusion in the package, run by the same code as any other diffusers model."""

from __future__ import annotations

from pathlib import Path

from overpaint.shapes.scene import SIDE
from overpaint.tools.backends.diffusers_ import DiffusersPainter
from overpaint.tools.faults import BadInput

WEIGHTS = Path(__file__).parent / "weights"
LARGEST = 512
DEFAULTS = {"size": (SIDE, SIDE), "steps": 10, "guidance": 2.0}
"""Measured by bench/shapes_painter.py; see weights/README.md."""
THREADS = 1
"""With one for each core a third of the seeds give other bytes than with one, and two processes that paint on two cores
wait for each other by spinning, four times as long; a picture painted alone takes a quarter less (bench/threads.py)."""


def open_painter(
    model: str = "", *, device: str | None = None, dtype: str | None = None, offload: str | None = None
) -> DiffusersPainter:
    """Make the painter behind "shapes".

    Raises:
        BadInput: a model is named, or as DiffusersPainter.
    """
    if model:
        raise BadInput(f"the painter 'shapes' has one model of its own: write shapes, not shapes:{model}")
    return DiffusersPainter(
        str(WEIGHTS),
        name="shapes",
        device=device,
        dtype=dtype,
        offload=offload,
        defaults=DEFAULTS,
        sides=range(SIDE, LARGEST + 1, 8),
        threads=THREADS,
    )
