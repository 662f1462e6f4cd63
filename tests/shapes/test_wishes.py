"""Wishes about a scene: worked into its brief where that is certain, refused with the reason where it is not."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import HumanMessage, SystemMessage

from overpaint.graph.schemas import FollowUp
from overpaint.prompts import load
from overpaint.shapes.chat import ShapesChat
from overpaint.shapes.parser import parse
from overpaint.shapes.wishes import follow_up

PAIR = "a red circle above a blue square"

CHANGES = [
    (PAIR, "make the circle bigger", "a large red circle above a blue square"),
    (PAIR, "Please make the square small and green!", "a red circle above a small green square"),
    (PAIR, "could you make the red circle much larger, please?", "a large red circle above a blue square"),
    (PAIR, "the circle should be green", "a green circle above a blue square"),
    (PAIR, "add a green star", "a red circle above a blue square and a green star"),
    (PAIR, "now add another circle below the square too", None),
    (PAIR, "remove the square", "a red circle"),
    (PAIR, "turn the circle into a star", "a red star above a blue square"),
    (PAIR, "replace the circle with a small green star", "a small green star above a blue square"),
    (PAIR, "make everything black", "a black circle above a black square"),
    (PAIR, "shrink the square", "a red circle above a small blue square"),
    (PAIR, "remove the circle and make the square bigger", "a large blue square"),
    ("a red circle", "make it blue", "a blue circle"),
    ("a red circle", "move it to the top left", "a red circle in the top left"),
    ("a red circle and a blue square", "put the square at the bottom", "a red circle and a blue square at the bottom"),
    ("two red circles", "make them smaller", "two small red circles"),
    ("a red circle and a blue circle", "make the blue circle yellow", "a red circle and a yellow circle"),
    (PAIR, "make the circle blue and the square red", "a blue circle above a red square"),
    (PAIR, "make the circle and the square red", "a red circle above a red square"),
    (PAIR, "make the circle tiny and the square huge", "a small red circle above a large blue square"),
    (PAIR, "the circle should be green and the square yellow", "a green circle above a yellow square"),
    (PAIR, "the circle in green please", "a green circle above a blue square"),
    (PAIR, "make the circle a square and the square a circle", "a red square above a blue circle"),
    (PAIR, "make the circle a little bigger", "a large red circle above a blue square"),
    (PAIR, "also a green star", "a red circle above a blue square and a green star"),
    (PAIR, "a green star too", "a red circle above a blue square and a green star"),
    (PAIR, "two more stars", "a red circle above a blue square and two stars"),
    (PAIR, "put a star in the center", "a red circle above a blue square and a star in the center"),
    (PAIR, "move the circle to the top", "a red circle at the top above a blue square"),
    (PAIR, "move the circle to the bottom", "a red circle at the bottom and a blue square"),
    (
        "a red circle and a blue circle",
        "make the red circle blue and the blue circle red",
        "a blue circle and a red circle",
    ),
    ("two red circles and a star", "add a cross above the red circles", None),
]


@pytest.mark.parametrize(("brief", "said", "whole"), CHANGES)
def test_a_change_is_worked_into_the_brief(brief: str, said: str, whole: str | None) -> None:
    answer = follow_up(brief, said)
    assert answer["kind"] == "change", answer["answer"]
    assert whole is None or answer["brief"] == whole
    assert parse(answer["brief"]).groups


def test_things_are_added_where_they_are_to_be() -> None:
    spec = parse(follow_up("two red circles above a blue square", "add a green star below the square")["brief"])
    star = next(index for index, group in enumerate(spec.groups) if group.shape == "star")
    assert [(link.relation, spec.groups[link.target].shape) for link in spec.links if link.subject == star] == [
        ("below", "square")
    ]


def test_a_thing_that_is_moved_keeps_every_relation_that_can_still_hold() -> None:
    brief = "a red circle on the left of a blue square and a green star above the blue square"

    def relations(said: str) -> set[str]:
        spec = parse(follow_up(brief, said)["brief"])
        return {f"{spec.groups[k.subject].shape} {k.relation} {spec.groups[k.target].shape}" for k in spec.links}

    assert relations("move the square to the bottom") == {"circle left of square", "star above square"}
    assert relations("move the square to the top") == {"circle left of square"}


@pytest.mark.parametrize(
    ("said", "whole"),
    [
        ("a blue star", "a blue star"),
        ("now paint two blue stars", "two blue stars"),
        ("draw a small cross in the top left", "a small cross in the top left"),
        ("Could you show me a star, please?", "a star"),
        ("i want a circle and a star, the star below the circle", "a circle and a star, the star below the circle"),
    ],
)
def test_a_brief_by_itself_is_a_new_one(said: str, whole: str) -> None:
    assert (follow_up(PAIR, said)["kind"], follow_up(PAIR, said)["brief"]) == ("new", whole)


@pytest.mark.parametrize(
    "said",
    [
        "is the circle red?", "is there a square?", "can you see the red circle?", "a red circle?", "a star too?",
        "the circle should be green?", "the circle is too small", "a circle is too small", "i like the red circle",
        "that is a red square", "thanks", "only the circle", "the circle below the square", "the circle on the left",
        "the red circle should be below the blue square", "red circle", "make a blue circle", "paint the red circle",
        "make everything red but the circle", "remove the circle, the square should stay", "add a star instead",
    ],
)  # fmt: skip
def test_remarks_questions_and_what_is_not_certain_change_nothing(said: str) -> None:
    answer = follow_up(PAIR, said)
    assert (answer["kind"], answer["brief"]) == ("other", "")


def test_a_refusal_says_what_can_be_said_and_what_is_not_known() -> None:
    answer = follow_up(PAIR, "make the circle darker")["answer"]
    assert "not known: 'darker'" in answer
    said = re.findall(r"'([a-z ]{9,})'", answer.partition("The built-in")[0])
    assert len(said) == 4
    assert {follow_up(f"{PAIR} and a star", wish)["kind"] for wish in said} == {"change"}


@pytest.mark.parametrize(
    ("brief", "said", "reason"),
    [
        (PAIR, "make it bigger", "which thing 'it' is"),
        (PAIR, "make the star bigger", "not to show 'the star'"),
        ("two red circles", "make the circle bigger", "several"),
        ("a red circle", "remove it", "nothing would be left"),
        (PAIR, "make the sky darker", "sky"),
        (PAIR, "now paint a cat on a mat", "cat"),
        (PAIR, "add a unicorn", "unicorn"),
        (PAIR, "put the square above the circle", "the square above"),
        ("a cat on a mat", "make it bigger", "cat"),
        (PAIR, "make the circle red and blue", "one colour"),
        (PAIR, "make the circle small and large", "one size"),
        (PAIR, "make the red circle blue and the blue circle red", "'the blue circle'"),
        (PAIR, "remove the circle and make it bigger", "'it'"),
        (PAIR, "remove both circles", "both circles"),
        (PAIR, "add the blue square", "the blue square"),
        (PAIR, "add a red one", "a red one"),
        (PAIR, "add a star above the triangle", "the triangle"),
        (PAIR, "put a red circle at the bottom", "one more"),
        (PAIR, "a star below the square", "the square"),
        (PAIR, "put the circle in the picture", "nine places"),
        ("two red circles", "replace the circles with a square", "several"),
        ("a large red circle", "make it bigger", "large already"),
        ("two red circles and a blue circle", "make the second circle blue", "the second circle"),
    ],
)
def test_what_it_cannot_do_it_says(brief: str, said: str, reason: str) -> None:
    answer = follow_up(brief, said)
    assert answer["kind"] == "other"
    assert reason in answer["answer"]


@settings(max_examples=30)
@given(
    st.text(alphabet="abcdeghilmnoprstu ,.;'", max_size=80),
    st.sampled_from(["", "make ", "add ", "remove the ", "move it ", "also a ", "paint a ", "the "]),
)
def test_any_message_gets_an_answer(text: str, start: str) -> None:
    answer = follow_up(PAIR, start + text)
    assert answer["kind"] in ("change", "new", "other")
    assert bool(answer["brief"]) != bool(answer["answer"])


def test_the_built_in_model_answers_the_prompt_of_the_conversation() -> None:
    system, human = load("follow_up").render(brief=PAIR, said="make the circle bigger", pictures=1)
    model: Any = ShapesChat().with_structured_output(FollowUp)
    reply = model.invoke([SystemMessage(system), HumanMessage(human)])
    assert (reply.kind, reply.brief) == ("change", "a large red circle above a blue square")
