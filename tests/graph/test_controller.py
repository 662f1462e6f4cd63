"""The controller's table: what it sees on the left, what it decides on the right. No model, no I/O."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overpaint.graph.checklists import fingerprint
from overpaint.graph.controller import cap_reached, failing, is_outdated, plan
from overpaint.graph.crowning import crown, passes
from overpaint.graph.settings import Settings
from overpaint.graph.state import Brief, Candidate, PainterFacts, Receipt, Requirement, State, empty_receipt

IMAGE = {"sha256": "0" * 64, "mime": "image/png", "width": 64, "height": 64}


def candidate(id_: str = "0.0", beliefs: str = "", **changes: Any) -> Candidate:
    round_ = int(id_.split(".")[0])
    score = beliefs.count("y") / len(beliefs) if beliefs else None
    base = {"id": id_, "parent": None, "round": round_, "action": "start", "depth": 0, "seed": 1, "outcome": "ok"}
    return Candidate(**{**base, "image": IMAGE, "beliefs": beliefs, "score": score, "record": "f" * 64, **changes})  # type: ignore[typeddict-item]


def checklist(*kinds: str) -> list[Requirement]:
    return [
        Requirement(id=f"r{i}", text=f"thing {i}", question="?", kind=k, expected="yes", weight=1.0)
        for i, k in enumerate(kinds, 1)
    ]


def state(champion: Candidate | None = None, **changes: Any) -> State:
    base: dict[str, Any] = {
        "asked": Brief(text="a brief", image=None),
        "painter": PainterFacts(edit="mask", token_limit=77, price_usd=0.0),
        "checklist": checklist("count", "count", "relation", "count"),
        "candidates": {champion["id"]: champion} if champion else {},
        "champion": champion,
        "round": champion["round"] if champion else -1,
        "tried": [],
        "receipt": empty_receipt(),
    }
    return State(**{**base, **changes})  # type: ignore[typeddict-item]


def spent(**changes: Any) -> Receipt:
    return Receipt(**{**empty_receipt(), **changes})  # type: ignore[typeddict-item]


NO_MASK = PainterFacts(edit=None, token_limit=None, price_usd=0.0)

NEXT: list[tuple[str, State, dict[str, Any], str]] = [
    ("nothing yet", state(), {}, "start"),
    ("a given picture", state(asked=Brief(text="b", image=IMAGE)), {}, "given"),  # type: ignore[typeddict-item]
    ("mostly right", state(candidate(beliefs="yyyn")), {}, "edit"),
    ("mostly right, painter cannot edit", state(candidate(beliefs="yyyn"), painter=NO_MASK), {}, "revise"),
    ("mostly wrong", state(candidate(beliefs="nnnn")), {}, "revise"),
    ("wrong in style", state(candidate(beliefs="yn"), checklist=checklist("count", "style")), {}, "revise"),
    ("edits used up", state(candidate(beliefs="yyyn", depth=12)), {}, "revise"),
    ("edits gained nothing", state(candidate(beliefs="yyyn"), tried=["edit"] * 3), {}, "revise"),
    ("edits not allowed", state(candidate(beliefs="yyyn")), {"actions": ("reseed",)}, "reseed"),
    ("best of n never tires", state(candidate(beliefs="nn"), tried=["reseed"] * 99), {"actions": ("reseed",), "patience": None}, "reseed"),
    ("unjudged", state(candidate(beliefs="")), {}, "reseed"),
    ("passed but told to go on", state(candidate(beliefs="yyyy")), {"stop_when_passed": False}, "reseed"),
    ("no picture came out", state(round=0, candidates={"0.0": candidate(outcome="blank")}), {}, "reseed"),
]  # fmt: skip

PRICED = PainterFacts(edit=None, token_limit=None, price_usd=0.25)


@pytest.mark.parametrize(
    ("caps", "usd", "count"),
    [
        ({}, 0.0, 4),
        ({"max_images": 4}, 0.0, 4),
        ({"max_usd": 1.0}, 0.0, 4),
        ({"max_usd": 1.3}, 0.6, 2),
        ({"max_usd": 1.0}, 0.7, 1),
    ],
)
def test_prompts_to_be_painted_once_are_as_many_as_every_cap_allows(
    caps: dict[str, Any], usd: float, count: int
) -> None:
    settings = Settings(judge_method="none", upsample_method="variations", **caps)
    seen = state(variants=["a", "b", "c", "d"], receipt=spent(usd=usd), painter=PRICED)
    assert (plan(seen, settings)["action"], plan(seen, settings)["count"]) == ("start", count)


STOPS: list[tuple[State, dict[str, Any], str]] = [
    (state(candidate(beliefs="yyyy")), {}, "passed"),
    (state(candidate(beliefs="yyyn"), tried=["edit"] * 3 + ["revise"] * 3), {}, "patience"),
    (state(candidate(beliefs="n"), round=4), {"rounds": 5}, "rounds"),
    (state(candidate(beliefs="n"), receipt=spent(images=16)), {}, "max_images"),
    (state(candidate(beliefs="n"), receipt=spent(calls=8)), {"max_calls": 10}, "max_calls"),
    (state(candidate(beliefs="n"), receipt=spent(tokens=100)), {"max_tokens": 100}, "max_tokens"),
    (state(candidate(beliefs="n"), receipt=spent(seconds=61.0)), {"max_seconds": 60}, "max_seconds"),
    (state(candidate(beliefs="n"), receipt=spent(usd=0.99), painter=PainterFacts(edit=None, token_limit=None, price_usd=0.04)), {"max_usd": 1.0}, "max_usd"),
    (state(candidate(beliefs="")), {"judge_method": "none"}, "no_judge"),
    (state(candidate(beliefs="yyyn"), fatal="the key was refused"), {}, "provider"),
    (state(round=0, candidates={"0.0": candidate(outcome="error")}), {}, "provider"),
]  # fmt: skip


@pytest.mark.parametrize(("_case", "seen", "settings", "action"), NEXT, ids=[n[0] for n in NEXT])
def test_what_comes_next(_case: str, seen: State, settings: dict[str, Any], action: str) -> None:
    decided = plan(seen, Settings(**settings))
    assert decided["action"] == action
    assert decided["stop"] is None
    assert decided["why"]


@pytest.mark.parametrize(("seen", "settings", "reason"), STOPS, ids=[s[2] for s in STOPS])
def test_every_stop_names_its_reason(seen: State, settings: dict[str, Any], reason: str) -> None:
    decided = plan(seen, Settings(**settings))
    assert (decided["action"], decided["stop"]) == ("stop", reason)
    assert decided["why"]


def test_a_round_left_out_under_settings_given_anew_is_not_taken_for_a_broken_painter() -> None:
    seen = state(round=0, candidates={"0.0": candidate(outcome="error")})
    assert plan(seen, Settings(), anew=True)["action"] == "reseed"
    assert plan(seen, Settings(max_calls=1), anew=True)["stop"] is None
    assert plan({**seen, "receipt": spent(images=16)}, Settings(), anew=True)["stop"] == "max_images"


@pytest.mark.parametrize(
    ("beliefs", "action"), [(["nnny", "nnyn"], "restart"), (["nnyy", "yynn"], "revise"), ([""], "revise")]
)
def test_what_every_revised_picture_lacks_calls_for_a_restart(beliefs: list[str], action: str) -> None:
    champion = candidate(beliefs="nnnn")
    revised = {f"1.{i}": candidate(f"1.{i}", b, action="revise") for i, b in enumerate(beliefs)}
    seen = state(champion, round=1, tried=["revise"], candidates={"0.0": champion, **revised})
    assert plan(seen, Settings())["action"] == action


@pytest.mark.parametrize(
    ("settings", "images", "count"),
    [({}, 0, 1), ({"per_round": 8}, 0, 8), ({"per_round": 8}, 13, 3), ({"per_round": 4, "max_calls": 8}, 0, 2)],
)
def test_no_round_is_wider_than_what_is_left(settings: dict[str, Any], images: int, count: int) -> None:
    seen = state(candidate(beliefs="nn"), checklist=checklist("count", "count"), receipt=spent(images=images))
    assert plan(seen, Settings(**settings))["count"] == count


def test_the_failed_requirements_become_targets_heaviest_first() -> None:
    items = checklist("count", "count", "count")
    items[2]["weight"] = 5.0
    champion = candidate(beliefs="nyu")
    assert failing(champion, items) == ["r3", "r1"]
    assert plan(state(champion, checklist=items), Settings())["targets"] == ["r3", "r1"]


def test_the_champion_falls_only_to_one_that_loses_nothing_and_gains() -> None:
    champion = candidate("0.0", "yynn")
    assert crown(champion, [candidate("1.0", "nyyy")], Settings()) == champion
    assert crown(champion, [candidate("1.0", "yynn")], Settings()) == champion
    assert crown(champion, [candidate("1.0", "yyyn")], Settings())["id"] == "1.0"  # type: ignore[index]
    assert crown(champion, [candidate("1.0", "yyyy", outcome="duplicate")], Settings()) == champion
    assert crown(champion, [candidate("1.0", "")], Settings()) == champion
    assert crown(candidate("0.0", ""), [candidate("1.0", "nnnn")], Settings())["id"] == "1.0"  # type: ignore[index]
    assert crown(None, [], Settings()) is None


answers = st.text("ynu", min_size=4, max_size=4)


@given(st.lists(st.lists(answers, max_size=4), max_size=8))
def test_the_champion_never_gets_worse(rounds: list[list[str]]) -> None:
    champion: Candidate | None = None
    for number, beliefs in enumerate(rounds):
        before = champion
        champion = crown(champion, [candidate(f"{number}.{i}", b) for i, b in enumerate(beliefs)], Settings())
        if before is not None and champion is not None:
            held = [i for i, b in enumerate(before["beliefs"]) if b == "y"]
            assert all(champion["beliefs"][i] == "y" for i in held)
            assert (champion["score"] or 0) >= (before["score"] or 0)


@given(
    beliefs=st.text("ynu", max_size=4),
    images=st.integers(0, 40),
    round_=st.integers(0, 40),
    tried=st.lists(st.sampled_from(["edit", "revise", "restart", "reseed"]), max_size=12),
    per_round=st.integers(1, 32),
    stop=st.booleans(),
)
def test_a_plan_is_never_over_budget_and_always_has_a_reason(
    beliefs: str, images: int, round_: int, tried: list[Any], per_round: int, stop: bool
) -> None:
    champion = candidate(f"{round_}.0", beliefs.ljust(4, "n") if beliefs else "")
    settings = Settings(per_round=per_round, stop_when_passed=stop)
    decided = plan(state(champion, tried=tried, receipt=spent(images=images)), settings)
    assert decided["why"]
    if decided["action"] == "stop":
        assert decided["stop"]
    else:
        assert 1 <= decided["count"] <= min(per_round, settings.max_images - images)
        assert decided["action"] in settings.actions
    assert plan(state(champion, tried=tried, receipt=spent(images=images)), settings) == decided


def test_passing_takes_every_requirement() -> None:
    assert passes(candidate(beliefs="yyy"))
    assert not passes(candidate(beliefs="yyu"))
    assert not passes(candidate(beliefs=""))
    assert not passes(None)


@pytest.mark.parametrize("tried", range(9))
@pytest.mark.parametrize("actions", [("edit", "revise", "restart", "reseed"), ("revise",), ("edit", "restart")])
def test_without_a_champion_there_is_nothing_to_ask_the_critic_about(actions: Any, tried: int) -> None:
    seen = state(round=tried, tried=["reseed"] * tried, candidates={"0.0": candidate(outcome="blocked")})
    decided = plan(seen, Settings(actions=actions, stop_when_passed=False))
    assert decided["action"] in ("reseed", "stop")


def test_a_changed_checklist_is_judged_first_even_at_a_cap_and_a_wish_comes_after_it() -> None:
    champion = candidate(beliefs="yyyy")
    seen = state(champion, judged_by="another", wish="a blue star", receipt=spent(images=16))
    assert is_outdated(seen)
    assert plan(seen, Settings())["action"] == "rejudge"
    judged = state(champion, judged_by=fingerprint(seen["checklist"]), wish="a blue star")
    assert plan(judged, Settings())["action"] == "revise"
    assert plan({**judged, "receipt": spent(images=16)}, Settings())["stop"] == "max_images"


def test_a_declined_champion_falls_to_an_equal_and_to_none_that_loses() -> None:
    champion = candidate("0.0", "yyyy")
    assert crown(champion, [candidate("1.0", "yyyy")], Settings(), "0.0")["id"] == "1.0"  # type: ignore[index]
    assert crown(champion, [candidate("1.0", "yyyn")], Settings(), "0.0") == champion
    assert crown(champion, [champion], Settings(), "0.0") == champion
    assert plan(state(champion, declined="0.0"), Settings())["action"] == "reseed"


def test_room_for_one_more_picture_is_told_before_a_person_asks_for_one() -> None:
    assert cap_reached(state(candidate(beliefs="y"), receipt=spent(images=15)), Settings()) is None
    full = cap_reached(state(candidate(beliefs="y"), receipt=spent(images=16)), Settings())
    assert full is not None
    assert full["stop"] == "max_images"
