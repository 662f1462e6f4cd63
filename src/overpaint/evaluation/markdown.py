"""Tables for the page: read from the Markdown that `grids.grid` writes, so that page and terminal say the same."""

from __future__ import annotations

import re
from dataclasses import dataclass

_BAR = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True)
class Table:
    """A table's parts as plain text; the first cell of each row names the row."""

    title: str
    head: list[str]
    rows: list[list[str]]
    notes: list[str]


def read_table(text: str) -> Table:
    """Take a table of `grids.grid` apart.

    Args:
        text: title, table and notes; a text without a table is one note.
    """
    lines = text.splitlines()
    cells = [_cells(line) for line in lines if line.startswith("|")]
    if not cells:
        return Table("", [], [], lines)
    head, _, *rows = cells
    notes = [line for line in lines[1:] if line and not line.startswith("|")]
    return Table(lines[0].strip("*"), head, rows, notes)


def _cells(line: str) -> list[str]:
    return [cell.strip().replace("\\|", "|") for cell in _BAR.split(line)[1:-1]]
