"""Overpaint: paint an image from a brief, look at it, and paint again until it shows what was asked.

run = overpaint.refine("two red circles above a blue square")
run.champion, run.candidates, run.receipt
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from overpaint.result import Run
    from overpaint.run import arefine, refine, stream

__version__ = "0.1.0"
__all__ = ["Run", "arefine", "refine", "stream"]


def __getattr__(name: str) -> Any:
    # Importing overpaint stays free of effects and of LangGraph; what is named here is imported when first asked for.
    from importlib import import_module

    if name in ("arefine", "refine", "stream"):
        return getattr(import_module("overpaint.run"), name)
    if name == "Run":
        return import_module("overpaint.result").Run
    raise AttributeError(f"module 'overpaint' has no attribute {name!r}")
