from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from overpaint.shapes.captions import terse
from overpaint.shapes.parser import parse
from overpaint.shapes.scene import Group, Link, Spec
from overpaint.tools.faults import BadInput
from tests.shapes.specs import specs

RED, BLUE, GREEN = Group("circle", colour="red"), Group("square", colour="blue"), Group("star", colour="green")
THREE = (RED, BLUE, GREEN)
TWO_RED = Group("circle", 2, "red")
ABOVE, UNDER = (Link(0, "above", 1),), (Link(1, "below", 0),)


@pytest.mark.parametrize(
    ("brief", "groups", "links"),
    [
        ("two red circles above a blue square", (TWO_RED, BLUE), ABOVE),
        ("2 crimson balls and one blue box", (TWO_RED, BLUE), ()),
        ("please draw 2 red balls plus one blue box!", (TWO_RED, BLUE), ()),
        ("a photo of a red disc on a plain light background, nothing else", (RED,), ()),
        ("A LARGE, red dot", (Group("circle", colour="red", size="large"),), ()),
        ("exactly five green stars", (Group("star", 5, "green"),), ()),
        ("a pair of plus signs", (Group("cross", 2),), ()),
        ("a red circle on top of a blue square", (RED, BLUE), ABOVE),
        ("a red circle that is over a blue square", (RED, BLUE), ABOVE),
        ("the blue square, the red circle", (BLUE, RED), ()),
        ("a green star on the left side of a blue square", (GREEN, BLUE), (Link(0, "left of", 1),)),
        ("a green star on the left of the picture", (Group("star", colour="green", place=3),), ()),
        ("a red circle to the top left of a blue square", (RED, BLUE), (*ABOVE, Link(0, "left of", 1))),
        ("a red circle to the lower right of a blue square", (RED, BLUE), (Link(0, "below", 1), Link(0, "right of", 1))),
        ("a red circle to the top left of the picture", (replace(RED, place=0),), ()),
        ("Top left: red circle. Top: blue box.", (replace(RED, place=0), replace(BLUE, place=1)), ()),
        ("In the upper left corner is a red circle", (Group("circle", 1, "red", None, 0),), ()),
        ("a red circle, in the bottom-right, a blue square", (Group("circle", 1, "red", None, 8), BLUE), ()),
        ("a red circle and a blue square; the square is at the top", (RED, Group("square", 1, "blue", None, 1)), ()),
        ("two red circles, one in the center", (Group("circle", 1, "red", None, 4), RED), ()),
        ("a red circle and a blue one", (RED, Group("circle", colour="blue")), ()),
        ("two shapes: a red circle and a blue square", (RED, BLUE), ()),
        ("a red circle in the top left, a red circle", (Group("circle", 1, "red", None, 0), RED), ()),
        ("a red circle above a blue square and left of a green star", THREE, (*ABOVE, Link(0, "left of", 2))),
        ("a red circle above a blue square above a green star", THREE, (*ABOVE, Link(1, "above", 2))),
        ("a red circle above and to the right of a blue square", (RED, BLUE), (*ABOVE, Link(0, "right of", 1))),
        ("a red circle above a blue square, a green star below a blue square", THREE, (*ABOVE, Link(2, "below", 1))),
        ("a red circle over a blue square, a green star left of the square", THREE, (*ABOVE, Link(2, "left of", 1))),
        ("a red circle and below it a blue square", (RED, BLUE), UNDER),
        ("a red circle and under it is a blue square", (RED, BLUE), UNDER),
        ("a red circle. Below it, a blue square.", (RED, BLUE), UNDER),
        ("a red circle and under that a blue square", (RED, BLUE), UNDER),
        ("a red circle, below which there is a blue square", (RED, BLUE), UNDER),
        ("there is a red circle. there is a blue square below it.", (RED, BLUE), UNDER),
        ("a red circle and a blue square below it", (RED, BLUE), UNDER),
        ("a red circle with a blue square below it", (RED, BLUE), UNDER),
        ("a red circle below which is a blue square", (RED, BLUE), UNDER),
        ("two red circles and below them a blue square", (TWO_RED, BLUE), UNDER),
        ("a red circle; below it a blue square above a green star", THREE, (*UNDER, Link(1, "above", 2))),
        ("a red circle and below it a blue square and below that a green star", THREE, (*UNDER, Link(2, "below", 1))),
        ("a red circle, above and left of it a blue square", (RED, BLUE), (Link(1, "above", 0), Link(1, "left of", 0))),
        ("a red circle and a blue square. below that square is a green star", (RED, BLUE, GREEN), (Link(2, "below", 1),)),
        ("above the blue square is a red circle", (RED, BLUE), ABOVE),
        ("above a blue square there are two red circles", (TWO_RED, BLUE), ABOVE),
        ("a green star. above the blue square at the bottom is a red circle",
         (GREEN, RED, replace(BLUE, place=7)), (Link(1, "above", 2),)),
        ("a red circle left and above a blue square", (RED, BLUE), (Link(0, "left of", 1), *ABOVE)),
        ("in the top left, a red circle; in the middle, a blue square",
         (replace(RED, place=0), replace(BLUE, place=4)), ()),
        ("a red circle left of a red circle left of a red circle",
         (RED, RED, RED), (Link(0, "left of", 1), Link(1, "left of", 2))),
        ("a red circle, a red circle, the first circle above the second circle", (RED, RED), ABOVE),
        ("Hi! Could you please draw a red-coloured circle and, below it, a box in blue? Thanks!", (RED, BLUE), UNDER),
        ("there's a circle that is red above a square, colour: blue", (RED, BLUE), ABOVE),
        ("a circle and a square. The circle is red, the square is blue", (RED, BLUE), ()),
        ("the circle is red and the square should be blue", (RED, BLUE), ()),
        ("circle (red), square (blue)", (RED, BLUE), ()),
        ("a circle, red, and a square, blue", (RED, BLUE), ()),
        ("make a square. colour it blue.", (BLUE,), ()),
        ("a circle and a square, both blue", (Group("circle", colour="blue"), BLUE), ()),
        ("two circles, all of them red", (TWO_RED,), ()),
        ("two circles. they are red.", (TWO_RED,), ()),
        ("red balls x2", (TWO_RED,), ()),
        ("2x red balls", (TWO_RED,), ()),
        ("red balls, two of them", (TWO_RED,), ()),
        ("red, blue and green circles",
         (RED, Group("circle", colour="blue"), Group("circle", colour="green")), ()),
        ("two circles: one red circle and one blue circle", (RED, Group("circle", colour="blue")), ()),
        ("two circles, red and blue", (RED, Group("circle", colour="blue")), ()),
        ("a red and a blue circle", (RED, Group("circle", colour="blue")), ()),
        ("two circles, one of them red and the other blue", (RED, Group("circle", colour="blue")), ()),
        ("five squares, 2 of them blue, the rest big",
         (Group("square", 2, "blue"), Group("square", 3, size="large")), ()),
        ("a star, just the one", (Group("star"),), ()),
        ("a red circle with a blue square underneath", (RED, BLUE), UNDER),
        ("a red circle with a blue square to the left", (RED, BLUE), (Link(1, "left of", 0),)),
        ("a green star with a red circle above it and a blue square below it",
         (GREEN, RED, BLUE), (Link(1, "above", 0), Link(2, "below", 0))),
        ("a red circle has a blue square to its left", (RED, BLUE), (Link(1, "left of", 0),)),
        ("a red circle, and next to it on its right a blue square", (RED, BLUE), (Link(1, "right of", 0),)),
        ("a red circle right above a blue square", (RED, BLUE), ABOVE),
        ("above the blue square, a red circle", (RED, BLUE), ABOVE),
        ("at the top put a star and draw a circle in the right bottom corner",
         (Group("star", place=1), Group("circle", place=8)), ()),
        ("a picture with a red circle and a blue square in it", (RED, BLUE), ()),
        ("an image with a red circle in the middle", (replace(RED, place=4),), ()),
        ("a blue square with a red circle in the middle of the picture", (BLUE, replace(RED, place=4)), ()),
        ("two circles and one of them is red", (RED, Group("circle")), ()),
        ("top left: a red circle, center: a blue square", (replace(RED, place=0), replace(BLUE, place=4)), ()),
    ],
)  # fmt: skip
def test_understands(brief: str, groups: tuple[Group, ...], links: tuple[Link, ...]) -> None:
    assert parse(brief) == Spec(groups, links)


