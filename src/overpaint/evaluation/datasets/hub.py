"""Datasets of the Hugging Face hub, read by the package `datasets` where it is installed and the hub can be reached."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import Any

from overpaint.evaluation.datasets.rows import collect, row_of
from overpaint.evaluation.datasets.source import dataset_of, named_columns, recognised_columns
from overpaint.evaluation.datasets.tables import Entry, Unusable
from overpaint.evaluation.nouns import BadRow, Dataset, Row
from overpaint.phrases import clean
from overpaint.tools.faults import BadInput
from overpaint.tools.files import write_once
from overpaint.tools.home import current_home

HUB = "hub:"
SPLITS = ("test", "validation", "train")
"""Which split is read when none is named: the first of these that there is, else the first."""
_NAME = re.compile(r"hub:(?P<id>\w[\w.-]*/\w[\w.-]*)(?:@(?P<split>[\w.-]+))?")
_ENDINGS = (".jpg", ".jpeg", ".png", ".webp")


def read_hub(
    name: str,
    columns: Mapping[str, str] | None,
    images: Path | None,
    choose: Callable[[list[Row]], list[Row]],
) -> Dataset:
    """A dataset of the hub, with the pictures of the chosen rows written to files.

    Args:
        name: `hub:OWNER/NAME`, or `hub:OWNER/NAME@SPLIT`.
        columns: column by what it holds, or None to go by their names.
        images: the folder for the pictures; None is datasets/OWNER/NAME in the home folder.
        choose: the rows that are wanted, of all.

    Raises:
        BadInput: the package is not installed, the hub does not give the dataset, or it has no usable row.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        raise BadInput(f"{clean(name, 200)} names no dataset of the hub: write hub:OWNER/NAME or hub:OWNER/NAME@SPLIT")
    package = _package(name)
    table = _split(package, match["id"], match["split"])
    try:
        there = table.column_names
        chosen = recognised_columns(there) if columns is None else named_columns(columns, there)
    except Unusable as fault:
        raise BadInput(f"cannot read the dataset {name}: {fault}") from None
    rows, bad, places = _rows(table, chosen)
    digest = hashlib.sha256("\n".join(f"{row['id']}\0{row['brief']}" for row in rows).encode()).hexdigest()
    whole = dataset_of(name, name, digest, rows, bad)
    wanted = choose(rows)
    if "image" in chosen:
        shown = _undecoded(package, table, chosen["image"])
        folder = images or current_home() / "datasets" / match["id"]
        for row in wanted:
            row["pictures"] = _pictures(shown[places[row["id"]]][chosen["image"]], folder)
    return replace(whole, rows=wanted)


def _package(name: str) -> Any:
    try:
        return import_module("datasets")
    except ImportError:
        raise BadInput(f"{name} needs the package datasets: pip install datasets, or name a file") from None


def _split(package: Any, repository: str, split: str | None) -> Any:
    try:
        splits = package.load_dataset(repository)
    except (OSError, ValueError, RuntimeError, package.exceptions.DatasetsError) as error:
        raise BadInput(f"the hub does not give {repository}: {clean(str(error), 300)}") from None
    chosen = split or next((known for known in SPLITS if known in splits), next(iter(splits)))
    if chosen not in splits:
        raise BadInput(f"{repository} has no split {chosen}: name one of {', '.join(splits)}")
    return splits[chosen]


def _rows(table: Any, columns: Mapping[str, str]) -> tuple[list[Row], list[BadRow], dict[str, int]]:
    """Rows still without pictures, bad rows, and the place in the table of each id."""
    # Without the column of pictures, which would be read from disk for every row.
    texts = table.select_columns([column for what, column in columns.items() if what != "image"])
    places: dict[str, int] = {}

    def build(entry: Entry) -> Row:
        row = row_of(entry, columns, lambda _: [])
        places.setdefault(row["id"], int(entry.where.removeprefix("row ")) - 1)
        return row

    entries = [Entry(f"row {number}", dict(values)) for number, values in enumerate(texts, start=1)]
    return (*collect(entries, build), places)


def _undecoded(package: Any, table: Any, column: str) -> Any:
    if isinstance(table.features[column], package.Image):
        return table.select_columns([column]).cast_column(column, package.Image(decode=False))
    raise BadInput(f"the column {column} holds no pictures: leave image out of the columns, or name another")


def _pictures(value: Any, folder: Path) -> list[str]:
    """The file of one picture as the hub gives it: `{"bytes": …, "path": …}`, either of which may be None."""
    data = value and (value["bytes"] or Path(value["path"]).read_bytes())
    if not data:
        return []
    ending = PurePosixPath(value["path"] or "").suffix.lower()
    path = folder.resolve() / f"{hashlib.sha256(data).hexdigest()}{ending if ending in _ENDINGS else ''}"
    write_once(path, data)
    return [str(path)]
