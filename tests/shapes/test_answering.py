from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overpaint.shapes.answering import find
from overpaint.shapes.captions import as_seen
from overpaint.shapes.scene import Thing

SEEN = [
    as_seen(Thing("circle", "red", "large", 0)),
    as_seen(Thing("circle", "red", "small", 2)),
    as_seen(Thing("square", "blue", "small", 7)),
]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("How many red circles are there?", "2"),
        ("how many crimson discs are in the picture", "2"),
        ("How many circles are there in the top left?", "1"),
        ("How many stars are there?", "0"),
        ("How many shapes are there in all?", "3"),
        ("How many objects are there on the right?", "0"),
        ("Is the blue square below every circle?", "yes"),
        ("Are all the circles above the blue square?", "yes"),
        ("Are all circles left of the square?", "no"),
        ("Is any circle left of the square?", "yes"),
        ("Is the star above the square?", "no"),
        ("Is there a small circle in the top right?", "yes"),
        ("Is there a yellow circle?", "no"),
        ("Are there at least two circles?", "yes"),
        ("Are there two small circles?", "no"),
        ("Does the picture contain a blue box?", "yes"),
        ("Is the square at the bottom?", "yes"),
        ("Is the square in the center?", "no"),
        ("Is the square blue?", "yes"),
        ("Are the circles small?", "no"),
        ("Is the star red?", "no"),
        ("Does the picture show exactly two red circles above a blue square?", "yes"),
        ("Does the picture show exactly this, with nothing missing and nothing wrong: two circles and a box", "yes"),
        ("Does the picture show exactly two red circles?", "no"),
        ("Does the picture show exactly a dragon?", "unsure"),
        ("Is the mood joyful?", "unsure"),
        ("How many?", "unsure"),
        ("How many dragons are there?", "unsure"),
        ("How many circles are there above the square?", "unsure"),
        ("Is the circle?", "unsure"),
        ("", "unsure"),
    ],
)
def test_answers(question: str, answer: str) -> None:
    assert find(question, SEEN).answer == answer


def test_says_what_it_saw_and_points_at_the_one_thing() -> None:
    one = find("How many blue squares are there?", SEEN)
    assert one.evidence == "counted 1: a small blue square at the bottom"
    assert one.box == SEEN[2].box
    assert find("How many circles are there?", SEEN).box is None
    apart = find("Is every circle left of the blue square?", SEEN)
    assert apart.box == SEEN[1].box
    assert apart.evidence == "a small red circle in the top right is not left of a small blue square at the bottom"


@given(st.one_of(st.text(), st.text(alphabet="aeishow many circle red?:,").map("is the ".__add__)))
def test_any_question_gets_an_answer(question: str) -> None:
    finding = find(question, SEEN)
    assert finding.answer in {"yes", "no", "unsure"} or finding.answer.isdecimal()
    assert finding.evidence
