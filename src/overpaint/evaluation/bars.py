"""Means on a common axis, one row each, and counts as columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from overpaint.evaluation.charts import NAME, Scale, canvas, colour, line, mark, number, ticks, write
from overpaint.evaluation.statistics import Rate
from overpaint.phrases import clean, counted

WIDTH, LEFT, RIGHT = 760, 190, 122
ROW, HEAD, FOOT = 24, 30, 46
"""Pixels of a row, of a group's heading, and below the last row."""
COLUMN, WIDE, TALL = 26, 18, 96
"""Pixels between two columns at most, of a number below them, and of the tallest."""
SMALL, ACROSS = 190, 320
"""Width of a chart of columns, and of all its columns at most, in pixels."""


@dataclass(frozen=True)
class Row:
    """A mean with its interval; `index` gives colour and shape, `before` is a mean to compare with (drawn hollow)."""

    name: str
    index: int
    rate: Rate
    before: float | None = None


def rows_chart(title: str, groups: Sequence[tuple[str, Sequence[Row]]], *, x: str) -> ET.Element:
    """Draw rows of means under headings (an empty heading takes no room).

    Args:
        title: what a reader who cannot see it is told, followed by every value.
        groups: heading and rows.
        x: what the axis is.
    """
    rows = [row for _, group in groups for row in group]
    height = 12 + sum(HEAD * bool(heading) + ROW * len(group) for heading, group in groups) + FOOT
    svg = canvas(title, "; ".join(f"{row.name}: {number(row.rate.mean)}" for row in rows), WIDTH, height)
    across = _axis(svg, rows, height, x)
    y = 12.0
    for heading, group in groups:
        if heading:
            y += HEAD
            write(svg, "heading", 8, y - 8, heading)
        for row in group:
            _draw_row(svg, row, y + ROW / 2, across)
            y += ROW
    return svg


def _axis(svg: ET.Element, rows: Sequence[Row], height: float, x: str) -> Scale:
    values = [value for row in rows for value in (row.rate.low, row.rate.high, row.before) if value is not None]
    steps = ticks(min(values, default=0.0), max(values, default=1.0))
    across = Scale(steps[0], steps[-1], LEFT, WIDTH - RIGHT)
    for value in steps:
        line(svg, "grid", across(value), 8, across(value), height - FOOT + 4)
        write(svg, "tick middle", across(value), height - FOOT + 20, f"{value:g}")
    write(svg, "said middle", (LEFT + WIDTH - RIGHT) / 2, height - 8, x)
    return across


def _draw_row(svg: ET.Element, row: Row, y: float, across: Scale) -> None:
    write(svg, "label till", LEFT - 14, y + 4, clean(row.name, NAME + 2))
    line(svg, f"interval wide {colour(row.index)}", across(row.rate.low), y, across(row.rate.high), y)
    if row.before is not None:
        line(svg, f"leader {colour(row.index)}", across(row.before), y, across(row.rate.mean), y)
        mark(svg, row.index, across(row.before), y, hollow=True, said=f"{row.name}, before: {number(row.before)}")
    rate = row.rate
    between = f"{number(rate.low)} to {number(rate.high)}, {counted(rate.briefs, 'brief')}"
    said = f"{row.name}: {number(rate.mean)} ({between})"
    mark(svg, row.index, across(row.rate.mean), y, said=said)
    write(svg, "label", WIDTH - RIGHT + 14, y + 4, number(row.rate.mean))
    write(svg, "said", WIDTH - RIGHT + 60, y + 4, f"({row.rate.briefs:,})")


def columns_chart(name: str, index: int, counts: Mapping[int, int], *, x: str, most: int, last: int) -> ET.Element:
    """Draw how often each whole number from 0 to `last` came up, as one small chart.

    Args:
        name: of what is counted; the heading.
        index: of its colour.
        counts: how often each number came up.
        x: what the numbers are.
        most: the count that is as tall as the chart, so that several can be compared.
        last: the last number of the axis.
    """
    step, floor = min(COLUMN, round(ACROSS / (last + 1), 1)), 42 + TALL
    width = max(32 + step * (last + 1), SMALL)
    said = ", ".join(f"{value}: {count}" for value, count in sorted(counts.items())) or "none"
    svg = canvas(f"{name}, {x}", said, width, floor + 40)
    write(svg, "heading", 16, 18, clean(name, NAME))
    line(svg, "grid", 16, floor, width - 16, floor)
    for value in range(last + 1):
        left, tall = 16 + step * value, round(TALL * counts.get(value, 0) / max(1, most), 1)
        _column(svg, index, left, floor, step, tall)
        if counts.get(value):
            write(svg, "tick middle", left + step / 2, floor - tall - 4, str(counts[value]))
        if value % (1 + int(WIDE / step)) == 0:
            write(svg, "tick middle", left + step / 2, floor + 15, str(value))
    write(svg, "said", 16, floor + 34, x)
    return svg


def _column(svg: ET.Element, index: int, left: float, floor: float, step: float, tall: float) -> None:
    box = {"x": left + step * 0.12, "y": floor - tall, "width": step * 0.76, "height": tall}
    sizes = {name: f"{value:.1f}" for name, value in box.items()}
    ET.SubElement(svg, "rect", {"class": f"column {colour(index)}", **sizes})
