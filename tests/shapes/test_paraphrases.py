"""Briefs that others wrote without looking at the grammar: most are understood, and none is misunderstood."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
import yaml

from overpaint.shapes.parser import parse
from overpaint.shapes.scene import Group, Link, Relation, Spec
from overpaint.tools.faults import BadInput

FOLDER = Path(__file__).parent / "paraphrases"
WRITTEN = [path for name in ("learned", "learned_too", "held_out") if (path := FOLDER / f"{name}.yaml").exists()]
OPPOSITE: dict[Relation, Relation] = {"right of": "left of", "below": "above"}


def load(path: Path) -> list[Any]:
    rows: list[Any] = yaml.safe_load(path.read_text("utf-8"))
    return rows


def wanted(row: dict[str, Any]) -> Spec:
    groups = [Group(g["shape"], g["count"], g.get("color"), g.get("size"), g.get("place")) for g in row["groups"]]
    return Spec(tuple(groups), tuple(Link(*link) for link in row.get("links", ())))


def same(one: Spec, other: Spec) -> bool:
    """Whether two specs ask for the same, in whatever order they name things."""
    if len(one.groups) != len(other.groups):
        return False
    orders = permutations(range(len(one.groups)))
    return any(reordered(one, order) == reordered(other, range(len(other.groups))) for order in orders)


def reordered(spec: Spec, order: Any) -> tuple[list[Group], set[tuple[int, Relation, int]]]:
    at = {old: new for new, old in enumerate(order)}
    links = {(at[k.subject], k.relation, at[k.target]) for k in spec.links}
    facing = {(b, OPPOSITE[r], a) if r in OPPOSITE else (a, r, b) for a, r, b in links}
    return [spec.groups[old] for old in order], facing


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.stem)
def test_nine_in_ten_are_read_and_none_is_read_wrongly(path: Path) -> None:
    rows = load(path)
    right, wrong = 0, []
    for row in rows:
        try:
            spec = parse(row["text"])
        except BadInput:
            continue
        if same(spec, wanted(row)):
            right += 1
        else:
            wrong.append(row["text"])
    assert wrong == []
    assert right >= 0.9 * len(rows)


@pytest.mark.parametrize("brief", load(FOLDER / "outside.yaml"))
def test_what_lies_outside_is_refused_on_one_line(brief: str) -> None:
    with pytest.raises(BadInput) as fault:
        parse(brief)
    assert len(str(fault.value).splitlines()) == 1


def test_order_is_no_difference_and_anything_else_is() -> None:
    star, dot = Group("star"), Group("circle", 2)
    above, below = Spec((star, dot), (Link(0, "above", 1),)), Spec((dot, star), (Link(0, "below", 1),))
    assert same(above, below)
    assert not same(above, Spec((dot, star), (Link(0, "above", 1),)))
    assert not same(above, Spec((star, dot)))
    assert not same(above, Spec((star,)))
