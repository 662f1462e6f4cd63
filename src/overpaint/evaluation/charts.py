"""What all charts are made of: an SVG canvas, scales, marks told apart by colour, dash and shape."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from xml.etree import ElementTree as ET

from overpaint.evaluation.statistics import Rate
from overpaint.phrases import clean

XMLNS = "http://www.w3.org/2000/svg"
COLOURS = 8
"""How many colours chart.css has; a ninth series has the first's again, with another shape and dash."""
DASHES = ("", "7 3", "2 3", "9 3 2 3", "12 4", "5 2 1 2 1 2", "1 4")
SHAPES = (
    "M-4,0A4,4 0 1 0 4,0A4,4 0 1 0 -4,0Z",
    "M-4,-4H4V4H-4Z",
    "M0,-5L5,4H-5Z",
    "M0,-5.5L5.5,0L0,5.5L-5.5,0Z",
    "M0,5L5,-4H-5Z",
    "M-1.6,-5H1.6V-1.6H5V1.6H1.6V5H-1.6V1.6H-5V-1.6H-1.6Z",
    "M-5,-3L-3,-5L0,-2L3,-5L5,-3L2,0L5,3L3,5L0,2L-3,5L-5,3L-2,0Z",
)
"""Outlines around (0, 0): circle, square, triangle, diamond, triangle down, plus, cross."""
NAME = 22
"""Longer names of series are cut on a chart; the tables have them whole."""


@dataclass(frozen=True)
class Series:
    """What one preset has to show: means with intervals by whole numbers (a budget, a round), in their order."""

    name: str
    points: Mapping[int, Rate]


@dataclass(frozen=True)
class Scale:
    """Values from `low` to `high` on pixels from `start` to `end`."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """The pixel of a value."""
        share = (value - self.low) / ((self.high - self.low) or 1)
        return round(self.start + share * (self.end - self.start), 1)


def canvas(title: str, said: str, width: float, height: float) -> ET.Element:
    """An empty chart of so many pixels, with a name and a description for those who cannot see it."""
    svg = ET.Element(
        "svg",
        {
            "xmlns": XMLNS,
            "class": "plot",
            "viewBox": f"0 0 {width:g} {height:g}",
            "width": f"{width:g}",
            "height": f"{height:g}",
            "role": "img",
            "aria-label": clean(f"{title}. {said}"),
        },
    )
    ET.SubElement(svg, "title").text = clean(title)
    return svg


def line(svg: ET.Element, kind: str, x1: float, y1: float, x2: float, y2: float) -> None:
    """Draw a straight line; `kind` is its class in chart.css."""
    ET.SubElement(svg, "line", {"class": kind, "x1": f"{x1}", "y1": f"{y1}", "x2": f"{x2}", "y2": f"{y2}"})


def write(svg: ET.Element, kind: str, x: float, y: float, text: str) -> None:
    """Write a text whose base line begins at (x, y), or ends or is centred there as its class says."""
    ET.SubElement(svg, "text", {"class": kind, "x": f"{x:g}", "y": f"{y:g}"}).text = clean(text)


def mark(svg: ET.Element, index: int, x: float, y: float, *, hollow: bool = False, said: str = "") -> None:
    """Draw the mark of series `index` around (x, y)."""
    path = ET.SubElement(
        svg,
        "path",
        {
            "class": f"mark {colour(index)}{' hollow' if hollow else ''}",
            "d": SHAPES[index % len(SHAPES)],
            "transform": f"translate({x:g} {y:g})",
        },
    )
    if said:
        ET.SubElement(path, "title").text = clean(said)


def trail(svg: ET.Element, index: int, points: Sequence[tuple[float, float]]) -> None:
    """Draw the line of series `index` through points."""
    said = " ".join(f"{x:g},{y:g}" for x, y in points)
    dash = DASHES[index % len(DASHES)]
    ET.SubElement(svg, "polyline", {"class": f"trail {colour(index)}", "points": said, "stroke-dasharray": dash})


def colour(index: int) -> str:
    """The class of the colour of series `index`."""
    return f"c{index % COLOURS}"


def ticks(low: float, high: float) -> list[float]:
    """Four to eight round numbers from at most `low` to at least `high`."""
    span = high - low if high - low > 1e-8 * (1 + abs(high)) else max(abs(high), 1e-6)
    unit = 10 ** math.floor(math.log10(span / 4))
    step = next(unit * factor for factor in (1, 2, 5, 10) if span / (unit * factor) <= 5)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(step * place, 10) for place in range(first, max(last, first + 1) + 1)]


def number(value: float) -> str:
    """A value with three digits after the point, or three in all from 10 on."""
    return f"{value:.3f}" if abs(value) < 10 else f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def spread(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Move places apart to at least `gap` where there is room from `low` to `high`, in the order they have."""
    gap = min(gap, (high - low) / max(1, len(places) - 1))
    order = sorted(range(len(places)), key=lambda place: places[place])
    moved = list(places)
    floor = low
    for place in order:
        moved[place] = floor = max(places[place], floor)
        floor += gap
    ceiling = high
    for place in reversed(order):
        moved[place] = min(moved[place], ceiling)
        ceiling = moved[place] - gap
    return moved


def as_text(svg: ET.Element) -> str:
    """The chart for a page that has chart.css."""
    return ET.tostring(svg, encoding="unicode")


def as_file(svg: ET.Element) -> bytes:
    """The chart as a file of its own."""
    alone = copy.deepcopy(svg)
    style = ET.Element("style")
    style.text = files("overpaint").joinpath("templates", "chart.css").read_text("utf-8")
    alone.insert(1, style)
    return ET.tostring(alone, encoding="unicode").encode()
