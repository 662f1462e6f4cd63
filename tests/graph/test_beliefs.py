from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overpaint.graph.beliefs import (
    believe,
    disputed,
    doubtful,
    holds,
    letters,
    number_in,
    place_of,
    score,
    settle,
    unconfirmed,
    withheld,
)
from overpaint.graph.record import Belief
from overpaint.graph.state import Requirement


def requirement(expected: str = "yes", weight: float = 1.0) -> Requirement:
    kind = "count" if expected.isdigit() else "object"
    return Requirement(id="r1", text="t", question="q?", kind=kind, expected=expected, weight=weight)


def belief(answer: str, looks: int = 1) -> Belief:
    return Belief(requirement="r1", answer=answer, said=answer, evidence="", box=None, looks=[answer] * looks)


@pytest.mark.parametrize(
    ("expected", "said", "answer"),
    [
        ("2", "2", "yes"),
        ("2", "two", "yes"),
        ("2", "There are 2.", "yes"),
        ("2", "3", "no"),
        ("2", "0", "no"),
        ("0", "none", "unsure"),
        ("2", "2 or 3", "unsure"),
        ("2", "", "unsure"),
        ("2", "yes", "unsure"),
        ("2", "-2.5", "unsure"),
        ("yes", "Yes", "yes"),
        ("yes", "yes, clearly", "yes"),
        ("yes", "**No**", "no"),
        ("yes", "unsure", "unsure"),
        ("yes", "not sure", "unsure"),
        ("yes", "nothing", "unsure"),
        ("no", "no", "yes"),
        ("no", "yes", "no"),
        ("", "yes", "yes"),
    ],
)
def test_an_answer_holds_only_when_it_says_so(expected: str, said: str, answer: str) -> None:
    assert holds(requirement(expected), said) == answer


@given(st.text(max_size=200))
def test_no_text_breaks_the_reading(text: str) -> None:
    assert holds(requirement("2"), text) in ("yes", "no", "unsure")
    assert holds(requirement("yes"), text) in ("yes", "no", "unsure")


@given(st.integers(0, 9999))
def test_a_number_is_read_back(number: int) -> None:
    assert number_in(f"there are {number} of them") == number


@pytest.mark.parametrize(
    ("looks", "answer"),
    [
        (["yes"], "yes"),
        (["yes", "no"], "unsure"),
        (["yes", "no", "yes"], "yes"),
        (["no", "unsure", "no"], "no"),
        (["yes", "unsure"], "unsure"),
        ([], "unsure"),
    ],
)
def test_more_than_half_settles(looks: list[str], answer: str) -> None:
    assert settle(looks) == answer


@given(st.lists(st.sampled_from(["yes", "no", "unsure"]), min_size=1))
def test_the_order_of_looks_does_not_matter(looks: list[str]) -> None:
    assert settle(looks) == settle(looks[::-1])


def test_the_last_look_gives_evidence_and_all_looks_are_kept() -> None:
    answers: list[dict[str, Any]] = [
        {"answer": "no", "evidence": "a", "box": None},
        {"answer": "yes", "evidence": "b", "box": [0.0, 0.0, 0.5, 0.5]},
    ]
    held = believe(requirement(), answers)
    assert (held["answer"], held["evidence"], held["looks"]) == ("unsure", "b", ["no", "yes"])


def test_score_is_passed_weight_over_all_weight() -> None:
    checklist = [requirement(weight=3), requirement(weight=1)]
    assert score(checklist, [belief("yes"), belief("unsure")]) == 0.75
    assert letters([belief("yes"), belief("no"), belief("unsure")]) == "ynu"


def test_few_failures_are_asked_about_again_and_many_are_acted_on() -> None:
    assert doubtful([belief("yes"), belief("no"), belief("no")]) == [1, 2]
    assert doubtful([belief("yes"), belief("no", looks=2)]) == []
    assert doubtful([belief("no")] * 3) == []
    assert doubtful([belief("yes"), belief("unsure")]) == []


def test_a_pass_is_confirmed_and_a_failure_is_not() -> None:
    assert unconfirmed([belief("yes"), belief("yes")]) == [0, 1]
    assert unconfirmed([belief("yes", looks=2), belief("yes", looks=2)]) == []
    assert unconfirmed([belief("yes"), belief("no")]) == []
    assert disputed([belief("yes"), belief("unsure")]) == [1]


def test_only_details_are_looked_at_closer() -> None:
    box = [0.0, 0.0, 0.5, 0.5]
    held = Belief(requirement="r1", answer="unsure", said="?", evidence="", box=box, looks=["yes", "no"])
    assert place_of({**requirement(), "kind": "text"}, held) == box
    assert place_of({**requirement(), "kind": "count"}, held) is None
    assert place_of({**requirement(), "kind": "relation"}, held) is None


@pytest.mark.parametrize(
    ("held", "left"),
    [
        ([("yes", 1), ("yes", 1)], "yu"),
        ([("yes", 1), ("yes", 2)], "uy"),
        ([("yes", 2), ("yes", 2)], "yy"),
        ([("yes", 1), ("no", 1)], "yn"),
        ([("yes", 1), ("unsure", 2)], "yu"),
    ],
)
def test_an_unconfirmed_pass_is_no_pass_and_keeps_its_worth(held: list[tuple[str, int]], left: str) -> None:
    checklist = [requirement(weight=2.0), requirement(weight=1.0)]
    assert letters(withheld(checklist, [belief(*one) for one in held])) == left
