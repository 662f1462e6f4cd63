"""Checklists as people write them, and the name that tells one from another."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overpaint.graph.checklists import MOST, fingerprint, read_checklist, whole
from overpaint.tools.faults import BadInput
from tests.graph.test_people import json

WRITTEN: list[Any] = [
    ["a red circle"],
    [{"text": "a red circle"}],
    {"checklist": ["a red circle"]},
    {"requirements": [{"text": " a red circle".strip(), "id": "r9"}]},
]

REFUSED: list[tuple[Any, str]] = [
    ([], "1 to 60"),
    (["x"] * (MOST + 1), "1 to 60"),
    ("a red circle", "1 to 60"),
    (None, "1 to 60"),
    ({"items": ["x"]}, "1 to 60"),
    (["x", ""], "requirement 2 .* text"),
    (["x", "  "], "requirement 2 .* text"),
    ([{"question": "?"}], "requirement 1 .* text"),
    ([7], "requirement 1"),
    ([{"text": "x", "kind": "colour"}], "requirement 1 .* kind"),
    ([{"text": "x", "weight": 0}], "requirement 1 .* weight"),
    ([{"text": "x", "weight": float("nan")}], "requirement 1 .* weight"),
    ([{"text": "x", "expected": 1.5}], "requirement 1 .* expected"),
]


@pytest.mark.parametrize("written", WRITTEN)
def test_every_form_gives_the_same_checklist(written: Any) -> None:
    (only,) = read_checklist(written)
    assert (only["id"], only["text"], only["kind"], only["expected"]) == ("r1", "a red circle", "other", "yes")
    assert (only["weight"], only["question"] != "") == (1.0, True)
    assert "a red circle" in only["question"]


@pytest.mark.parametrize(("written", "reason"), REFUSED, ids=[str(written)[:30] for written, _ in REFUSED])
def test_what_cannot_be_used_is_named_by_its_place(written: Any, reason: str) -> None:
    with pytest.raises(BadInput, match=reason) as caught:
        read_checklist(written)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("expected", "told"), [(True, "yes"), (False, "no"), (2, "2"), (" Yes ", "yes"), ("NO", "no")])
def test_what_is_expected_is_read_as_yaml_gives_it(expected: object, told: str) -> None:
    assert read_checklist([{"text": "x", "expected": expected}])[0]["expected"] == told


@pytest.mark.slow
@given(json | st.lists(json, max_size=3))
def test_any_value_gives_a_checklist_or_a_fault(written: Any) -> None:
    try:
        items = read_checklist(written)
    except BadInput:
        return
    assert [item["id"] for item in items] == [f"r{i}" for i in range(1, len(items) + 1)]
    assert all(item["text"] and item["question"] and item["weight"] > 0 for item in items)


def test_a_fingerprint_tells_checklists_apart_and_nothing_else() -> None:
    one, two = read_checklist(["a", "b"]), read_checklist(["b", "a"])
    assert fingerprint(one) == fingerprint(read_checklist(["a", "b"]))
    assert fingerprint(one) != fingerprint(two) != fingerprint(one[:1])
    assert fingerprint([]) != fingerprint(one)
    assert whole("a brief").requirements[0].text == "a brief"
