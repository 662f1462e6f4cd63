"""What a number of the bench rests on: hashes of weights and code, and versions."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterable
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from overpaint.shapes.painter import WEIGHTS

LIBRARIES = ("torch", "diffusers", "transformers", "langgraph", "numpy", "pillow")
OWN = ("one_run.py", "altered.py", "noise.py", "critics.py", "easel.py")
TRUTH = ("ground_truth.py", "matching.py", "patches.py")
SOURCES = {".py", ".md"}
WEIGHT_FILES = {".safetensors", ".json", ".txt"}


def weights_digest(folder: Path | None) -> str:
    """Sha256 over all files of a model but its card; of the built-in one when None."""
    root = folder or WEIGHTS
    return _digest(p for p in root.rglob("*") if p.suffix in WEIGHT_FILES)


def code_digest() -> str:
    """Sha256 over all that decides how a run ends: flow, tools, prompts, built-in models, truth, the bench's part."""
    folders = [Path(str(files(f"overpaint.{name}"))) for name in ("graph", "tools", "prompts", "shapes")]
    found = {p.resolve() for folder in folders for p in folder.rglob("*") if p.suffix in SOURCES}
    own = [Path(__file__).parent / name for name in OWN]
    truth = [Path(str(files("overpaint.evaluation.scenes"))) / name for name in TRUTH]
    return _digest([*(p for p in found if not _aside(p)), *own, *truth])


def versions() -> dict[str, str]:
    """Python and the libraries that pictures depend on."""
    return {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}


def _aside(path: Path) -> bool:
    """Whether a file bears on no run: what trains the painter, and its card."""
    return any(part in ("training", "weights", "train.py") for part in path.parts[-3:])


def _digest(paths: Iterable[Path]) -> str:
    told = sorted(f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in paths)
    return hashlib.sha256("\n".join(told).encode()).hexdigest()
