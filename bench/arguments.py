"""Values of flags that the benches share, checked before anything is painted."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path

from overpaint.graph.settings import preset_names


def number(text: str) -> int:
    """A whole number of 1 or more."""
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} must be a whole number of 1 or more")
    return int(text)


def budgets(text: str) -> list[int]:
    """Numbers of pictures, ascending, such as 1,8."""
    return sorted({number(part) for part in text.split(",")})


def presets(text: str) -> list[str]:
    """Names of presets, such as default,one-shot."""
    names = text.split(",")
    unknown = [name for name in names if name not in preset_names()]
    if unknown:
        raise ArgumentTypeError(f"there is no preset {unknown[0]!r}; there are: {', '.join(preset_names())}")
    return names


def probability(text: str) -> float:
    """A probability, 0 to 1."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise ArgumentTypeError(f"{text!r} must be a probability, 0 to 1")
    return value


def weights(text: str) -> Path:
    """A folder in the diffusers format."""
    folder = Path(text)
    if not (folder / "model_index.json").is_file():
        raise ArgumentTypeError(f"{text!r} is no folder with a model_index.json, as diffusers writes it")
    return folder


def add_shared(parser: ArgumentParser, briefs: str) -> None:
    """Add the flags that every bench of runs has; `briefs` is the set it takes unless told otherwise."""
    add = parser.add_argument
    add("--briefs", choices=("test", "tuning"), default=briefs, help="which set; tune on tuning alone")
    add("--limit", type=number, metavar="N", help="only the first N briefs of a fixed mixed order")
    add("--judge-noise", type=probability, default=0.0, metavar="P", help="flip each answer of the judge with chance P")
    add("--out", type=Path, metavar="FOLDER", help="keeps tables and outcomes; goes on where it stopped")
    add("--workers", type=number, metavar="N", help="processes; one per core when left out")
