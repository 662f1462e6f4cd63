"""Curves with intervals: one line per preset, named at its end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from xml.etree import ElementTree as ET

from overpaint.evaluation.charts import (
    NAME,
    Scale,
    Series,
    canvas,
    colour,
    line,
    mark,
    number,
    spread,
    ticks,
    trail,
    write,
)
from overpaint.phrases import clean, percent

WIDTH, HEIGHT = 760, 400
LEFT, RIGHT, TOP, BOTTOM = 58, 206, 30, 48
"""Pixels around the plot; the names of the lines are on its right."""
DODGE = 3
"""Pixels between the intervals of two presets at the same place."""


def curve_chart(title: str, series: Sequence[Series], *, x: str, y: str, shares: bool) -> ET.Element:
    """Draw values against whole numbers (a budget, a round), with intervals.

    Args:
        title: what a reader who cannot see it is told, followed by the last value of each line.
        series: one line each, in the order of colours; those without points are left out.
        x: what the whole numbers are.
        y: what the values are.
        shares: whether they are shares, to be shown in percent on an axis from 0 to 1.
    """
    said = percent if shares else number
    drawn = [(index, one) for index, one in enumerate(series) if one.points]
    svg = canvas(title, "; ".join(f"{one.name}: {said(_last(one)[1])}" for _, one in drawn), WIDTH, HEIGHT)
    places = [at for _, one in drawn for at in one.points] or [0]
    across = Scale(min(places), max(places), LEFT + 14, WIDTH - RIGHT - 14)
    down = _axes(svg, drawn, across, shares)
    write(svg, "said", LEFT, 14, y)
    write(svg, "said middle", (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, x)
    for place, (index, one) in enumerate(drawn):
        _intervals(svg, index, one, across, down, DODGE * (place - (len(drawn) - 1) / 2))
    for index, one in drawn:
        _line(svg, index, one, across, down, said)
    _names(svg, drawn, across, down, said)
    return svg


def _axes(svg: ET.Element, drawn: list[tuple[int, Series]], across: Scale, shares: bool) -> Scale:
    ends = [end for _, one in drawn for rate in one.points.values() for end in (rate.low, rate.high)]
    steps = ticks(0.0, 1.0) if shares or not ends else ticks(min(ends), max(ends))
    down = Scale(steps[0], steps[-1], HEIGHT - BOTTOM, TOP)
    for value in steps:
        line(svg, "grid", LEFT, down(value), WIDTH - RIGHT, down(value))
        write(svg, "tick till", LEFT - 8, down(value) + 4, percent(value) if shares else f"{value:g}")
    step = max(1, round((across.high - across.low) / 16))
    for place in range(round(across.low), round(across.high) + 1, step):
        write(svg, "tick middle", across(place), HEIGHT - BOTTOM + 18, str(place))
    return down


def _intervals(svg: ET.Element, index: int, one: Series, across: Scale, down: Scale, aside: float) -> None:
    for at, rate in one.points.items():
        x = round(across(at) + aside, 1)
        line(svg, f"interval {colour(index)}", x, down(rate.low), x, down(rate.high))


def _line(svg: ET.Element, index: int, one: Series, across: Scale, down: Scale, said: Callable[[float], str]) -> None:
    trail(svg, index, [(across(at), down(rate.mean)) for at, rate in one.points.items()])
    for at, rate in one.points.items():
        told = f"{one.name}, {at}: {said(rate.mean)} ({said(rate.low)} to {said(rate.high)}, {rate.briefs} briefs)"
        mark(svg, index, across(at), down(rate.mean), said=told)


def _names(
    svg: ET.Element, drawn: list[tuple[int, Series]], across: Scale, down: Scale, said: Callable[[float], str]
) -> None:
    ends = [(across(_last(one)[0]), down(_last(one)[1])) for _, one in drawn]
    heights = spread([y for _, y in ends], 17, TOP, HEIGHT - BOTTOM)
    for (index, one), end, y in zip(drawn, ends, heights, strict=True):
        x = WIDTH - RIGHT
        line(svg, f"faint {colour(index)}", end[0] + 7, end[1], x + 4, y)
        mark(svg, index, x + 12, y)
        write(svg, "label", x + 22, y + 4, f"{clean(one.name, NAME)} {said(_last(one)[1])}")


def _last(one: Series) -> tuple[int, float]:
    """Where a line ends."""
    at = max(one.points)
    return at, one.points[at].mean
