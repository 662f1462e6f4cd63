"""What a person may answer: every documented form is read, and anything else is refused in words, never with a crash."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain.agents.middleware.human_in_the_loop import HITLRequest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from langgraph.types import Command
from pydantic import TypeAdapter
from typing_extensions import TypedDict

from overpaint.graph.people import KINDS, LONGEST, ActionRequest, Decision, Kind, ask_person, read_answer
from overpaint.graph.persistence import on_thread
from overpaint.tools.faults import BadInput

APPROVE, REJECT, STOP = Decision("approve"), Decision("reject"), Decision("stop")
NEW = {"prompt": "a red circle"}
EDIT = Decision("edit", NEW)

READ: list[tuple[Any, list[Decision]]] = [
    ("approve", [APPROVE]),
    (" A ", [APPROVE]),
    ("yes", [APPROVE]),
    ("OK", [APPROVE]),
    ("reject", [REJECT]),
    ("n", [REJECT]),
    ("stop", [STOP]),
    ("s", [STOP]),
    ("make it redder", [Decision("respond", message="make it redder")]),
    ({"type": "approve"}, [APPROVE]),
    ([{"type": "approve"}], [APPROVE]),
    (["approve"], [APPROVE]),
    ({"decisions": [{"type": "approve"}]}, [APPROVE]),
    ({"decisions": "stop"}, [STOP]),
    ({"type": "edit", "edited_action": {"name": "paint", "args": NEW}}, [EDIT]),
    ({"type": "edit", "args": NEW}, [EDIT]),
    ({"type": "reject", "message": "too dark"}, [Decision("reject", message="too dark")]),
    ({"type": "respond", "message": " brighter "}, [Decision("respond", message="brighter")]),
]

REFUSED: list[tuple[Any, str]] = [
    ("", "empty"),
    ("  ", "empty"),
    ("edit", "edit says what"),
    ("E", "edit says what"),
    (None, "text, or a dict"),
    (7, "text, or a dict"),
    (True, "text, or a dict"),
    ([], "0 decisions"),
    ({}, "text, or a dict"),
    ({"decisions": []}, "0 decisions"),
    ({"decisions": [{"type": "approve"}, {"type": "approve"}]}, "2 decisions"),
    ({"decisions": {"type": "approve", "decisions": []}}, ""),
    ({"type": "accept"}, "approve, edit"),
    ({"type": ["approve"]}, "approve, edit"),
    ({"type": "edit"}, "edit says what"),
    ({"type": "edit", "edited_action": "a red circle"}, "edit says what"),
    ({"type": "respond"}, "remark"),
    ({"type": "respond", "message": "  "}, "remark"),
    ({"type": "respond", "message": 5}, "remark"),
    ({"type": "approve", "message": {"a": 1}}, "remark"),
    ("x" * (LONGEST + 1), "4,001"),
]


@pytest.mark.parametrize(("answer", "decisions"), READ, ids=[repr(answer)[:40] for answer, _ in READ])
def test_every_form_of_an_answer_is_read(answer: Any, decisions: list[Decision]) -> None:
    assert read_answer(answer, 1, KINDS) == decisions


@pytest.mark.parametrize(("answer", "reason"), REFUSED, ids=[repr(answer)[:40] for answer, _ in REFUSED])
def test_anything_else_is_refused_in_one_line(answer: Any, reason: str) -> None:
    if reason == "":  # a dict within: read as one decision
        assert read_answer(answer, 1, KINDS) == [APPROVE]
        return
    with pytest.raises(BadInput, match=reason) as caught:
        read_answer(answer, 1, KINDS)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200


def test_one_word_answers_several_requests_and_a_list_must_fit() -> None:
    assert read_answer("approve", 2, KINDS) == [APPROVE, APPROVE]
    assert read_answer({"decisions": [{"type": "approve"}, "reject"]}, 2, KINDS) == [APPROVE, REJECT]
    for short in ({"decisions": [{"type": "approve"}]}, ["approve"], ["approve"] * 3):
        with pytest.raises(BadInput, match="given for 2"):
            read_answer(short, 2, KINDS)


@pytest.mark.parametrize("answer", [["approve", "n"], {"decisions": ["approve", "n"]}])
def test_a_list_decides_about_each_given_plainly_or_by_name(answer: Any) -> None:
    assert read_answer(answer, 2, KINDS) == [APPROVE, REJECT]


def test_one_edit_cannot_stand_for_several_requests() -> None:
    with pytest.raises(BadInput, match="given for 2"):
        read_answer({"type": "edit", "args": NEW}, 2, KINDS)


@pytest.mark.parametrize("answer", ["redder", {"type": "edit", "args": NEW}])
def test_what_is_not_allowed_here_is_named(answer: Any) -> None:
    with pytest.raises(BadInput, match="use approve, reject"):
        read_answer(answer, 1, ("approve", "reject"))
    assert read_answer("stop", 1, ("approve", "reject")) == [STOP]


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12)
words = st.sampled_from([*KINDS, "a", "type", "message", "args", "decisions", "edited_action"])
json = st.recursive(
    scalars | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words | st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)
answers = json | st.fixed_dictionaries({"decisions": json}) | st.lists(st.fixed_dictionaries({"type": words}))


@pytest.mark.slow
@given(answers, st.integers(1, 4), st.sets(st.sampled_from(["approve", "edit", "reject", "respond"]), min_size=1))
def test_any_value_gives_decisions_or_a_fault(answer: Any, count: int, allowed: set[Kind]) -> None:
    try:
        decisions = read_answer(answer, count, sorted(allowed))
    except BadInput:
        return
    assert len(decisions) == count
    assert {d.kind for d in decisions} <= {*allowed, "stop"}
    for decision in decisions:
        assert isinstance(decision.args, dict)
        assert isinstance(decision.message, str)
        assert len(decision.message) <= LONGEST


class Asked(TypedDict, total=False):
    got: list[str]


REQUESTS = [ActionRequest(name="paint", args=NEW, description="One."), ActionRequest(name="paint", args={})]


async def test_a_wrong_answer_leaves_the_question_open_and_says_what_was_wrong() -> None:
    def node(state: Asked) -> Asked:
        return {"got": ask_person(REQUESTS, ("approve", "reject"), lambda decisions: [d.kind for d in decisions])}

    flow = StateGraph(Asked)
    flow.add_node("node", node)
    flow.add_edge(START, "node")
    graph, config = flow.compile(checkpointer=InMemorySaver()), on_thread("t")
    await graph.ainvoke({}, config)
    for number, wrong in enumerate(["redder", {"decisions": ["approve"]}, 5]):
        (pending,) = (await graph.aget_state(config)).interrupts
        request = TypeAdapter(HITLRequest).validate_python(pending.value)
        assert [a["args"] for a in request["action_requests"]] == [NEW, {}]
        assert request["review_configs"][0]["allowed_decisions"] == ["approve", "reject"]
        assert ("could not be used" in request["action_requests"][0]["description"]) == (number > 0)
        assert "One." in request["action_requests"][0]["description"]
        await graph.ainvoke(Command(resume={pending.id: wrong}), config)
    (pending,) = (await graph.aget_state(config)).interrupts
    ended = await graph.ainvoke(Command(resume={pending.id: ["approve", "n"]}), config)
    assert ended["got"] == ["approve", "reject"]
    assert not (await graph.aget_state(config)).next
