"""Text files as tables: CSV, TSV, Flickr30k's tokens and plain lines. What cannot be read is kept as bad rows."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from overpaint.evaluation.nouns import BadRow
from overpaint.phrases import clean

RECORD_LINES = 50
"""A quoted cell may go over so many lines, so that one stray quote does not swallow the file."""
CAPTION_PAIRS = (("image_name", "comment"), ("image", "caption"), ("file_name", "caption"), ("filepath", "title"))
"""Columns of picture and caption: Flickr30k from its archive, from Kaggle, COCO as a table, OpenCLIP's lists."""


class Unusable(ValueError):
    """A row, or what it takes to read any, cannot be used. The message says why."""


@dataclass(frozen=True)
class Entry:
    """One row as it was read: where it is, and its values by column."""

    where: str
    values: dict[str, Any]


@dataclass(frozen=True)
class Table:
    """All rows of a file as they were read."""

    columns: list[str]
    entries: list[Entry]
    bad: list[BadRow]


def lines_of(text: str) -> list[str]:
    """Lines without their ends. Unlike str.splitlines, rare separators inside a line do not end it."""
    return io.StringIO(text, newline=None).read().split("\n")


def read_csv(text: str) -> Table:
    """A table whose cells are divided by whichever of comma, semicolon, bar and tab its header has most of.

    Raises:
        Unusable: the header cannot be read, or names a column twice.
    """
    header = next((line for line in lines_of(text) if line.strip()), "")
    delimiter = max(",;|\t", key=header.count)
    return _table(text, {"\t": _tab_cells, "|": _bar_cells}.get(delimiter, _csv_cells(delimiter)))


def read_tsv(text: str) -> Table:
    """A table whose cells are divided by tabs, one row a line.

    Raises:
        Unusable: the header names a column twice.
    """
    return _table(text, _tab_cells)


def read_tokens(text: str) -> Table:
    """Flickr30k's own form: `picture#number`, a tab, the caption."""
    entries, bad = [], []
    for number, line in enumerate(lines_of(text), start=1):
        picture, tab, caption = line.partition("\t")
        if tab:
            values = {"image_name": picture.rpartition("#")[0] or picture, "comment": caption}
            entries.append(Entry(f"line {number}", values))
        elif line.strip():
            bad.append(BadRow(where=f"line {number}", reason="it has no tab between picture and caption"))
    return Table(["image_name", "comment"], entries, bad)


def read_lines(text: str) -> Table:
    """One brief a line, blank lines left out. A .txt with the header of a list of captions, as on Kaggle, is a CSV."""
    lines = lines_of(text)
    if any(set(pair) <= set(lines[0].split(",")) for pair in CAPTION_PAIRS):
        return read_csv(text)
    entries = [Entry(f"line {n}", {"brief": line}) for n, line in enumerate(lines, start=1) if line.strip()]
    return Table(["brief"], entries, [])


Cells = Callable[[Sequence[str], int], tuple[list[str], int]]
"""The cells of the record that begins at a line, and how many lines it takes; raises Unusable."""


def _table(text: str, cells_at: Cells) -> Table:
    lines = lines_of(text)
    at = next((number for number, line in enumerate(lines) if line.strip()), None)
    if at is None:
        return Table([], [], [])
    names, taken = cells_at(lines, at)
    columns = _columns(names)
    entries, bad = [], []
    at += taken
    while at < len(lines):
        taken, where = 1, f"line {at + 1}"
        try:
            if lines[at].strip(" "):
                cells, taken = cells_at(lines, at)
                entries.append(Entry(where, _named(columns, cells)))
        except Unusable as fault:
            bad.append(BadRow(where=where, reason=str(fault)))
        at += taken
    return Table(columns, entries, bad)


def _columns(names: Iterable[str]) -> list[str]:
    columns = [name.strip() for name in names]
    twice = next((name for name, count in Counter(columns).items() if name and count > 1), None)
    if twice:
        raise Unusable(f"its header names the column {clean(twice, 60)!r} twice")
    return columns


def _named(columns: Sequence[str], cells: Sequence[str]) -> dict[str, Any]:
    if len(cells) != len(columns):
        raise Unusable(f"it has {len(cells)} columns where the header has {len(columns)}")
    return dict(zip(columns, cells, strict=True))


def _csv_cells(delimiter: str) -> Cells:
    def cells_at(lines: Sequence[str], at: int) -> tuple[list[str], int]:
        if '"' not in lines[at]:
            return lines[at].split(delimiter), 1
        reader = csv.reader((f"{line}\n" for line in lines[at : at + RECORD_LINES]), delimiter=delimiter, strict=True)
        try:
            return next(reader), reader.line_num
        except csv.Error as fault:
            raise Unusable(f"it is no CSV ({fault}): close or double its quotes") from None

    return cells_at


def _tab_cells(lines: Sequence[str], at: int) -> tuple[list[str], int]:
    # Most writers of TSV quote nothing, so a quote that does not enclose its whole cell is part of the text.
    try:
        return next(csv.reader([lines[at]], delimiter="\t", strict=True)), 1
    except csv.Error:
        return lines[at].split("\t"), 1


def _bar_cells(lines: Sequence[str], at: int) -> tuple[list[str], int]:
    return lines[at].split("|"), 1
