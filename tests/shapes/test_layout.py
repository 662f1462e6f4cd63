from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overpaint.shapes.captions import as_seen
from overpaint.shapes.cells import neighbours
from overpaint.shapes.layout import fits, place, repair, satisfied
from overpaint.shapes.parser import parse
from overpaint.shapes.scene import Group, Link, Spec, Thing
from tests.shapes.specs import scenes, specs


@pytest.mark.slow
@given(specs(), st.text(max_size=8))
def test_a_layout_satisfies_its_spec_and_repeats_itself(spec: Spec, salt: str) -> None:
    things = place(spec, salt)
    assert place(spec, salt) == things
    assert len({thing.place for thing in things}) == len(things)
    assert satisfied(spec, [as_seen(thing) for thing in things])


def test_salts_differ_and_few_things_are_large_and_apart() -> None:
    spec = parse("a red circle and a star")
    layouts = {tuple(place(spec, str(n))) for n in range(20)}
    assert len(layouts) > 10
    assert {thing.size for layout in layouts for thing in layout} == {"large"}
    assert all(b.place not in neighbours(a.place) for a, b in layouts)
    assert {thing.size for thing in place(parse("five stars"), "x")} == {"small"}


def test_an_impossible_spec_is_an_error() -> None:
    circle, square = Group("circle"), Group("square")
    with pytest.raises(ValueError, match="no layout"):
        place(Spec((circle, square), (Link(0, "above", 1), Link(0, "below", 1))), "")


@pytest.mark.parametrize(
    "change",
    [
        {"shape": "star"}, {"colour": "green"}, {"place": 4, "x": 0.5, "y": 0.5}, {"shape": None}, {"y": 0.9},
    ],
)  # fmt: skip
def test_one_wrong_aspect_is_not_satisfied(change: dict[str, object]) -> None:
    spec = parse("a red circle in the top left, above a blue square")
    right = [as_seen(Thing("circle", "red", "large", 0)), as_seen(Thing("square", "blue", "small", 7))]
    assert satisfied(spec, right)
    assert satisfied(spec, right[::-1])
    assert not satisfied(spec, [replace(right[0], **change), right[1]])  # type: ignore[arg-type]
    assert not satisfied(spec, right[:1])
    assert not satisfied(spec, [*right, as_seen(Thing("circle", "red", "large", 8))])


def test_centres_must_be_apart_by_the_margin() -> None:
    spec = parse("a circle above a square")
    circle, square = as_seen(Thing("circle", "red", "large", 1)), as_seen(Thing("square", "red", "large", 4))
    assert satisfied(spec, [circle, replace(square, y=circle.y + 8.1 / 64)])
    assert not satisfied(spec, [circle, replace(square, y=circle.y + 7.9 / 64)])


def test_open_groups_are_matched_with_foresight() -> None:
    spec = parse("a circle and a red circle")
    seen = [as_seen(Thing("circle", "red", "large", 0)), as_seen(Thing("circle", "blue", "large", 8))]
    assert satisfied(spec, seen)
    assert satisfied(spec, seen[::-1])


@pytest.mark.slow
@given(specs(shapes=2), scenes())
def test_a_repair_mends_any_picture(spec: Spec, scene: list[Thing]) -> None:
    seen = [as_seen(thing) for thing in scene]
    mend = repair(spec, seen, "s")
    assert sorted(map(repr, mend.keep + mend.extra)) == sorted(map(repr, seen))
    assert satisfied(spec, mend.keep + [as_seen(thing) for thing in mend.missing])
    assert {s.place for s in mend.keep}.isdisjoint(thing.place for thing in mend.missing)
    assert (not mend.missing and not mend.extra) == satisfied(spec, seen)


@given(specs(shapes=3), st.data())
def test_a_repair_keeps_all_but_what_was_spoilt(spec: Spec, data: st.DataObject) -> None:
    seen = [as_seen(thing) for thing in place(spec, "start")]
    spoilt = data.draw(st.integers(0, len(seen) - 1))
    mend = repair(spec, [replace(s, shape=None) if n == spoilt else s for n, s in enumerate(seen)], "s")
    assert len(mend.keep) == len(seen) - 1
    assert len(mend.missing) == len(mend.extra) == 1
    assert any(fits(as_seen(mend.missing[0]), group) for group in spec.groups)


def test_missing_things_take_the_cells_of_wrong_ones() -> None:
    spec = parse("a red circle and a blue square")
    seen = [as_seen(Thing("circle", "red", "large", 0)), as_seen(Thing("star", "green", "large", 5))]
    mend = repair(spec, seen, "s")
    assert mend.missing == [Thing("square", "blue", "large", 5)]
    assert mend.extra == [seen[1]]


def test_of_two_alike_the_better_one_stays() -> None:
    good = as_seen(Thing("star", "red", "large", 0))
    bad = replace(as_seen(Thing("star", "red", "large", 8)), fit=0.7)
    assert repair(parse("a star"), [bad, good], "s").keep == [good]


def test_a_crowd_of_things_alike_is_mended_soon() -> None:
    spec = parse(
        "a circle, a circle below two circles, two circles, a circle and two circles, "
        "the fifth circles left of the fourth circle, the third circles left of the fifth circles"
    )
    seen = [replace(as_seen(Thing("circle", "red", "large", n % 9)), x=n / 40, y=n * 7 % 40 / 40) for n in range(40)]
    started = time.process_time()
    mend = repair(spec, seen, "s")
    assert time.process_time() - started < 5
    assert mend.keep
    assert satisfied(spec, mend.keep + [as_seen(thing) for thing in mend.missing])
