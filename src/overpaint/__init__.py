"""Overpaint: paint an image from a brief, look at it, and paint again until it shows what was asked.

run = overpaint.refine("two red circles above a blue square")
run.champion, run.candidates, run.receipt
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from overpaint.agent_tool import as_tool
    from overpaint.batch import Synthesis
    from overpaint.branching import afork, fork, stream_fork
    from overpaint.continuing import aresume, resume, stream_resumed
    from overpaint.result import Run
    from overpaint.run import arefine, refine, stream
    from overpaint.synthesis import asynthesize, synthesize

__version__ = "0.1.0"
__all__ = [
    "Run",
    "Synthesis",
    "afork",
    "arefine",
    "aresume",
    "as_tool",
    "asynthesize",
    "fork",
    "refine",
    "resume",
    "stream",
    "stream_fork",
    "stream_resumed",
    "synthesize",
]

_HOMES = {
    "overpaint.run": ("arefine", "refine", "stream"),
    "overpaint.continuing": ("aresume", "resume", "stream_resumed"),
    "overpaint.branching": ("afork", "fork", "stream_fork"),
    "overpaint.agent_tool": ("as_tool",),
    "overpaint.result": ("Run",),
    "overpaint.synthesis": ("asynthesize", "synthesize"),
    "overpaint.batch": ("Synthesis",),
}


def __getattr__(name: str) -> Any:
    # Importing overpaint stays free of effects and of LangGraph; what is named here is imported when first asked for.
    from importlib import import_module

    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(module), name)
    raise AttributeError(f"module 'overpaint' has no attribute {name!r}")
