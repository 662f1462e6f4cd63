"""Datasets that are known by name: the files they are read from, and where those are to be had."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from overpaint.phrases import clean
from overpaint.tools.faults import BadInput

VARIABLE = "OVERPAINT_DATASETS"
"""The environment variable that names the folder with the files of known datasets."""


@dataclass(frozen=True)
class Origin:
    """Files in the folder of datasets, any one of which will do, and where to get the first."""

    files: tuple[str, ...]
    get: str


@dataclass(frozen=True)
class Known:
    """A dataset known by name, or a fixed part of one: so many rows of it, None for all."""

    origin: Origin
    size: int | None = None


PARTI = Origin(("partiprompts/PartiPrompts.tsv",), "PartiPrompts.tsv of github.com/google-research/parti")
GENEVAL = Origin(
    ("geneval/evaluation_metadata.jsonl",), "prompts/evaluation_metadata.jsonl of github.com/djghosh13/geneval"
)
DSG = Origin(("dsg/dsg-1k-anns.csv",), "dsg/data/dsg-1k-anns.csv of github.com/j-min/DSG")
DRAWBENCH = Origin(
    ("drawbench/drawbench.csv", "drawbench/DrawBench.csv"),
    "its 200 prompts as CSV with the columns Prompts and Category (imagen.research.google)",
)
FLICKR = Origin(
    (
        "flickr30k/results.csv",
        "flickr30k/flickr30k_images/results.csv",
        "flickr30k/results_20130124.token",
        "flickr30k/captions.csv",
        "flickr30k/captions.txt",
    ),
    "results.csv or results_20130124.token, and the pictures beside it in flickr30k_images "
    "(shannon.cs.illinois.edu/DenotationGraph)",
)
COCO = Origin(
    (
        "coco/annotations/captions_val2017.json",
        "coco/captions_val2017.json",
        "coco/annotations/captions_val2014.json",
        "coco/captions.tsv",
    ),
    "captions_val2017.json, and the pictures in coco/val2017 (cocodataset.org)",
)
ORIGINS = (PARTI, GENEVAL, DSG, DRAWBENCH, FLICKR, COCO)
SMALL, MEDIUM = 50, 200
KNOWN = {
    "parti-prompts": Known(PARTI),
    "parti-prompts-small": Known(PARTI, SMALL),
    "parti-prompts-medium": Known(PARTI, MEDIUM),
    "geneval": Known(GENEVAL),
    "dsg-1k": Known(DSG),
    "drawbench": Known(DRAWBENCH),
    "flickr30k": Known(FLICKR),
    "flickr30k-small": Known(FLICKR, SMALL),
    "cococaption-small": Known(COCO, SMALL),
    "cococaption-medium": Known(COCO, MEDIUM),
    "cococaption-large": Known(COCO),
}


def file_of(name: str) -> Path:
    """The file of a dataset that is known by name.

    Raises:
        BadInput: it is not there; says where it is looked for and where to get it.
    """
    origin = KNOWN[name].origin
    folder = os.environ.get(VARIABLE, "").strip()
    wanted = f"{name} is read from {origin.files[0]} in the folder that {VARIABLE} names"
    if not folder:
        raise BadInput(f"{wanted}, which is not set: set it, and put there {origin.get}")
    for file in origin.files:
        if (path := Path(folder).expanduser() / file).is_file():
            return path
    raise BadInput(f"{wanted}, and {clean(folder, 200)} does not have it: put there {origin.get}")


def file_in(folder: Path) -> Path:
    """The one file of a known dataset in a folder of the user.

    Raises:
        BadInput: it has none, or several.
    """
    names = [Path(*Path(file).parts[1:]) for origin in ORIGINS for file in origin.files]
    found = [folder / name for name in names if (folder / name).is_file()]
    shown = clean(str(folder), 200)
    if not found:
        raise BadInput(f"the folder {shown} holds no file of a known dataset: name the file to read")
    if len(found) > 1:
        raise BadInput(f"the folder {shown} holds {' and '.join(file.name for file in found)}: name one of them")
    return found[0]
