"""What decide sends out: every candidate has a prompt or a record to take it from, and a seed that a crash cannot change."""

from __future__ import annotations

from typing import Any

import pytest
from langgraph.runtime import Runtime

from overpaint.graph.attempt import Attempt
from overpaint.graph.minting import derive_seed
from overpaint.graph.nodes.decide import decide
from overpaint.graph.settings import Settings
from overpaint.graph.state import State
from tests.graph.test_controller import IMAGE, candidate, state


async def decided(seen: State, **settings: Any) -> tuple[str | list[Attempt], dict[str, Any]]:
    ready = {
        **seen,
        "run": "r",
        "seed": 5,
        "prompt": "upsampled",
        "settings": Settings(**settings).model_dump(mode="json"),
    }
    command = await decide({"plan": {"action": "start"}, **ready}, Runtime())  # type: ignore[typeddict-item]
    assert isinstance(command.update, dict)
    goto = command.goto
    return (goto if isinstance(goto, str) else [s.arg["attempt"] for s in goto], command.update)  # type: ignore[union-attr]


async def test_a_first_round_of_several_pits_the_brief_against_its_upsampled_prompt() -> None:
    sent, update = await decided(state(), per_round=2)
    assert [(a["id"], a["prompt"]) for a in sent] == [("0.0", "a brief"), ("0.1", "upsampled")]  # type: ignore[index]
    assert update["round"] == 0
    sent, _ = await decided(state(), raw_brief=False, per_round=2)
    assert [a["prompt"] for a in sent] == ["upsampled", "upsampled"]  # type: ignore[index]
    sent, _ = await decided(state())
    assert [a["prompt"] for a in sent] == ["upsampled"]  # type: ignore[index]


@pytest.mark.parametrize(
    ("action", "prompt"),
    [("start", None), ("revise", None), ("reseed", None), ("edit", "upsampled"), ("given", "upsampled")],
)
async def test_a_reseed_keeps_the_prompt_of_a_champion_that_was_painted_whole(action: str, prompt: str | None) -> None:
    old, new = candidate("0.0", "yyyn"), candidate("1.0", "yyyy", action=action)
    seen = state(old, round=1, candidates={"0.0": old, "1.0": new}, plan={"action": action})
    sent, update = await decided(seen, stop_when_passed=False)
    assert update["champion"]["id"] == "1.0"
    for attempt in sent:
        assert isinstance(attempt, dict)
        assert (attempt["action"], attempt["prompt"]) == ("reseed", prompt)
        assert (attempt["base"] == new["record"]) == (prompt is None)


async def test_a_given_picture_travels_without_prompt_or_seed() -> None:
    sent, _ = await decided(state(asked={"text": "b", "image": IMAGE}))
    assert len(sent) == 1
    attempt = sent[0]
    assert isinstance(attempt, dict)
    assert (attempt["prompt"], attempt["base"], attempt["seed"], attempt["source"]) == (None, None, None, IMAGE)


async def test_gains_are_remembered_and_stalls_are_counted() -> None:
    old, worse = candidate("0.0", "yynn"), candidate("1.0", "ynnn", action="edit")
    stalled = state(old, round=1, candidates={"0.0": old, "1.0": worse}, plan={"action": "edit"}, tried=["edit"])
    sent, update = await decided(stalled)
    assert sent == "critique"
    assert update["tried"] == ["edit", "edit"]
    better = candidate("1.1", "yyyn", action="edit")
    gained = state(old, round=1, candidates={"0.0": old, "1.1": better}, plan={"action": "edit"}, tried=["edit"])
    _, update = await decided(gained)
    assert (update["tried"], update["champion"]["id"]) == ([], "1.1")


async def test_a_run_that_stopped_and_is_taken_up_again_keeps_the_picture_that_was_chosen() -> None:
    chosen, last = candidate("0.0", "n"), candidate("1.0", "n")
    stopped = {"action": "stop", "stop": "rounds"}
    seen = state(chosen, round=1, candidates={"0.0": chosen, "1.0": last}, plan=stopped)
    _, update = await decided(seen, chain="last", rounds=2, judge_method="strict")
    assert (update["champion"]["id"], update["plan"]["stop"]) == ("0.0", "rounds")


async def test_by_another_checklist_no_stop_has_been_yet() -> None:
    seen = state(candidate("0.0", "yyyy"), judged_by="another", stopped_at=0)
    _, update = await decided(seen, mode="full")
    assert (update["plan"]["action"], update["stopped_at"]) == ("rejudge", None)


@pytest.mark.parametrize(("judged_by", "began"), [("another", 2), (None, 1)])
async def test_judging_the_picture_of_the_run_before_is_no_round(judged_by: str | None, began: int) -> None:
    """Where the checklist stays the same there is no such judging, so that the first round is one that paints."""
    changes = {"judged_by": judged_by} if judged_by else {}
    seen = state(candidate("0.0", "nnnn"), began=1, **changes)
    _, update = await decided(seen, rounds=1)
    assert update["round"] == 1
    assert update.get("began", 1) == began


@pytest.mark.parametrize(("beliefs", "goto"), [("yyyn", "critique"), ("yyyy", "review")])
async def test_a_person_is_shown_a_picture_of_before_only_where_it_does(beliefs: str, goto: str) -> None:
    judged = candidate("1.0", beliefs, action="rejudge")
    seen = state(None, round=1, candidates={"1.0": judged}, plan={"action": "rejudge"})
    sent, update = await decided(seen, review="champion", actions=("revise",))
    assert (sent, update["champion"]["id"]) == (goto, "1.0")


def test_a_seed_depends_on_run_and_candidate_alone() -> None:
    assert derive_seed(1, "0.0") == derive_seed(1, "0.0") != derive_seed(1, "0.1")
    assert derive_seed(2, "0.0") != derive_seed(1, "0.0")
    assert 0 <= derive_seed(2**32 - 1, "999.31") < 2**32
