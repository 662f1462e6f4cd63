"""Lists, ranks, rows and orders: each thing gets what is said of it, or the brief is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from overpaint.shapes.parser import parse
from overpaint.shapes.scene import Group, Link, Spec
from overpaint.tools.faults import BadInput

RED, BLUE, GREEN = Group("circle", colour="red"), Group("square", colour="blue"), Group("star", colour="green")
TOP = (replace(RED, place=0), replace(BLUE, place=1), replace(GREEN, place=2))
IN_LINE = (Link(0, "left of", 1), Link(1, "left of", 2))


@pytest.mark.parametrize(
    ("brief", "groups", "links"),
    [
        ("1. a red circle 2. a blue square", (RED, BLUE), ()),
        ("1) red circle\n2) blue square\n3) green star", (RED, BLUE, GREEN), ()),
        ("two shapes. The first is a red circle. The second is a blue square.", (RED, BLUE), ()),
        ("two things: one is a red circle, the other is a blue square", (RED, BLUE), ()),
        ("two red circles: one at the top left, one at the top, a green star at the top right, a blue circle on the right",
         (replace(RED, place=0), replace(RED, place=1), replace(GREEN, place=2), Group("circle", colour="blue", place=5)),
         ()),
        ("first draw a red circle, then draw a blue square", (RED, BLUE), ()),
        ("a circle and a square, the first one red and the second one blue", (RED, BLUE), ()),
        ("a circle and a square; the former is red, the latter blue", (RED, BLUE), ()),
        ("a circle and a square. the first is above the last", (Group("circle"), Group("square")),
         (Link(0, "above", 1),)),
        ("a circle and a square in red and blue respectively", (RED, BLUE), ()),
        ("make the circle red and the square blue", (RED, BLUE), ()),
        ("circle red, square blue", (RED, BLUE), ()),
        ("a red-colored circle with a blue-colored square", (RED, BLUE), ()),
        ("top row: red circle, blue square, green star", TOP, ()),
        ("in the top row there is a red circle on the left and a green star on the right", (TOP[0], TOP[2]), ()),
        ("left column: a red circle at the top, a star at the bottom", (TOP[0], Group("star", place=6)), ()),
        ("from left to right: a red circle, a blue square and a green star", (RED, BLUE, GREEN), IN_LINE),
        ("a red circle, a blue square, a green star, arranged from left to right", (RED, BLUE, GREEN), IN_LINE),
        ("a red circle. there is a star above it and a cross below it", (RED, Group("star"), Group("cross")),
         (Link(1, "above", 0), Link(2, "below", 0))),
        ("a red circle in the center, with a star above and a cross below",
         (replace(RED, place=4), Group("star"), Group("cross")), (Link(1, "above", 0), Link(2, "below", 0))),
    ],
)  # fmt: skip
def test_each_thing_gets_what_is_said_of_it(brief: str, groups: tuple[Group, ...], links: tuple[Link, ...]) -> None:
    assert parse(brief) == Spec(groups, links)


@pytest.mark.parametrize(
    "brief",
    [
        "2. a star 1. a circle",
        "a circle and a star; the first is a square",
        "a circle is a square",
        "two stars and a circle, the first red",
        "a star, a circle and a square, the latter red",
        "a circle above a square. the first is red",
        "a star and a circle red",
        "three stars in the top row",
        "top row: a star, a circle",
        "top row: a star on the left, a circle below it",
        "left to right: two stars, a circle",
        "a circle. a star above it and below it a square",
        "a circle and a square, with a star above",
    ],
)
def test_what_people_would_not_agree_on_is_refused(brief: str) -> None:
    with pytest.raises(BadInput):
        parse(brief)


def test_counts_that_look_like_a_list_stay_counts() -> None:
    assert parse("squares: 1. circles: 2. stars: 3.") == Spec((Group("square"), Group("circle", 2), Group("star", 3)))