@pytest.mark.parametrize(
    ("brief", "reason"),
    [
        ("", "names nothing to draw"),
        ("a dog on a red horse under the moon", "'dog', 'on', 'horse' …"),
        ("红色的圆", "'红色的圆'"),
        ("🔴 and 🟦", "'🔴', '🟦'"),
        ("a white circle", "'white'"),
        ("a red circle at the top of a blue square", "'top of'"),
        ("a circle inside a square", "'inside'"),
        ("x" * 100_000, f"'{'x' * 23}…'"),
        ("a circle\u202e\x00", "'circle\\u202e\\x00'"),
        ("ten circles", "more than 9 things"),
        ("9" * 5000 + " circles", "more than 9 things"),
        ("five circles and five squares", "more than 9 things"),
        ("a red circle at the top, a blue square at the top", "2 things in one place (top)"),
        ("two circles in the center", "2 things in one place (center), which holds one; name a place for each"),
        ("a circle at the top, the circle is at the bottom", "put in two places"),
        ("a circle above a square, the circle below the square", "cannot all hold"),
        ("a circle above a square above a star above a cross", "cannot all hold"),
        ("four circles left of five squares above a star", "more than 9 things"),
        ("four circles left of four squares", "cannot all hold"),
        ("two circles above seven squares", "cannot all hold"),
        ("a circle and a circle, the circle above a star", "could be any of 2"),
        ("a circle, the second circle above a star", "there is no 'the second circle'"),
        ("red", "'red' names no shape"),
        ("a red and blue circle", "says two things at once"),
        ("circles", "how many circles"),
        ("zero circles", "asks for nothing"),
        ("above a circle", "what shall be above"),
        ("a circle above", "shall be above"),
        ("a circle, a star, and below it a square", "which thing 'it' is"),
        ("a circle above a square and a star below it", "which thing 'it' is"),
        ("two circles and below it a square", "which thing 'it' is"),
        ("a circle below it", "which thing 'it' is"),
        ("a star. a circle above which", "for certain what a thing shall be above"),
        ("a star. a circle below it a square", "for certain what a thing shall be below"),
        ("a circle, a star, above that, a square", "for certain what a thing shall be above"),
        ("a star. below a circle, a square", "for certain what a thing shall be below"),
        ("a circle. below, a square", "for certain what a thing shall be below"),
        ("a circle. below there is a square", "for certain what a thing shall be below"),
        ("a circle below a square is a star", "for certain what a thing shall be below"),
        ("a circle below that one star", "which thing 'that one star' is"),
        ("a red circle above and left a blue square", "shall be above"),
        ("a red circle in a blue square", "says 'in'"),
        ("a blue square with a red circle in it", "says 'in'"),
        ("a blue square containing a red circle", "says 'containing'"),
        ("-1 red circle", "'-1'"),
        ("\u20131 red circle", "'\u20131'"),
        ("each circle is red: two circles", "'each'"),
        ("the circle is red: two circles", "'red' names no shape"),
        ("a small square triangle", "'a small square triangle' names two shapes"),
        ("a square red triangle", "names two shapes"),
        ("three shapes: a circle", "speaks of 3 things but names 1"),
        ("a star and a circle in red", "for certain what is 'red'"),
        ("a circle above a square is blue", "for certain what is 'blue'"),
        ("a star and a circle. it is red", "for certain what is 'red'"),
        ("a star and a circle. it is above a square", "which thing 'it' is"),
        ("the star and the circle are red", "for certain what are 'red'"),
        ("two stars and two circles, both red", "for certain what is 'both'"),
        ("a red circle and square", "whether 'square' is red too"),
        ("a circle. the red circle is above a star", "which thing 'the red circle' is"),
        ("the ball is orange. draw a ball.", "whether 'a ball' was named before"),
        ("two circles and two squares, one red", "of which things 'one red' speaks"),
        ("two circles, one red circle", "whether 'one red circle' is one of those before"),
        ("two stars, one red, one blue, one green", "of which things 'one green' speaks"),
        ("three circles: one red circle", "lists fewer things"),
        ("two circles, one red and one blue square", "says two things at once"),
        ("a star with a circle on the left", "'on the left' may mean the thing or the picture"),
        ("a star left above a circle", "'left above'"),
        ("a red circle and a frame", "leads to nothing that can be drawn"),
        ("two red circles on the left", "name a place for each of them"),
        ("a star next to a circle", "'next'"),
        ("a redish circle", "'redish'"),
    ],
)
def test_refuses_with_one_line_that_says_why(brief: str, reason: str) -> None:
    with pytest.raises(BadInput) as fault:
        parse(brief)
    assert reason in str(fault.value)
    assert len(str(fault.value).splitlines()) == 1


