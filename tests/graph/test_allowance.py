"""What is shared out: all parts together stay under what is left, and what must be kept back is."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overpaint.graph.allowance import (
    CALLS_PER_CANDIDATE,
    affordable,
    beyond,
    candidate_part,
    candidate_room,
    critic_room,
    describer_room,
    lacking,
    lowered,
    model_room,
    need_of,
    need_of_next,
    room_left,
    writer_room,
)
from overpaint.graph.settings import Settings
from overpaint.graph.state import PainterFacts, Plan, Receipt, State
from overpaint.tools.budget import Room
from tests.graph.test_controller import spent, state

FACTS = PainterFacts(
    edit=None, token_limit=None, price_usd=0.04, seconds=5.0, look={"tokens": 1000, "seconds": 2.0, "usd": 0.01}
)
CAPS: dict[str, Any] = {"max_calls": 20, "max_tokens": 10_000, "max_seconds": 60.0, "max_usd": 1.0}


def planned(count: int = 1, receipt: Receipt | None = None, facts: PainterFacts = FACTS) -> State:
    plan = Plan(action="reseed", why="w", parent=None, count=count, targets=[], stop=None)
    return state(painter=facts, plan=plan, receipt=receipt or spent())


receipts = st.builds(
    spent,
    images=st.integers(0, 9),
    calls=st.integers(0, 30),
    tokens=st.integers(0, 20_000),
    seconds=st.floats(0, 90),
    usd=st.floats(0, 2),
)
widths = st.integers(1, 32)


@given(receipts, widths)
def test_the_parts_of_a_round_are_together_what_is_left_at_most(receipt: Receipt, count: int) -> None:
    seen, settings = planned(count, receipt), Settings(**CAPS)
    left, part = room_left(seen, settings), candidate_room(seen, settings)
    assert part.calls is not None
    assert part.tokens is not None
    assert part.seconds is not None
    assert part.usd is not None
    assert part.calls * count <= (left.calls or 0) <= 20
    assert part.tokens * count <= (left.tokens or 0) <= 10_000
    assert part.seconds * count == pytest.approx(left.seconds)
    assert part.usd * count == pytest.approx(left.usd)


@given(receipts, st.booleans(), st.sampled_from(["checklist", "score", "none"]))
def test_the_two_writers_together_leave_a_picture_and_a_look(receipt: Receipt, upsample: bool, method: Any) -> None:
    seen, settings = planned(1, receipt), Settings(**CAPS, upsample=upsample, judge_method=method)
    asked = ((True, method == "checklist"), (False, upsample))
    rooms = [writer_room(seen, settings, checklist=checklist) for checklist, used in asked if used]
    left, need = room_left(seen, settings), need_of(FACTS, settings, looks=1)
    for name in ("calls", "tokens", "seconds", "usd"):
        kept = max(0, getattr(left, name) - getattr(need, name))
        assert sum(getattr(room, name) for room in rooms) <= kept + 1e-9


def test_the_first_writers_leave_every_picture_that_is_painted_once() -> None:
    settings = Settings(**CAPS, judge_method="none", upsample_method="variations", variations=4)
    room = writer_room(planned(), settings, checklist=False)
    assert room.usd == pytest.approx(1.0 - 4 * 0.04)
    assert room.seconds == pytest.approx(60.0 - 4 * 5.0)
    assert describer_room(FACTS, settings) == room


def test_the_odd_call_is_the_checklists() -> None:
    settings = Settings(max_calls=2)
    assert writer_room(planned(), settings, checklist=True).calls == 1
    assert writer_room(planned(), settings, checklist=False).calls == 0


def test_a_prompt_has_all_that_is_left_where_no_checklist_is_written() -> None:
    assert writer_room(planned(), Settings(max_calls=5, judge_method="score"), checklist=False).calls == 4


@given(receipts, widths)
def test_the_critic_leaves_every_candidate_a_confirmed_look(receipt: Receipt, per_round: int) -> None:
    settings = Settings(**CAPS, per_round=per_round)
    seen = planned(1, receipt)
    if lacking(seen, settings, need_of_next(FACTS, settings)):
        return
    count = affordable(seen, settings)
    room, left = critic_room(planned(count, receipt), settings), room_left(seen, settings)
    need = need_of(FACTS, settings, looks=2)
    for name in ("calls", "tokens", "seconds", "usd"):
        assert getattr(room, name) + count * getattr(need, name) <= getattr(left, name) + 1e-9
    assert (room.calls or 0) >= count * (CALLS_PER_CANDIDATE - 2)


def test_what_a_candidate_takes() -> None:
    need = need_of(FACTS, Settings(), looks=2)
    assert (need.images, need.calls, need.tokens, need.seconds) == (1, 2, 2000, 7.0)
    assert need.usd == pytest.approx(0.06)
    assert need_of(FACTS, Settings(looks=1), looks=2).calls == 1
    assert need_of(FACTS, Settings(), looks=1, painted=False).images == 0
    assert need_of(FACTS, Settings(), looks=1, painted=False).usd == 0.01
    bare = need_of(FACTS, Settings(judge_method="none"), looks=2)
    assert (bare.calls, bare.tokens, bare.usd) == (0, 0, 0.04)


def test_an_unknown_price_is_never_nothing() -> None:
    unknown = PainterFacts(**{**FACTS, "price_usd": None})
    assert need_of(unknown, Settings(), looks=1).usd is None
    seen = planned(facts=unknown)
    assert lacking(seen, Settings(max_usd=1.0), need_of(unknown, Settings(), looks=1)) == "max_usd"
    assert room_left(planned(receipt=spent(usd=None)), Settings(max_usd=1.0)).usd == 0.0


@pytest.mark.parametrize(
    ("receipt", "cap"),
    [
        (spent(images=16), "max_images"),
        (spent(calls=19), "max_calls"),
        (spent(tokens=8001), "max_tokens"),
        (spent(seconds=53.1), "max_seconds"),
        (spent(usd=0.95), "max_usd"),
        (spent(images=15, calls=17, tokens=8000, seconds=53.0, usd=0.94), None),
    ],
)
def test_the_cap_that_one_more_candidate_would_pass(receipt: Receipt, cap: str | None) -> None:
    assert lacking(planned(receipt=receipt), Settings(**CAPS), need_of_next(FACTS, Settings())) == cap


@pytest.mark.parametrize(
    ("caps", "count"),
    [({}, 8), ({"max_tokens": 6000}, 3), ({"max_seconds": 15.0}, 2), ({"max_usd": 0.25}, 4), ({"max_usd": 0.01}, 1)],
)
def test_a_round_is_as_wide_as_every_cap_allows(caps: dict[str, Any], count: int) -> None:
    assert affordable(planned(), Settings(per_round=8, **caps)) == count


def test_without_caps_there_is_no_limit() -> None:
    assert candidate_room(planned(3), Settings()) == Room()
    assert critic_room(planned(3), Settings()) == Room()
    assert describer_room(FACTS, Settings()) == Room()


def test_describing_a_picture_leaves_the_first_picture() -> None:
    assert describer_room(FACTS, Settings(**CAPS)) == Room(calls=19, tokens=9000, seconds=53.0, usd=0.95)


def test_states_of_older_versions_do_not_tell_what_a_look_takes() -> None:
    older = PainterFacts(edit=None, token_limit=None, price_usd=0.0)
    assert need_of(older, Settings(), looks=1).tokens > 0


def test_a_look_after_the_first_may_take_more() -> None:
    facts = PainterFacts(**{**FACTS, "again": {"tokens": 5000, "seconds": 2.0, "usd": 0.03}})
    assert need_of(facts, Settings(), looks=1).tokens == 1000
    need = need_of(facts, Settings(), looks=2)
    assert (need.tokens, need.seconds) == (6000, 7.0)
    assert need.usd == pytest.approx(0.08)


@given(widths, st.integers(1, 99), st.integers(1, 99), st.floats(0, 1))
def test_under_a_lowered_cap_what_a_round_spent_and_what_it_may_still_ask_fit(
    width: int, old: int, new: int, done: float
) -> None:
    before, now, count = Settings(max_images=old), Settings(max_images=new), min(width, old)
    part = candidate_part(planned(count), before)["images"]
    left = lowered({"images": part}, before.kept, now.kept)["images"]
    asked = int(done * (count - 1))  # these had all of their part before; at least one has yet to ask
    assert part * count <= old
    assert left == 0 or asked * part + (count - asked) * left <= new
    assert left == (part if new >= old else max(0, part - (old - new)))


def test_a_part_shrinks_by_all_that_its_cap_was_lowered() -> None:
    before = {"max_images": 6, "max_usd": 6.0, "max_calls": 30}
    part = {"images": 1, "usd": 2.0, "calls": 5}
    assert lowered(part, before, {**before, "max_usd": 5.0}) == {**part, "usd": 1.0}
    assert lowered(part, before, {**before, "max_usd": 2.0, "max_calls": 29}) == {**part, "usd": 0, "calls": 4}
    assert lowered(part, before, {**before, "max_images": 5}) == {**part, "images": 0}
    assert lowered(part, before, {**before, "max_usd": 9.0, "max_images": 9}) == part
    assert lowered(part, before, {"max_images": 6}) == part
    assert lowered(part, before, {**before, "max_tokens": 9000}) == {**part, "tokens": 0}
    assert model_room({**part, "tokens": 0}) == Room(calls=5, tokens=0, usd=2.0)


def test_what_is_left_tells_the_cap_that_is_too_small() -> None:
    need = need_of(FACTS, Settings(), looks=1)
    assert beyond({}, need) is None
    assert beyond({"images": 1, "usd": 0.05, "calls": None}, need) is None
    assert beyond({"images": 0, "usd": 0.05}, need) == "max_images"
    assert beyond({"usd": 0.04}, need) == "max_usd"
