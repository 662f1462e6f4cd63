from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overpaint.shapes.captions import as_seen, terse
from overpaint.shapes.comparing import UNREAD, mending, nearness, right, says, share
from overpaint.shapes.layout import place, satisfied
from overpaint.shapes.looking import BARE, observed
from overpaint.shapes.parser import parse
from overpaint.shapes.scene import Seen, Spec, Thing
from tests.shapes.specs import scenes, specs

SPEC = parse("two red circles above a blue square")
CIRCLES = [as_seen(Thing("circle", "red", "large", place)) for place in (0, 2)]
SQUARE, STAR = as_seen(Thing("square", "blue", "large", 7)), as_seen(Thing("star", "green", "small", 4))
SMEAR = replace(STAR, shape=None)
ALL = "all that is asked for is there, and nothing else"


@settings(max_examples=30)
@given(specs(), scenes())
def test_a_picture_and_the_model_s_own_caption_of_it_say_the_same(spec: Spec, things: list[Thing]) -> None:
    for seen in ([as_seen(thing) for thing in things], [as_seen(thing) for thing in place(spec, "caption")]):
        assert says(spec, observed(seen))[0] == right(mending(spec, seen)) == satisfied(spec, seen)


@pytest.mark.slow
@settings(max_examples=30)
@given(specs())
def test_the_brief_itself_says_all_that_it_asks_for(spec: Spec) -> None:
    assert says(spec, terse(spec)) == (True, ALL)
    assert nearness(spec, terse(spec)) == 1.0


@pytest.mark.slow
@given(specs(), scenes(), st.integers(0, 8))
def test_what_nobody_asked_for_never_raises_the_share(spec: Spec, things: list[Thing], at: int) -> None:
    seen = [as_seen(thing) for thing in things]
    more = [*seen, replace(SMEAR, place=at)]
    assert share(mending(spec, more)) == share(mending(spec, seen))


@pytest.mark.parametrize(
    ("seen", "near", "why"),
    [
        ([*CIRCLES, SQUARE], 1.0, ALL),
        (CIRCLES, 2 / 3, "a blue square is missing"),
        ([*CIRCLES, SQUARE, STAR], 2 / 3, "a small green star in the center is not asked for"),
        ([*CIRCLES, SMEAR], 1 / 3, "a blue square is missing; a small green object of no clear shape in the center"),
        ([], 0.0, "a red circle is missing; a red circle is missing; a blue square is missing"),
    ],
)
def test_tells_how_near_a_caption_comes_and_what_it_lacks(seen: list[Seen], near: float, why: str) -> None:
    assert nearness(SPEC, observed(seen)) == pytest.approx(near)
    similar, reason = says(SPEC, observed(seen))
    assert similar == (near == 1.0)
    assert reason.startswith(why)


def test_what_a_caption_leaves_open_is_not_there() -> None:
    assert not says(parse("a red circle in the top left"), "a red circle")[0]
    assert not says(parse("a large circle"), "a circle")[0]
    assert says(parse("a circle"), "a tiny red disc, at the top")[0]


def test_prose_that_is_not_of_this_world_says_nothing() -> None:
    assert says(SPEC, "a photo of a dog") == (
        False,
        "the caption cannot be read: the brief says 'dog', which the built-in world does not know",
    )
    assert nearness(SPEC, "a photo of a dog") == UNREAD < nearness(SPEC, BARE)
    assert not says(SPEC, observed([*CIRCLES] * 6))[0]