@pytest.mark.parametrize("brief", ["the " * 5000 + "red", "one " * 5000, "a circle " + "one " * 5000])
def test_a_phrase_without_end_is_not_quoted_whole(brief: str) -> None:
    with pytest.raises(BadInput) as fault:
        parse(brief)
    assert "…" in str(fault.value)
    assert len(str(fault.value)) < 300


def test_an_unknown_word_gets_all_there_is_and_a_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setenv("NVIDIA_API_KEY", "a-secret")
    with pytest.raises(
        BadInput, match=r"a real model draws anything: --set painter=diffusers:.* --set judge=nvidia:"
    ) as fault:
        parse("a dragon")
    assert all(word in str(fault.value) for word in ("triangles", "purple", "large", "left of", "in the top left"))
    assert "a-secret" not in str(fault.value)


@given(specs())
def test_reads_back_what_terse_says(spec: Spec) -> None:
    again = parse(terse(spec))
    assert again.groups == spec.groups
    assert set(again.links) == set(spec.links)


@given(specs(shapes=1))
def test_reads_back_what_terse_says_of_things_much_alike(spec: Spec) -> None:
    again = parse(terse(spec))
    assert again.groups == spec.groups
    assert set(again.links) == set(spec.links)


WORDS = (
    "a the two one red circle circles small square star plus above left of in on top bottom right and , . : is "
    "which shapes first nothing else with background 3 0 every it that below there"
)


@given(st.one_of(st.text(), st.lists(st.sampled_from(WORDS.split()), max_size=24).map(" ".join)))
@example("\ud800")
@example("one")
@example("a circle, one above one")
def test_any_text_is_read_or_refused_on_one_line(text: str) -> None:
    said = outcome(text)
    if isinstance(said, Spec):
        assert 1 <= sum(group.count for group in said.groups) <= 9
    else:
        assert len(said.splitlines()) == 1
        assert len(said) < 1000


def outcome(text: str) -> Spec | str:
    try:
        return parse(text)
    except BadInput as fault:
        return str(fault)


UNITS = (
    "a red circle, ",
    "please ",
    ", ",
    "in the ",
    "on the left side of the ",
    "🔴 ",
    "x",
    "(",
    "one ",
    "1. star 2. ",
)


@pytest.mark.slow
@pytest.mark.parametrize("unit", UNITS)
def test_a_hundred_thousand_characters_are_refused_at_once(unit: str) -> None:
    started = time.process_time()
    with pytest.raises(BadInput):
        parse(unit * (100_000 // len(unit)))
    assert time.process_time() - started < 2
