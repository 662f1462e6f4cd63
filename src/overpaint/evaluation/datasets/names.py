"""Datasets by name: built-in scenes, known sets, sets of the hub, and files of the user."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from overpaint.evaluation.datasets.hub import HUB, read_hub
from overpaint.evaluation.datasets.known import KNOWN, file_in, file_of
from overpaint.evaluation.datasets.source import read_source
from overpaint.evaluation.datasets.subsets import counted, part_of
from overpaint.evaluation.nouns import Dataset
from overpaint.phrases import clean
from overpaint.tools.faults import BadInput

SCENES = "scenes"
PART_SEED = 0
"""Draws the rows of `…-small` and `…-medium`; another number would be another set under the same name."""


def load_dataset(
    name: str,
    *,
    limit: int | None = None,
    sample: int | None = None,
    columns: Mapping[str, str] | None = None,
    images: Path | None = None,
) -> Dataset:
    """Read a dataset, or a part of it. It reads files: call it in a thread where an event loop runs.

    Args:
        name: `scenes`, a known name (KNOWN), `hub:OWNER/NAME` or `hub:OWNER/NAME@SPLIT`, or the path of a file, or of a
            folder with the file of one known dataset. A known name goes before a path; write ./NAME for the path.
        limit: how many rows at most; None for all. Bad rows of the whole source are listed all the same.
        sample: a seed that draws them; None takes the first.
        columns: column by what it holds (brief, id, category, image, caption), for files that are not recognised.
        images: the folder of reference pictures; None looks beside the file.

    Returns:
        The dataset. Its `total` is the number of rows and bad rows of the whole source: where several lines make a row
        (questions of a prompt, captions of a picture), a row, and each line that could not be read.

    Raises:
        BadInput: there is no such dataset, or it cannot be read, or has no usable row.
    """
    if limit is not None and limit < 1:
        raise BadInput(f"the limit is {limit}: ask for at least 1 row")
    if name.startswith(HUB):
        part = read_hub(name, columns, images, lambda rows: part_of(rows, limit, sample))
    else:
        whole = _whole(name, columns, images)
        part = replace(whole, rows=part_of(whole.rows, limit, sample))
    return replace(part, facts={**part.facts, **counted(part.rows)})


def describe(dataset: Dataset) -> list[str]:
    """What a dataset has, in lines to print: its rows, what else is worth counting, and the first of its bad rows."""
    counts = [f"{len(dataset.rows):,} of {dataset.total - len(dataset.bad):,} rows"]
    counts += [f"{count:,} {what.removesuffix('s') if count == 1 else what}" for what, count in dataset.facts.items()]
    lines = [f"{clean(dataset.name, 100)}: {', '.join(counts)}"]
    if dataset.bad:
        lines.append(f"{len(dataset.bad):,} of {dataset.total:,} could not be used:")
        lines += [f"  {clean(bad['where'], 60)}: {clean(bad['reason'], 200)}" for bad in dataset.bad[:5]]
    if len(dataset.bad) > 5:
        lines.append(f"  and {len(dataset.bad) - 5:,} more")
    return lines


def _whole(name: str, columns: Mapping[str, str] | None, images: Path | None) -> Dataset:
    if name == SCENES:
        if columns or images:
            raise BadInput("scenes are built in: leave columns and the folder of pictures out")
        from overpaint.evaluation.scenes.dataset import scenes_dataset

        return scenes_dataset()
    if name not in KNOWN:
        return read_source(name, _path(name), columns, images)
    dataset = read_source(name, file_of(name), columns, images)
    return replace(dataset, rows=part_of(dataset.rows, KNOWN[name].size, PART_SEED if KNOWN[name].size else None))


def _path(name: str) -> Path:
    path = Path(name).expanduser()
    try:
        is_folder, there = path.is_dir(), path.exists()
    except (OSError, ValueError):  # too long, or with a NUL in it
        is_folder = there = False
    if not there:
        known = ", ".join((SCENES, *KNOWN))
        raise BadInput(f"there is no dataset {clean(name, 200)}: name a file, {HUB}OWNER/NAME, or one of {known}")
    return file_in(path) if is_folder else path
