"""Candidates as they are minted: ids and seeds, what they start from, what came before, and how often they may repeat."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overpaint.graph.attempt import Attempt
from overpaint.graph.minting import WHOLE, attempt, derive_seed, route, spread
from overpaint.graph.settings import Settings
from overpaint.graph.state import Plan, Proposal, State
from tests.graph.test_controller import IMAGE, candidate, spent, state


def planned(action: Any, seen: State, count: int = 1, **settings: Any) -> State:
    champion = seen["champion"]
    plan = Plan(action=action, why="w", parent=champion and champion["id"], count=count, targets=[], stop=None)
    more: Any = {"run": "r", "seed": 5, "prompt": "upsampled", "settings": Settings(**settings).kept, "plan": plan}
    return {**seen, **more}


def minted(seen: State) -> list[Attempt]:
    sent = route(seen)
    assert isinstance(sent, list)
    return [one.arg["attempt"] for one in sent]


def test_a_wish_is_painted_but_a_judged_picture_keeps_its_own_prompt() -> None:
    champion = candidate("0.0", "yn", record="a" * 64)
    wished = {"wish": "a blue star", "round": 1}
    (painted,) = minted(planned("revise", state(champion, **wished)))
    assert (painted["prompt"], painted["base"], painted["source"]) == ("a blue star", None, None)
    (judged,) = minted(planned("rejudge", state(champion, **wished)))
    assert (judged["prompt"], judged["base"], judged["source"]) == (None, "a" * 64, IMAGE)
    assert (judged["seed"], judged["earlier"]) == (None, [])


@pytest.mark.parametrize("action", ["edit", "revise", "restart"])
def test_the_critic_is_asked_unless_a_person_wrote_the_prompt(action: str) -> None:
    champion = candidate("0.0", "yn")
    assert route(planned(action, state(champion, round=1))) == "critique"
    assert isinstance(route(planned(action, state(champion, round=1, wish="x"))), list)


@pytest.mark.parametrize(("round_", "previous"), [(2, ["b"]), (3, ["b"]), (7, ["b"]), (1, ["a"]), (0, [])])
def test_what_came_before_is_the_last_round_that_has_candidates(round_: int, previous: list[str]) -> None:
    old, new = candidate("0.0", "yn", record="a"), candidate("1.0", "nn", record="b")
    seen = state(old, round=round_, candidates={"0.0": old, "1.0": new})
    assert minted(planned("reseed", seen))[0]["previous"] == previous


@given(per_round=st.integers(1, 32), most=st.integers(1, 99), images=st.integers(0, 99))
def test_all_spare_tries_together_stay_under_the_cap(per_round: int, most: int, images: int) -> None:
    count = max(1, min(per_round, most - images))
    seen = planned("reseed", state(round=0, receipt=spent(images=images)), count, max_images=most)
    spare = minted(seen)[0]["spare"]
    assert spare >= 0
    if images < most:
        assert images + count * (1 + spare) <= most


def test_with_a_cap_on_money_there_is_no_spare_try() -> None:
    seen = planned("reseed", state(round=0), max_usd=1.0)
    assert minted(seen)[0]["spare"] == 0
    assert minted(planned("reseed", state(round=0)))[0]["spare"] == 15


def test_the_champion_is_judged_again_wherever_its_chain_has_come_to() -> None:
    champion = candidate("0.0", "yn", record="a" * 64, depth=2)
    last = candidate("1.0", "nn", record="b" * 64, image={**IMAGE, "sha256": "1" * 64}, action="edit")
    seen = state(champion, round=2, candidates={"0.0": champion, "1.0": last})
    (judged,) = minted(planned("rejudge", seen, chain="last"))
    assert (judged["parent"], judged["base"], judged["source"], judged["depth"]) == ("0.0", "a" * 64, IMAGE, 2)


def test_a_chain_of_edits_is_counted_and_judging_again_does_not_lengthen_it() -> None:
    champion = candidate("0.0", "yn", depth=3)
    seen = planned("edit", state(champion, round=1))
    depths = {a: attempt(seen, a, 0, WHOLE, "")["depth"] for a in ("edit", "rejudge", "revise", "reseed", "restart")}
    assert depths == {"edit": 4, "rejudge": 3, "revise": 0, "reseed": 0, "restart": 0}


@given(st.integers(0, 2**32 - 1), st.lists(st.tuples(st.integers(0, 99), st.integers(0, 31)), unique=True, max_size=20))
def test_seeds_depend_on_run_and_candidate_alone(seed: int, places: list[tuple[int, int]]) -> None:
    seeds = [derive_seed(seed, f"{round_}.{place}") for round_, place in places]
    assert seeds == [derive_seed(seed, f"{round_}.{place}") for round_, place in places]
    assert all(0 <= one < 2**32 for one in seeds)
    assert len(set(seeds)) == len(seeds)


def test_fewer_proposals_than_candidates_are_repeated() -> None:
    one, two = Proposal(prompt="a", boxes=[]), Proposal(prompt="b", boxes=[])
    assert spread([one, two], 5) == [one, two, one, two, one]
    assert spread([one, two], 1) == [one]
