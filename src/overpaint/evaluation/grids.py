"""Tables as Markdown that reads as plain text too, and how numbers are written in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isinf

from overpaint.evaluation.statistics import Rate

NONE = "–"  # noqa: RUF001
"""What stands where there is no number."""


def grid(title: str, head: Sequence[str], rows: Iterable[Sequence[str]], notes: Sequence[str] = ()) -> str:
    """A table under its title, columns aligned, all but the first to the right; notes stand below."""
    cells = [[_cell(text) for text in row] for row in (head, *rows)]
    widths = [max(3, *map(len, column)) for column in zip(*cells, strict=True)]
    rule = [("-" * width if at == 0 else "-" * (width - 1) + ":") for at, width in enumerate(widths)]
    lines = [_line(row, widths) for row in cells]
    table = [f"**{title}**", "", lines[0], f"| {' | '.join(rule)} |", *lines[1:]]
    return "\n".join([*table, *(["", *notes] if notes else [])])


def number(value: float | None, digits: int = 2) -> str:
    """A number with so many decimals; a dash for none, or for an infinite one."""
    return NONE if value is None or isinf(value) else f"{value:,.{digits}f}"


def share(value: float | None) -> str:
    """A share of 0 to 1 in percent; a dash for none."""
    return NONE if value is None else f"{100 * value:.1f}"


def percent(rate: Rate) -> str:
    """A share with its interval, in percent."""
    return f"{100 * rate.mean:.1f} [{100 * rate.low:.0f}, {100 * rate.high:.0f}]"


def probability(p: float | None) -> str:
    """A p value with two digits that count; a dash for none."""
    return NONE if p is None else f"{p:.2g}"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    padded = [cell.ljust(w) if at == 0 else cell.rjust(w) for at, (cell, w) in enumerate(zip(row, widths, strict=True))]
    return f"| {' | '.join(padded)} |"
