from __future__ import annotations

from typing import Any

import ormsgpack
from hypothesis import given
from hypothesis import strategies as st

from overpaint.graph.state import WINDOW, Candidate, Receipt, add_receipts, empty_receipt, merge_candidates


def candidate(id_: str, **changes: Any) -> Candidate:
    image = {"sha256": "a" * 64, "mime": "image/png", "width": 2048, "height": 2048}
    base = {
        "id": id_,
        "parent": "11.1",
        "round": int(id_.split(".")[0]),
        "action": "revise",
        "depth": 3,
        "seed": 2**32 - 1,
    }
    rest = {"outcome": "ok", "image": image, "beliefs": "y" * 12, "score": 0.8333, "record": "b" * 64}
    return Candidate(**{**base, **rest, **changes})  # type: ignore[typeddict-item]


def test_a_candidate_in_state_takes_at_most_300_bytes() -> None:
    assert len(ormsgpack.packb(candidate("12.1"))) <= 300


def test_candidates_merge_by_id_and_keep_a_window() -> None:
    merged: dict[str, Candidate] = {}
    for round_ in range(20):
        merged = merge_candidates(merged, {f"{round_}.{i}": candidate(f"{round_}.{i}") for i in range(2)})
    assert len(merged) == WINDOW
    assert list(merged)[-1] == "19.1"
    assert merge_candidates(merged, {"19.1": candidate("19.1", score=1.0)})["19.1"]["score"] == 1.0


def test_a_wide_round_is_kept_whole() -> None:
    wide = {f"3.{i}": candidate(f"3.{i}") for i in range(32)}
    assert set(merge_candidates({"2.0": candidate("2.0")}, wide)) >= set(wide)


receipts = st.builds(
    Receipt,
    images=st.integers(0, 9),
    unknown=st.integers(0, 9),
    calls=st.integers(0, 9),
    tokens=st.integers(0, 9),
    cached=st.integers(0, 9),
    seconds=st.integers(0, 9),
    usd=st.none() | st.integers(0, 9),
)


@given(receipts, receipts)
def test_receipts_add_up_and_an_unknown_price_stays_unknown(a: Receipt, b: Receipt) -> None:
    total = add_receipts(a, b)
    assert total == add_receipts(b, a)
    assert total["images"] == a["images"] + b["images"]
    assert (total["usd"] is None) == (a["usd"] is None or b["usd"] is None)
    assert total["cached"] == a["cached"] + b["cached"]
    assert add_receipts(a, empty_receipt()) == a


def test_receipts_of_older_versions_say_nothing_of_the_cache() -> None:
    older = Receipt(images=1, unknown=0, calls=2, tokens=3, seconds=4.0, usd=None)
    assert add_receipts(older, {**empty_receipt(), "cached": 5})["cached"] == 5
