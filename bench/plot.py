"""The plot of the bench, as SVG: success by pictures painted, a line for each preset with the band of its interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from math import log2

from rates import Rate

WIDTH, HEIGHT = 720, 420
LEFT, RIGHT, TOP, BOTTOM = 56, 170, 44, 52
GAP = 16
"""Least distance of two labels, in pixels."""
COLOURS = ("#9467bd", "#c77800", "#1f8a70", "#2f6fde", "#c2394b", "#7a6f5d", "#4b8fa8", "#8a4f9e")
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #333 }
.title { font-size: 15px; font-weight: 600 }
.grid { stroke: #8886; stroke-width: 1 }
.paper { fill: #fff }
@media (prefers-color-scheme: dark) { text { fill: #ddd } .paper { fill: #16181c } }
"""

Point = tuple[float, float]


def plot(rates: Mapping[str, Mapping[int, Rate]], title: str) -> str:
    """Draw success over pictures on a log2 axis.

    Args:
        rates: by preset, then by budget in pictures.
        title: what stands above.

    Returns:
        An SVG document of 720 x 420, legible on light and dark ground.
    """
    budgets = sorted({budget for line in rates.values() for budget in line})
    inks = [COLOURS[at % len(COLOURS)] for at in range(len(rates))]
    parts = [_band(line, budgets, ink) for line, ink in zip(rates.values(), inks, strict=True)]
    parts += [_line(line, budgets, ink) for line, ink in zip(rates.values(), inks, strict=True)]
    parts += _labels({name: _y(line[max(line)].mean) for name, line in rates.items()}, inks)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"'
        f' aria-label="{escape(title)}"><style>{STYLE}</style><rect class="paper" width="{WIDTH}" height="{HEIGHT}"/>'
        f'<text class="title" x="{LEFT}" y="24">{escape(title)}</text>{_axes(budgets)}{"".join(parts)}</svg>\n'
    )


def spaced(wanted: Sequence[float], gap: float) -> list[float]:
    """Heights at least `gap` apart, in the same order and near where they are wanted.

    Those that would touch are put around their common middle.
    """
    order = sorted(range(len(wanted)), key=lambda at: wanted[at])
    piles: list[list[int]] = []
    for at in order:
        piles.append([at])
        while len(piles) > 1 and _foot(piles[-2], wanted, gap) + gap > _head(piles[-1], wanted, gap):
            piles[-2:] = [piles[-2] + piles[-1]]
    heights = {at: _head(pile, wanted, gap) + gap * k for pile in piles for k, at in enumerate(pile)}
    return [heights[at] for at in range(len(wanted))]


def _head(pile: Sequence[int], wanted: Sequence[float], gap: float) -> float:
    return sum(wanted[at] for at in pile) / len(pile) - gap * (len(pile) - 1) / 2


def _foot(pile: Sequence[int], wanted: Sequence[float], gap: float) -> float:
    return _head(pile, wanted, gap) + gap * (len(pile) - 1)


def _x(budget: int, budgets: Sequence[int]) -> float:
    span = log2(budgets[-1] / budgets[0]) or 1.0
    return LEFT + (WIDTH - LEFT - RIGHT) * log2(budget / budgets[0]) / span


def _y(rate: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * rate


def _axes(budgets: Sequence[int]) -> str:
    right, foot = WIDTH - RIGHT, HEIGHT - BOTTOM
    rows = [(percent, _y(percent / 100)) for percent in range(0, 101, 20)]
    lines = [f'<line class="grid" x1="{LEFT}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>' for _, y in rows]
    sides = [f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{percent}%</text>' for percent, y in rows]
    feet = [f'<text x="{_x(b, budgets):.1f}" y="{foot + 20}" text-anchor="middle">{b}</text>' for b in budgets]
    middle = (LEFT + right) / 2
    return "".join([*lines, *sides, *feet]) + (
        f'<text x="{middle}" y="{foot + 40}" text-anchor="middle">pictures painted at most (log scale)</text>'
    )


def _line(line: Mapping[int, Rate], budgets: Sequence[int], ink: str) -> str:
    points = [(_x(b, budgets), _y(line[b].mean)) for b in sorted(line)]
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{ink}"/>' for x, y in points)
    return f'<polyline points="{_path(points)}" fill="none" stroke="{ink}" stroke-width="2.5"/>{dots}'


def _band(line: Mapping[int, Rate], budgets: Sequence[int], ink: str) -> str:
    low = [(_x(b, budgets), _y(line[b].low)) for b in sorted(line)]
    high = [(_x(b, budgets), _y(line[b].high)) for b in sorted(line, reverse=True)]
    return f'<polygon points="{_path([*low, *high])}" fill="{ink}" opacity="0.18"/>'


def _labels(ends: Mapping[str, float], inks: Sequence[str]) -> list[str]:
    heights = spaced(list(ends.values()), GAP)
    return [
        f'<text x="{WIDTH - RIGHT + 10}" y="{y + 4:.1f}" style="fill: {ink}">{escape(name)}</text>'
        for name, y, ink in zip(ends, heights, inks, strict=True)
    ]


def _path(points: Sequence[Point]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
