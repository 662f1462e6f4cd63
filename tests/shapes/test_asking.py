"""However politely a brief asks, it is the same brief; a hedge or a negation is no politeness."""

from __future__ import annotations

import pytest

from overpaint.shapes.parser import parse
from overpaint.shapes.scene import Group, Spec
from overpaint.tools.faults import BadInput


@pytest.mark.parametrize(
    "brief",
    [
        "would you be so kind as to draw a red star?",
        "Would you mind drawing a red star for me?",
        "do you think you could draw a red star?",
        "I was wondering if you could make me a red star",
        "any chance of a red star?",
        "it would be great if you could draw a red star",
        "I'd be grateful if you drew a red star",
        "what about a red star?",
        "why don't you draw a red star",
        "Good morning! A red star please",
        "your task is to draw a red star",
        "a red star would be nice",
        "a red star, if you don't mind",
        "nothing fancy, just a red star",
        "this image should contain a red star",
        "make sure there is a red star",
        "a star. Make it red please!",
        "the colour of the star should be red",
        "colour: red; shape: star",
        "star = red",
        "one star - red",
    ],
)
def test_asks_for_one_red_star(brief: str) -> None:
    assert parse(brief) == Spec((Group("star", colour="red"),))


@pytest.mark.parametrize(
    "brief",
    [
        "a circle, maybe a red star",
        "don't draw a red star",
        "could you not draw a red star",
        "would you not mind a red star",
        "a star would be nice but not a red one",
    ],
)
def test_hedges_and_negations_are_refused(brief: str) -> None:
    with pytest.raises(BadInput):
        parse(brief)
