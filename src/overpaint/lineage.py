"""The lineage chart: candidates left to right as they were minted, the better the higher, tied to their parents."""

from __future__ import annotations

from dataclasses import dataclass

from overpaint.cards import Card, rounds_of
from overpaint.phrases import score_of

LEFT, RIGHT = 50, 8
"""Pixels beside the first and the last candidate."""
NARROW, WIDE, FILLED = 58, 116, 1150
"""Pixels between two candidates: at least, at most, and the width they fill in between."""
TOP, TALL, BELOW = 52, 170, 62
"""Pixels above a full score, from full to none, and from none to the row of candidates without a verdict."""


@dataclass(frozen=True)
class Node:
    """One candidate on the chart. `kind` is champion, judged or without (a verdict)."""

    card: Card
    x: float
    y: float
    kind: str


@dataclass(frozen=True)
class Edge:
    """A line from parent to child, as an SVG path; `winning` when it leads to the champion."""

    path: str
    winning: bool


@dataclass(frozen=True)
class Band:
    """The stretch of the chart that one round takes."""

    number: int
    x: float
    width: float


@dataclass(frozen=True)
class Chart:
    """The whole chart, in pixels. `floor` is the y of a score of 0."""

    nodes: list[Node]
    edges: list[Edge]
    bands: list[Band]
    width: int
    height: int
    floor: int = TOP + TALL
    top: int = TOP


def chart_of(cards: list[Card]) -> Chart:
    """Lay the candidates out; see `Chart`."""
    groups = rounds_of(cards)
    ordered = [card for _, group in groups for card in group]
    step = min(WIDE, max(NARROW, (FILLED - LEFT - RIGHT) // max(len(ordered), 1)))
    nodes = {card.record["id"]: _node(card, LEFT + step * (place + 0.5)) for place, card in enumerate(ordered)}
    winners = _ancestors(ordered)
    edges = [
        Edge(_curve(nodes[parent], node), node.card.record["id"] in winners)
        for node in nodes.values()
        if (parent := node.card.record["parent"]) in nodes
    ]
    return Chart(
        nodes=list(nodes.values()),
        edges=sorted(edges, key=lambda edge: edge.winning),
        bands=_bands(groups, step),
        width=LEFT + step * len(ordered) + RIGHT,
        height=TOP + TALL + BELOW + 48,
    )


def _node(card: Card, x: float) -> Node:
    score = score_of(card.record)
    kind = "without" if score is None else "judged"
    y = TOP + TALL + BELOW if score is None else TOP + TALL * (1 - score)
    return Node(card, x, round(y, 1), "champion" if card.champion else kind)


def _curve(parent: Node, child: Node) -> str:
    middle = (parent.x + child.x) / 2
    return f"M{parent.x} {parent.y}C{middle} {parent.y} {middle} {child.y} {child.x} {child.y}"


def _ancestors(cards: list[Card]) -> set[str]:
    """The champion and all it descends from."""
    parents = {card.record["id"]: card.record["parent"] for card in cards}
    current = next((card.record["id"] for card in cards if card.champion), None)
    found: set[str] = set()
    while current is not None and current not in found:
        found.add(current)
        current = parents.get(current)
    return found


def _bands(groups: list[tuple[int, list[Card]]], step: int) -> list[Band]:
    bands: list[Band] = []
    for number, group in groups:
        start = bands[-1].x + bands[-1].width if bands else LEFT
        bands.append(Band(number, start, step * len(group)))
    return bands
