from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overpaint.shapes.answering import find
from overpaint.shapes.captions import as_seen
from overpaint.shapes.cells import centre, holds
from overpaint.shapes.checklist import requirements
from overpaint.shapes.drawing import random_things
from overpaint.shapes.layout import place, satisfied
from overpaint.shapes.parser import parse
from overpaint.shapes.scene import Group, Link, Seen, Spec, Thing
from tests.shapes.specs import RELATIONS, scenes, specs


def passes(spec: Spec, seen: list[Seen]) -> bool:
    return all(find(r["question"], seen).answer == r["expected"] for r in requirements(spec))


def test_asks_for_groups_relations_and_nothing_else() -> None:
    drafts = requirements(
        parse("two red circles above a blue square, a star in the top left, the star above the square")
    )
    assert [(d["text"], d["question"], d["expected"], d["kind"]) for d in drafts] == [
        ("two red circles", "How many red circles are there?", "2", "count"),
        ("a blue square", "How many blue squares are there?", "1", "count"),
        ("a star in the top left", "How many stars are there in the top left?", "1", "count"),
        ("the red circles above the blue square", "Is every red circle above the blue square?", "yes", "relation"),
        (
            "the star in the top left above the blue square",
            "Is the star in the top left above the blue square?",
            "yes",
            "relation",
        ),
        ("nothing else", "How many shapes are there in all?", "4", "count"),
    ]


def test_is_vague_where_descriptions_overlap_and_makes_up_for_it() -> None:
    drafts = requirements(parse("a circle above a red circle"))
    assert [(d["question"], d["expected"]) for d in drafts] == [
        ("How many circles are there?", "2"),
        ("Is there at least one red circle?", "yes"),
        ("Is any circle above any red circle?", "yes"),
        ("Does the picture show exactly a circle above a red circle?", "yes"),
        ("How many shapes are there in all?", "2"),
    ]


@pytest.mark.slow
@given(specs(), st.text(max_size=4))
def test_a_right_picture_passes(spec: Spec, salt: str) -> None:
    assert passes(spec, [as_seen(thing) for thing in place(spec, salt)])


@pytest.mark.slow
@given(specs(shapes=2), st.text(max_size=4))
def test_a_right_picture_passes_where_things_are_much_alike(spec: Spec, salt: str) -> None:
    assert passes(spec, [as_seen(thing) for thing in place(spec, salt)])


@pytest.mark.slow
@given(specs(shapes=1), scenes(4))
def test_passes_exactly_the_pictures_that_satisfy_the_spec(spec: Spec, scene: list[Thing]) -> None:
    seen = [as_seen(thing) for thing in scene]
    assert passes(spec, seen) == satisfied(spec, seen)


@pytest.mark.slow
@given(specs(shapes=3), st.data())
def test_a_spoilt_picture_fails(spec: Spec, data: st.DataObject) -> None:
    seen = [as_seen(thing) for thing in place(spec, "salt")]
    victim = data.draw(st.integers(0, len(seen) - 1))
    other = replace(seen[victim], shape=data.draw(st.sampled_from(("cross", "star", None))))
    spoilt = data.draw(
        st.sampled_from([[*seen[:victim], other, *seen[victim + 1 :]], seen[:victim] + seen[victim + 1 :]])
    )
    assert passes(spec, spoilt) == satisfied(spec, spoilt)


def test_never_more_than_forty() -> None:
    things = random_things(5, 9)
    groups = tuple(Group(thing.shape, 1, thing.colour, thing.size, thing.place) for thing in things)
    at = [centre(thing.place) for thing in things]
    links = [
        Link(a, r, b) for a in range(9) for b in range(9) for r in RELATIONS if a != b and holds(r, at[a], at[b])
    ]  # fmt: skip
    spec = Spec(groups, tuple(links))
    drafts = requirements(spec)
    assert len(links) > len(drafts) == 40
    assert passes(spec, [as_seen(thing) for thing in things])
