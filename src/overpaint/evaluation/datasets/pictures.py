"""Reference pictures: files in one folder, named by a dataset and never outside that folder."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

from overpaint.evaluation.datasets.rows import checked_text
from overpaint.evaluation.datasets.tables import Unusable
from overpaint.phrases import clean
from overpaint.tools.faults import BadInput

FOLDERS = ("flickr30k_images", "flickr30k-images", "images", "Images")
"""Where the archives of Flickr30k, and people, put pictures beside the captions."""
TRIED = 20
"""Pictures looked for beside a file of captions before it is taken to have none there."""


def files_in(folder: Path, named: Any) -> list[str]:
    """Absolute paths of the pictures that a row names.

    Args:
        folder: an absolute path without links, as Path.resolve gives it.
        named: a path in it, a list of paths, or None or "" for no picture.

    Raises:
        Unusable: a picture is not there, or its path leads out of the folder.
    """
    names = [checked_text(name, "picture") for name in (named if isinstance(named, list) else [named or ""])]
    return [_file(folder, name) for name in names if name]


def chosen_folder(images: Path) -> Path:
    """The folder of pictures that the user named.

    Raises:
        BadInput: it is none.
    """
    if not images.is_dir():
        raise BadInput(f"the folder of pictures {clean(str(images), 200)} is not there: name a folder")
    return images.resolve()


def folder_beside(captions: Path, names: Iterable[str]) -> Path | None:
    """The folder of pictures that comes with a file of captions; None when the captions came alone.

    Args:
        captions: the file. COCO's captions_val2017.json lies in annotations/, and its pictures in val2017 beside that.
        names: of the pictures.
    """
    split = captions.stem.removeprefix("captions_")
    bases = [captions.parent, *([captions.parent.parent] if captions.parent.name == "annotations" else [])]
    for folder in (base / name for base in bases for name in (split, *FOLDERS)):
        if folder.is_dir():
            nested = folder / folder.name
            return (nested if nested.is_dir() else folder).resolve()
    here = captions.parent.resolve()
    return here if any(_is_there(here, name) for name in islice(names, TRIED)) else None


def _is_there(folder: Path, name: str) -> bool:
    try:
        return bool(_file(folder, name))
    except Unusable:
        return False


def _file(folder: Path, name: str) -> str:
    shown = clean(name, 100)
    try:
        path = (folder / name).resolve()
        if not path.is_relative_to(folder):
            raise Unusable(f"its picture {shown} lies outside the folder of pictures")
        if path.is_file():
            return str(path)
    except (OSError, RuntimeError):  # a name that is too long; links in a circle
        pass
    raise Unusable(f"its picture {shown} is not in {folder.name}")
