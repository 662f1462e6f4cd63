from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import overpaint.shapes
from overpaint.shapes.captions import as_seen, describe, detailed, fit, grouped, terse, tokens
from overpaint.shapes.layout import place, satisfied
from overpaint.shapes.parser import parse
from overpaint.shapes.scene import PLACES, Spec, Thing
from overpaint.tools.faults import BadInput
from tests.shapes.specs import scenes, specs

THINGS = [Thing("circle", "red", "large", 0), Thing("square", "orange", "small", 7), Thing("circle", "red", "small", 4)]


@cache
def tokenizer() -> Any:
    from transformers import CLIPTokenizer

    return CLIPTokenizer.from_pretrained(Path(overpaint.shapes.__file__).parent / "weights" / "tokenizer")


def test_captions_speak_the_grammar_the_painter_was_taught() -> None:
    assert detailed(THINGS[:2]) == "a large red circle in the top left, a small orange square at the bottom"
    assert grouped(THINGS) == "two red circles and an orange square"
    assert detailed([]) == grouped([]) == fit([], 20) == "nothing else"


@pytest.mark.slow
@settings(deadline=None)
@given(scenes(), st.sampled_from([detailed, grouped, lambda things: fit(things, 40)]))
def test_counts_tokens_as_the_tokenizer_does(things: list[Thing], caption: Any) -> None:
    text = caption(things)
    assert tokens(text) == len(tokenizer()(text).input_ids)


@pytest.mark.slow
@given(scenes(), st.integers(40, 120))
def test_fits_the_limit_and_names_everything(things: list[Thing], limit: int) -> None:
    caption = fit(things, limit)
    assert tokens(caption) <= limit
    assert tokens(detailed(things)) > limit or caption == detailed(things)
    if things:
        assert sum(group.count for group in parse(caption).groups) == len(things)


def test_gives_up_sizes_first_then_places_then_names() -> None:
    assert fit(THINGS, None) == detailed(THINGS)
    assert fit(THINGS, 25) == "a red circle in the top left, an orange square at the bottom, a red circle in the center"
    assert fit(THINGS, 20) == "a red circle in the top left, an orange square at the bottom, a red circle"
    assert fit(THINGS, 10) == "two red circles and an orange square"
    assert fit(THINGS, 3) == "two red circles and an orange square"


@pytest.mark.parametrize(
    "brief",
    [
        "two red circles above a blue square and a star",
        "a red circle, a star and a red circle, the first red circle above the second red circle",
        "a circle left of a red square at the bottom, the circle above the red square",
    ],
)
def test_terse_is_plain_english(brief: str) -> None:
    assert terse(parse(brief)) == brief


@pytest.mark.slow
@given(scenes().filter(bool))
def test_a_description_asks_for_what_was_seen(things: list[Thing]) -> None:
    seen = [as_seen(thing) for thing in things]
    assert satisfied(parse(describe(seen)), seen)


def test_a_description_leaves_out_what_no_brief_can_ask_for() -> None:
    seen = [as_seen(thing) for thing in THINGS]
    crowded = [seen[0], replace(seen[1], shape=None), replace(seen[2], place=0)]
    assert describe(crowded) == "a large red circle in the top left, a small red circle"
    with pytest.raises(BadInput, match="nothing the built-in world knows was seen in the picture; give a brief"):
        describe([])
    assert sum(group.count for group in parse(describe([seen[0]] * 30)).groups) == len(PLACES)


@pytest.mark.slow
@given(specs())
def test_a_layout_told_in_full_asks_for_no_less_than_its_spec(spec: Spec) -> None:
    things = place(spec, "salt")
    seen = [as_seen(thing) for thing in place(parse(detailed(things)), "other")]
    assert satisfied(spec, seen)
