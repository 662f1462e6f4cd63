"""Wishes about a scene: worked into its brief where that is certain, refused with the reason where it is not."""

from __future__ import annotations

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


@pytest.mark.parametrize("said", ["a blue star", "now paint two blue stars", "draw a small cross in the top left"])
def test_a_brief_by_itself_is_a_new_one(said: str) -> None:
    assert (follow_up(PAIR, said)["kind"], follow_up(PAIR, said)["brief"]) == ("new", said)


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
    ],
)
def test_what_it_cannot_do_it_says(brief: str, said: str, reason: str) -> None:
    answer = follow_up(brief, said)
    assert answer["kind"] == "other"
    assert reason in answer["answer"]


@settings(max_examples=30)
@given(
    st.text(alphabet="abcdeghilmnoprstu ,.;'", max_size=80),
    st.sampled_from(["", "make ", "add ", "remove the ", "move it "]),
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
