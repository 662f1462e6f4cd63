"""Who is champion and which picture the next is made from, under each way to follow a chain and each kind of judge."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overpaint.graph.controller import plan
from overpaint.graph.crowning import at_work, crown, crowned, passes
from overpaint.graph.settings import Settings
from overpaint.graph.state import Candidate
from tests.graph.test_controller import candidate, state

LAST = Settings(chain="last", judge_method="strict", critique_method="fused", actions=("revise",), patience=None)
SCORE = Settings(judge_method="score")


def scored(id_: str, score: float | None, correct: bool = False) -> Candidate:
    beliefs = "" if score is None else "y" if correct else "n"
    return candidate(id_, beliefs, score=score)


def name(crowned: Candidate | None) -> str | None:
    return crowned and crowned["id"]


@pytest.mark.parametrize(
    ("champion", "challenger", "crowned"),
    [
        (None, candidate("0.0", "n"), "0.0"),
        (None, candidate("0.0", ""), "0.0"),
        (candidate("0.0", "n"), candidate("1.0", "n"), "1.0"),
        (candidate("0.0", "n"), candidate("1.0", "y"), "1.0"),
        (candidate("0.0", "n"), candidate("1.0", ""), "1.0"),
        (candidate("0.0", "n"), candidate("1.0", "", outcome="blocked"), "0.0"),
        (candidate("0.0", "y"), candidate("1.0", "n"), "0.0"),
        (candidate("0.0", "y"), candidate("1.0", "y"), "0.0"),
    ],
)
def test_a_chain_delivers_what_passed_and_else_what_was_painted_last(
    champion: Candidate | None, challenger: Candidate, crowned: str
) -> None:
    assert name(crown(champion, [challenger], LAST)) == crowned


def test_in_a_wide_round_of_a_chain_the_one_that_passed_is_taken() -> None:
    wide = [candidate("1.0", "n"), candidate("1.1", "y"), candidate("1.2", "n")]
    assert name(crown(candidate("0.0", "n"), wide, LAST)) == "1.1"
    none = [candidate("1.0", "n"), candidate("1.1", "n")]
    assert name(crown(candidate("0.0", "n"), none, LAST)) == "1.1"


def test_a_passed_picture_that_a_person_declined_falls_to_the_next_of_its_chain() -> None:
    champion = candidate("0.0", "y")
    assert name(crown(champion, [candidate("1.0", "n")], LAST, "0.0")) == "1.0"
    assert name(crown(champion, [champion], LAST, "0.0")) == "0.0"


@pytest.mark.parametrize(
    ("champion", "challenger", "crowned"),
    [
        (scored("0.0", 0.3), scored("1.0", 0.4), "1.0"),
        (scored("0.0", 0.4), scored("1.0", 0.3), "0.0"),
        (scored("0.0", 0.4), scored("1.0", 0.4), "0.0"),
        (scored("0.0", 0.5), scored("1.0", 0.5, correct=True), "1.0"),
        (scored("0.0", 0.5), scored("1.0", 0.2, correct=True), "1.0"),
        (scored("0.0", 0.2, correct=True), scored("1.0", 0.5), "0.0"),
        (scored("0.0", 0.7, correct=True), scored("1.0", 0.9, correct=True), "1.0"),
        (scored("0.0", None), scored("1.0", 0.0), "1.0"),
        (scored("0.0", 0.0), scored("1.0", None), "0.0"),
    ],
)
def test_of_scored_pictures_a_correct_one_goes_first_and_then_the_higher_score(
    champion: Candidate, challenger: Candidate, crowned: str
) -> None:
    assert name(crown(champion, [challenger], SCORE)) == crowned


def test_a_declined_champion_with_a_score_falls_to_an_equal_and_to_none_that_loses() -> None:
    champion = scored("0.0", 0.9, correct=True)
    assert name(crown(champion, [scored("1.0", 0.9, correct=True)], SCORE, "0.0")) == "1.0"
    assert name(crown(champion, [scored("1.0", 0.8, correct=True)], SCORE, "0.0")) == "0.0"
    assert name(crown(champion, [champion], SCORE, "0.0")) == "0.0"


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=8))
def test_no_scored_picture_is_better_than_the_champion(judged: list[tuple[float, bool]]) -> None:
    champion = None
    for number, (score, correct) in enumerate(judged):
        champion = crown(champion, [scored(f"{number}.0", score, correct)], SCORE)
    assert champion is not None
    assert (passes(champion), champion["score"]) == max((correct, score) for score, correct in judged)


def whole(*pictures: Candidate) -> dict[str, Candidate]:
    return {picture["id"]: picture for picture in pictures}


def test_a_chain_goes_on_from_its_last_whole_picture_and_else_from_the_champion() -> None:
    best = candidate("0.0", "y")
    pictures = whole(best, candidate("1.0", "n"), candidate("10.0", "n"), candidate("11.0", outcome="error"))
    seen = state(best, candidates=pictures)
    assert name(at_work(seen, LAST)) == "10.0"
    assert name(at_work(seen, Settings())) == "0.0"
    assert name(at_work(state(best, candidates=whole(candidate("1.0", outcome="blocked"))), LAST)) == "0.0"
    assert at_work(state(), LAST) is None


def test_what_was_delivered_stays_champion_until_a_round_has_ended_since() -> None:
    chosen, last = candidate("0.0", "n"), candidate("1.0", "n")
    seen: dict[str, Any] = {"round": 1, "candidates": whole(chosen, last)}
    assert name(crowned(state(chosen, **seen, plan={"action": "stop", "stop": "rounds"}), LAST)) == "0.0"
    assert name(crowned(state(chosen, **seen, plan={"action": "stop", "stop": None}), LAST)) == "1.0"
    assert name(crowned(state(chosen, **seen, plan={"action": "revise", "stop": None}), LAST)) == "1.0"
    declined = state(chosen, **seen, plan={"action": "stop", "stop": "passed"}, declined="0.0")
    assert name(crowned(declined, LAST)) == "1.0"
    assert crowned(state(), LAST) is None


NEXT: list[tuple[str, dict[str, Any], tuple[str, str | None]]] = [
    ("a match stops it", {"champion": candidate("1.0", "y")}, ("stop", "passed")),
    ("no match is revised", {"champion": candidate("1.0", "n")}, ("revise", None)),
    ("unjudged goes to the critic too", {"champion": candidate("1.0", "")}, ("revise", None)),
    ("no patience is lost", {"champion": candidate("1.0", "n"), "tried": ["revise"] * 99}, ("revise", None)),
    ("the fifth round is the last", {"champion": candidate("4.0", "n"), "round": 4}, ("stop", "rounds")),
]


@pytest.mark.parametrize(("_case", "seen", "decided"), NEXT, ids=[case[0] for case in NEXT])
def test_what_a_chain_does_next(_case: str, seen: dict[str, Any], decided: tuple[str, str | None]) -> None:
    champion = seen.pop("champion")
    settings = LAST.model_copy(update={"rounds": 5})
    found = plan(state(champion, **seen), settings)
    assert (found["action"], found["stop"]) == decided
    assert found["parent"] in (None, champion["id"])


def test_full_mode_paints_on_from_the_last_picture_until_the_rounds_end() -> None:
    full = LAST.model_copy(update={"mode": "full", "rounds": 5})
    best, last = candidate("1.0", "y"), candidate("2.0", "n")
    seen = state(best, round=2, candidates=whole(best, last))
    assert (plan(seen, full)["action"], plan(seen, full)["parent"]) == ("revise", "2.0")
    after_a_pass = state(best, candidates=whole(best))
    assert (plan(after_a_pass, full)["action"], plan(after_a_pass, full)["parent"]) == ("revise", "1.0")
    assert plan(state(best, round=4, candidates=whole(best)), full)["stop"] == "rounds"
