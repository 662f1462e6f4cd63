from __future__ import annotations

import random
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overpaint.evaluation.scenes.briefs import (
    EASY,
    MULTI,
    SEEDS,
    SetName,
    canonical,
    digest,
    kept_back,
    load_briefs,
    mixed,
)
from overpaint.shapes.drawing import random_things
from overpaint.shapes.kept_back import reserved
from overpaint.shapes.layout import possible
from overpaint.shapes.parser import parse
from overpaint.shapes.scene import Group, Link, Relation, Spec
from overpaint.shapes.training.scenes import scene
from overpaint.tools.faults import BadInput
from tests.shapes.specs import scenes, specs

ROOT = Path(__file__).parents[3]
INVERSE: dict[Relation, Relation] = {"left of": "right of", "right of": "left of", "above": "below", "below": "above"}
A, B, C = Group("circle"), Group("square"), Group("star")


@pytest.mark.slow
@pytest.mark.parametrize("name", SEEDS)
def test_every_brief_reads_as_what_was_drawn(name: SetName) -> None:
    for brief in load_briefs(name):
        assert canonical(parse(brief.text)) == canonical(brief.spec), brief.text
        assert possible(brief.spec)


@pytest.mark.slow
def test_the_test_set_has_the_promised_briefs() -> None:
    briefs = load_briefs("test")
    assert Counter(b.category for b in briefs) == {**dict.fromkeys(EASY, 30), MULTI: 165}
    assert Counter(b.objects for b in briefs if b.category == MULTI) == {4: 15, 5: 20, 6: 30, 7: 40, 8: 60}
    assert {b.objects for b in briefs if b.category == "counting"} == {2, 3, 4, 5}
    assert len({b.id for b in briefs}) == 345
    told = [all(None not in (g.colour, g.size, g.place) for g in b.spec.groups) for b in briefs if b.category == MULTI]
    assert 0.6 < sum(told) / 165 < 0.72


def test_no_scene_is_in_both_sets_or_twice() -> None:
    test, tuning = ({canonical(b.spec) for b in load_briefs(name)} for name in ("test", "tuning"))
    assert (len(test), len(tuning)) == (345, 123)
    assert not test & tuning


@pytest.mark.slow
def test_no_scene_of_the_examples_is_asked_for() -> None:
    asked = {canonical(b.spec) for name in SEEDS for b in load_briefs(name)}
    shown = {canonical(random_things(seed, 6)) for seed in range(100)}
    for file in [*(ROOT / "prompts").glob("*.md"), ROOT / "README.md", ROOT / "docs" / "architecture.md"]:
        for text in re.split(r"[\n\"`]", file.read_text("utf-8")):
            try:
                shown.add(canonical(parse(text)))
            except BadInput:
                continue
    assert len(shown) > 100
    assert not asked & shown


def test_the_sets_are_frozen() -> None:
    assert digest(load_briefs("test"))[:16] == "a9b5760cc5ed8715"
    assert digest(load_briefs("tuning"))[:16] == "bb8a44bad6f68ff6"


def test_the_digest_knows_every_word_and_no_order() -> None:
    briefs = list(load_briefs("tuning"))
    assert digest(briefs[::-1]) == digest(briefs)
    assert digest([replace(briefs[0], text=f"{briefs[0].text}."), *briefs[1:]]) != digest(briefs)


def test_a_few_of_the_mixed_order_hold_most_categories() -> None:
    few = mixed(load_briefs("test"), 24)
    assert few == mixed(load_briefs("test"))[:24]
    assert len({b.category for b in few}) >= 6


@pytest.mark.slow
@given(specs(), st.data())
def test_a_name_does_not_change_with_order_or_the_side_a_relation_is_told_from(spec: Spec, data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(spec.groups))))
    to = {old: new for new, old in enumerate(order)}
    links = data.draw(st.permutations(spec.links))
    turned = [Link(to[k.target], INVERSE[k.relation], to[k.subject]) for k in links]
    assert canonical(Spec(tuple(spec.groups[old] for old in order), tuple(turned))) == canonical(spec)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Spec((A, A)), Spec((replace(A, count=2),))),
        (Spec((A, B, C), (Link(0, "above", 1), Link(1, "above", 2))),
         Spec((A, B, C), (Link(0, "above", 1), Link(1, "above", 2), Link(0, "above", 2)))),
    ],
)  # fmt: skip
def test_two_ways_to_ask_for_the_same_have_one_name(one: Spec, other: Spec) -> None:
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize(
    "other",
    [
        Spec((A, B), (Link(1, "above", 0),)),
        Spec((A, B), (Link(0, "left of", 1),)),
        Spec((A, B)),
        Spec((replace(A, size="small"), B), (Link(0, "above", 1),)),
        Spec((replace(A, place=0), B), (Link(0, "above", 1),)),
    ],
)
def test_what_differs_has_another_name(other: Spec) -> None:
    assert canonical(other) != canonical(Spec((A, B), (Link(0, "above", 1),)))


@given(scenes(), scenes())
def test_scenes_have_one_name_exactly_when_they_hold_the_same_things(one: list, other: list) -> None:  # type: ignore[type-arg]
    assert (canonical(one) == canonical(other)) == (set(one) == set(other))


@given(st.integers(0, 2**32))
def test_no_scene_of_training_is_asked_for_where_all_colours_are_told(seed: int) -> None:
    trained = scene(random.Random(seed))
    groups = tuple(Group(thing.shape, 1, thing.colour) for thing in trained)
    assert len(trained) == 1 or not kept_back(Spec(groups))


def test_every_brief_of_several_things_with_all_colours_is_kept_back_from_training() -> None:
    told = [b for name in SEEDS for b in load_briefs(name) if b.objects > 1 and all(g.colour for g in b.spec.groups)]
    assert len(told) > 240
    for brief in told:
        assert reserved((g.colour or "", g.shape) for g in brief.spec.groups for _ in range(g.count)), brief.text
