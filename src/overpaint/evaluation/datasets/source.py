"""A file of briefs, recognised by its format and header, and read into rows."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from overpaint.evaluation.datasets import captions, questions, tables
from overpaint.evaluation.datasets.json_tables import parse, read_json_lines, read_json_list
from overpaint.evaluation.datasets.pictures import chosen_folder, files_in, folder_beside
from overpaint.evaluation.datasets.rows import collect, row_of
from overpaint.evaluation.datasets.tables import CAPTION_PAIRS, Table, Unusable
from overpaint.evaluation.nouns import BadRow, Dataset, Row
from overpaint.phrases import clean
from overpaint.tools.faults import BadInput

LARGEST = 200_000_000
"""Bytes of a file; COCO's captions_train2017.json has 92 million."""
HOLDS = ("brief", "id", "category", "image", "caption")
"""What a column may hold."""
PROMPT_SETS = (
    ({"Prompt", "Category", "Challenge"}, {"brief": "Prompt", "category": "Category"}),  # PartiPrompts
    ({"tag", "include", "prompt"}, {"brief": "prompt", "category": "tag"}),  # GenEval
    ({"Prompts", "Category"}, {"brief": "Prompts", "category": "Category"}),  # DrawBench
)
_READERS: dict[str, Callable[[str], Table]] = {
    ".csv": tables.read_csv,
    ".tsv": tables.read_tsv,
    ".token": tables.read_tokens,
    ".txt": tables.read_lines,
    ".jsonl": read_json_lines,
}
_Read = tuple[list[Row], list[BadRow]]


def read_source(name: str, path: Path, columns: Mapping[str, str] | None, images: Path | None) -> Dataset:
    """All rows of a file, and all it holds that is no usable row.

    Args:
        name: what the dataset is called.
        path: a .csv, .tsv, .txt, .token, .jsonl or .json file.
        columns: column by what it holds (HOLDS), or None to go by the header.
        images: the folder of reference pictures, or None to look for it beside the file.

    Raises:
        BadInput: the file cannot be read, is too large or of no known form, or has no usable row.
    """
    shown = clean(str(path), 200)
    folder = None if images is None else chosen_folder(images)
    data = _bytes(path, shown)
    try:
        rows, bad = _read(path, _text(data), columns, folder)
    except Unusable as fault:
        raise BadInput(f"cannot read the dataset {shown}: {fault}") from None
    return dataset_of(name, str(path.resolve()), hashlib.sha256(data).hexdigest(), rows, bad)


def dataset_of(name: str, source: str, digest: str, rows: list[Row], bad: list[BadRow]) -> Dataset:
    """A dataset of all that a source holds.

    Raises:
        BadInput: it has no usable row.
    """
    if not rows:
        first = f": {len(bad)} bad, the first is {bad[0]['where']}: {bad[0]['reason']}" if bad else ", it is empty"
        raise BadInput(clean(f"the dataset {source} has no usable row{first}", 500))
    return Dataset(name, source, digest, rows, bad, len(rows) + len(bad))


def named_columns(given: Mapping[str, str], there: list[str]) -> Mapping[str, str]:
    """The columns that the user named, checked against those there are.

    Raises:
        Unusable: one is not there, holds nothing known, or none holds the brief.
    """
    if wrong := [what for what in given if what not in HOLDS]:
        raise Unusable(f"a column holds no {clean(wrong[0], 60)!r}: it may hold {', '.join(HOLDS)}")
    if "brief" not in given:
        raise Unusable(f"columns are named as brief=COLUMN, and so for {', '.join(HOLDS[1:])}; brief is needed")
    missing = [column for column in given.values() if column not in there]
    if missing:
        raise Unusable(f"it has no column {missing[0]!r}, only {_listed(there)}")
    return given


def _read(path: Path, text: str, columns: Mapping[str, str] | None, folder: Path | None) -> _Read:
    if path.suffix.lower() == ".json":
        content = parse(text)
        if columns is None and isinstance(content, dict) and {"images", "annotations"} <= set(content):
            return _captioned(path, *captions.captioned_in_coco(content), folder)
        if not isinstance(content, list):
            raise Unusable("it is no list of rows, nor COCO's images and annotations, which take no columns")
        table = read_json_list(content)
    elif path.suffix.lower() in _READERS:
        table = _READERS[path.suffix.lower()](text)
    else:
        raise Unusable(f"files end in {', '.join(_READERS)} or .json")
    rows, bad = _rows(path, table, columns, folder)
    return rows, table.bad + bad


def _rows(path: Path, table: Table, columns: Mapping[str, str] | None, folder: Path | None) -> _Read:
    there = set(table.columns)
    if columns is None and set(questions.COLUMNS) <= there:
        prompts, stray = questions.prompts_of(table)
        rows, bad = collect(prompts, questions.row_of_prompt)
        return rows, stray + bad
    if columns is None and "brief" not in there and any(set(pair) <= there for pair in CAPTION_PAIRS):
        return _captioned(path, *captions.captioned_in_table(table), folder)
    if not table.entries:
        return [], []
    chosen = recognised_columns(table.columns) if columns is None else named_columns(columns, table.columns)
    where = folder or path.parent.resolve()
    return collect(table.entries, partial(row_of, columns=chosen, pictures=partial(files_in, where)))


def _captioned(path: Path, found: list[captions.Captioned], stray: list[BadRow], folder: Path | None) -> _Read:
    where = folder or folder_beside(path, (picture.file for picture in found if isinstance(picture.file, str)))
    rows, bad = collect(found, partial(captions.row_of_captioned, folder=where))
    return rows, stray + bad


def recognised_columns(there: list[str]) -> Mapping[str, str]:
    """Which columns hold what, by a header that is known; with nothing known, by the names in HOLDS.

    Raises:
        Unusable: no column is known to hold the brief.
    """
    for header, columns in PROMPT_SETS:
        if header <= set(there):
            return columns
    pair = next((pair for pair in CAPTION_PAIRS if set(pair) <= set(there)), None)
    if "brief" not in there and pair:
        return {"brief": pair[1], "image": pair[0]}
    if "brief" not in there:
        raise Unusable(f"its columns are {_listed(there)}: say which holds the brief, as in --columns brief=COLUMN")
    return {what: what for what in HOLDS if what in there}


def _listed(there: list[str]) -> str:
    return clean(", ".join(there).encode(errors="replace").decode(), 200)


def _bytes(path: Path, shown: str) -> bytes:
    if not path.is_file():
        raise BadInput(f"the dataset {shown} is no file: name one")
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise BadInput(f"cannot read the dataset {shown}: {error.strerror or error}") from None
    if len(data) > LARGEST:
        raise BadInput(f"the dataset {shown} is larger than {LARGEST // 1_000_000} MB: split it")
    return data


def _text(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Unusable("it is UTF-16: save it as UTF-8")
    # A byte that is no UTF-8 becomes a lone surrogate, which spoils only the row it is in (checked_text).
    return data.decode("utf-8-sig", "surrogateescape")
