"""Whether prompts differ is measured, and what a writer may hand over in place of a list of prompts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overpaint.graph.writers.variations import ALIKE, alike, is_new, unnumbered

WORDS = st.lists(st.sampled_from(["a", "red", "fox", "in", "snow", "at", "dawn"]), min_size=1, max_size=9).map(" ".join)


@pytest.mark.parametrize(
    ("written", "taken"),
    [
        (["a fox in snow", "an owl at dusk"], ["a fox in snow", "an owl at dusk"]),
        (["1. a fox in snow\n2. an owl at dusk"], ["a fox in snow", "an owl at dusk"]),
        (["1) a fox in snow 2) an owl at dusk"], ["a fox in snow", "an owl at dusk"]),
        (["Prompt 1: a fox in snow\n\nPrompt 2: an owl at dusk"], ["a fox in snow", "an owl at dusk"]),
        (["1. a fox in snow", "2. an owl at dusk"], ["a fox in snow", "an owl at dusk"]),
        (["9. a fox\n10. an owl"], ["a fox", "an owl"]),
        (["1. a cake for year 1990. 7. candles\n2. an owl"], ["a cake for year 1990. 7. candles", "an owl"]),
        (["a sign that says 1. stop 2. go"], ["a sign that says 1. stop 2. go"]),
        (["a fox\nin deep\tsnow"], ["a fox in deep snow"]),
        (["", "  \n "], ["", ""]),
    ],
)
def test_lists_inside_a_text_are_taken_apart_and_each_prompt_is_one_line(written: list[str], taken: list[str]) -> None:
    assert unnumbered(written) == taken


@pytest.mark.parametrize(
    ("prompt", "new"),
    [
        ("", False),
        ("an owl", False),
        ("A FOX in   snow, at dawn!", False),
        ("a fox in snow at dawn, artistic", False),
        ("an owl on a branch", True),
        ("雪の中の狐", True),
    ],
)
def test_a_prompt_is_new_when_it_is_long_enough_and_unlike_the_others(prompt: str, new: bool) -> None:
    assert is_new(prompt, ["a fox in snow at dawn"]) is new


def test_an_added_word_makes_no_new_prompt_of_a_long_one() -> None:
    long = "a red fox with a white tail sits in deep snow between two birches at dawn in soft light"
    assert alike(long, f"{long}, variation") > ALIKE
    assert alike("一只红色的狐狸在雪地里奔跑", "一只红色的狐狸在雪地里奔跑着") > ALIKE


@given(WORDS, WORDS)
def test_likeness_is_a_share_and_has_no_direction(one: str, other: str) -> None:
    assert 0 <= alike(one, other) == alike(other, one) <= 1
    assert alike(one, one.upper()) == 1
    assert (alike(one, other) == 0) == (not set(one.split()) & set(other.split()))
