"""Room: what still fits under caps, and what a call may cost at worst."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import HumanMessage, SystemMessage

from overpaint.tools.budget import IMAGE_TOKENS, MESSAGE_TOKENS, Cap, NoRoom, Room, worst_case
from overpaint.tools.prices import ChatPrice
from overpaint.tools.references import picture

ASKED = {"calls": 3, "tokens": 1000, "seconds": 5.0, "usd": 0.5}


@pytest.mark.parametrize(
    ("room", "cap"),
    [
        (Room(), None),
        (Room(calls=3, tokens=1000, seconds=5.1, usd=0.5), None),
        (Room(calls=2), "max_calls"),
        (Room(tokens=999), "max_tokens"),
        (Room(seconds=5.0), "max_seconds"),
        (Room(usd=0.49), "max_usd"),
    ],
)
def test_names_the_cap_that_would_be_passed(room: Room, cap: Cap | None) -> None:
    assert room.refused(**ASKED) == cap  # type: ignore[arg-type]


def test_an_unknown_price_fits_no_limit_on_money() -> None:
    assert Room(usd=100.0).refused(calls=1, tokens=1, seconds=0.0, usd=None) == "max_usd"
    assert Room(calls=1).refused(calls=1, tokens=1, seconds=0.0, usd=None) is None


def test_thirds_of_a_dollar_are_a_dollar() -> None:
    assert Room(usd=0.1 + 0.2).refused(calls=1, tokens=1, seconds=0.0, usd=0.3) is None
    assert Room(usd=0.3).refused(calls=1, tokens=1, seconds=0.0, usd=0.1 + 0.2) is None


@given(
    st.builds(
        Room,
        calls=st.none() | st.integers(0, 9),
        tokens=st.none() | st.integers(0, 9),
        seconds=st.none() | st.floats(0, 9),
        usd=st.none() | st.floats(0, 9),
    )
)
def test_what_is_kept_in_state_gives_the_same_room(room: Room) -> None:
    assert Room(**room.kept) == room  # type: ignore[arg-type]


def test_what_is_taken_leaves_less_and_never_less_than_nothing() -> None:
    room = Room(calls=3, tokens=100, seconds=1.0, usd=0.5)
    assert room.less(calls=1, tokens=40, seconds=0.25, usd=0.25) == Room(calls=2, tokens=60, seconds=0.75, usd=0.25)
    assert room.less(calls=9, tokens=900, seconds=9.0, usd=9.0) == Room(calls=0, tokens=0, seconds=0.0, usd=0.0)
    assert room.less(usd=None).usd == 0.0
    assert Room().less(calls=1, usd=None) == Room()


def test_the_worst_case_counts_text_schema_pictures_and_the_longest_answer() -> None:
    asked = [SystemMessage("héllo"), HumanMessage([{"type": "text", "text": "abc"}, picture("0" * 64)])]
    sent = len("héllo".encode()) + len("abc") + len("{}") + 2 * MESSAGE_TOKENS
    worst = worst_case(asked, "{}", 100, ChatPrice(1.0, 0.1, 10.0))
    assert worst.tokens == sent + IMAGE_TOKENS + 100
    assert worst.usd == pytest.approx(((sent + IMAGE_TOKENS) * 1.0 + 100 * 10.0) / 1e6)
    assert worst_case(asked, "{}", 100, ChatPrice(1.0, 0.1, 10.0, image_tokens=7)).tokens == sent + 7 + 100


def test_money_is_unknown_without_a_price_and_nothing_for_what_runs_here() -> None:
    asked = [HumanMessage("abc")]
    assert worst_case(asked, "", 1, None).usd is None
    assert worst_case(asked, "", 1, None, free=True).usd == 0.0


def test_the_refusal_names_its_cap() -> None:
    assert NoRoom("max_usd").cap == "max_usd"
    assert "max_usd" in str(NoRoom("max_usd"))
