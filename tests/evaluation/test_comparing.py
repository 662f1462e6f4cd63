from __future__ import annotations

from typing import Any

import pytest

from overpaint.evaluation.comparing import (
    Difference,
    Shared,
    Side,
    difference_lines,
    differences,
    presets_to_compare,
    result_table,
    results,
    shared_line,
    shared_rows,
)
from overpaint.evaluation.nouns import Outcome, Row
from overpaint.tools.faults import BadInput
from tests.evaluation.outcomes import failed, outcome, row


def side(
    presets: dict[str, dict[str, Any]],
    outcomes: list[Outcome] | None = None,
    rows: list[Row] | None = None,
    preset: str | None = None,
    **about: Any,
) -> Side:
    dataset = {"name": "scenes", "digest": "d1", "rows": ["a"], "bad": []}
    asked = {"presets": presets, "dataset": dataset, "prompts": {"upsample.v1": "p1"}, "versions": {"torch": "2.9"}}
    whole = {**asked, "id": "1", "name": "one", "created": "now", "budget": 8, "seed": None, **about}
    return Side("E", whole, preset, rows or [], outcomes or [])


BARE: dict[str, dict[str, Any]] = {"default": {}, "one-shot": {}}


@pytest.mark.parametrize(
    ("first", "second", "pairs"),
    [
        (side(BARE), side(BARE), [("default", "default"), ("one-shot", "one-shot")]),
        (side(BARE), side({"one-shot": {}, "mine": {}}), [("one-shot", "one-shot")]),
        (side({"default": {}}), side({"mine": {}}), [("default", "mine")]),
        (side(BARE, preset="one-shot"), side(BARE, preset="default"), [("one-shot", "default")]),
        (side(BARE, preset="one-shot"), side(BARE), [("one-shot", "one-shot")]),
        (side({"mine": {}}), side(BARE, preset="default"), [("mine", "default")]),
    ],
)
def test_presets_that_belong_together(first: Side, second: Side, pairs: list[tuple[str, str]]) -> None:
    assert presets_to_compare(first, second) == pairs


def test_a_preset_that_is_not_there_is_refused_by_name() -> None:
    with pytest.raises(BadInput, match="no such preset there; it has default, one-shot"):
        presets_to_compare(side(BARE), side(BARE, preset="socratic"))


def test_presets_of_which_none_belong_together_have_to_be_named() -> None:
    with pytest.raises(BadInput, match="name one of each"):
        presets_to_compare(side(BARE), side({"mine": {}, "yours": {}}))
    with pytest.raises(BadInput, match="name one of each"):
        presets_to_compare(side({"mine": {}}, preset="mine"), side(BARE))


def test_what_was_asked_differently_comes_by_part_and_nothing_else() -> None:
    first = side({"default": {"judge": "shapes", "patience": 3, "looks": 3}})
    second = side(
        {"default": {"judge": "openai:gpt-5", "patience": 4, "looks": 3, "ideas": True}},
        prompts={"upsample.v1": "p2"},
        versions={"torch": "2.9", "openai": "2.1"},
        dataset={"name": "scenes", "digest": "d2", "rows": ["b"], "bad": []},
        budget=4,
        id="2",
        created="then",
    )
    found = differences(first, second, [("default", "default")])
    assert found == [
        Difference("settings", "default: patience", 3, 4),
        Difference("settings", "default: ideas", None, True),
        Difference("models", "default: judge", "shapes", "openai:gpt-5"),
        Difference("prompts", "upsample.v1", "p1", "p2"),
        Difference("versions", "openai", None, "2.1"),
        Difference("dataset", "digest", "d1", "d2"),
        Difference("asked", "budget", 8, 4),
    ]
    lines = difference_lines(found)
    assert lines[:3] == ["Asked for, first → second:", "  settings", "    default: patience: 3 → 4"]
    assert "    openai: none → 2.1" in lines


def test_two_presets_of_one_experiment_differ_in_settings_alone() -> None:
    both: dict[str, dict[str, Any]] = {"default": {"rounds": None}, "one-shot": {"rounds": 1}}
    found = differences(side(both), side(both), [("default", "one-shot")])
    assert found == [Difference("settings", "default, one-shot: rounds", None, 1)]
    assert difference_lines([]) == ["Asked for: no difference."]


def test_rows_are_shared_where_id_and_brief_are_the_same() -> None:
    first, second = side(BARE, rows=[row("a"), row("b"), row("c")]), side(BARE, rows=[row("b"), row("c", "a cat")])
    shared = shared_rows(first, second)
    left = "E: 0 of 2 runs; 2 still to be done (--resume)."
    assert shared == Shared(frozenset({"b"}), first=3, second=2, other_brief=1, unfinished=(left,))
    assert shared_line(shared) == (
        "1 brief shared, of 3 in the first and 2 in the second; 1 more have the same id and another text, and are left"
        f" out. {left}"
    )


def test_of_what_is_finished_nothing_is_said_to_be_left() -> None:
    whole = side(BARE, [outcome(preset, "a", [True]) for preset in BARE], [row("a")])
    assert shared_rows(whole, whole).unfinished == ()


def test_results_are_of_shared_briefs_with_an_outcome_on_both_sides() -> None:
    rows = [row(name) for name in "abcd"]
    first = side(BARE, [outcome("default", name, [False, True]) for name in "abc"], rows)
    second = side(
        BARE, [outcome("default", "a", [True]), failed("default", "b"), outcome("default", "d", [True])], rows
    )
    (found,) = results(first, second, [("default", "default"), ("one-shot", "one-shot")], shared_rows(first, second), 8)
    assert (found.test.shared, found.test.n10, found.test.n01) == (2, 1, 0)
    assert (found.first.mean, found.second.mean) == (1.0, 0.5)
    assert (found.first_cost.images, found.second_cost.images) == (2.0, 1.0)
    table = result_table([found], 8)
    assert table.startswith("**Success in % of shared briefs, by ground truth, at 8 pictures**")
    assert "| default | default |      2 | 100.0 [34, 100] |" in table


def test_a_smaller_budget_binds_both() -> None:
    first, second = (side(BARE, [outcome("default", "a", held)], [row("a")]) for held in ([False, True], [True]))
    (found,) = results(first, second, [("default", "default")], shared_rows(first, second), 1)
    assert (found.first.mean, found.second.mean) == (0.0, 1.0)


def test_nothing_shared_has_no_results() -> None:
    first, second = (side(BARE, [outcome("default", name, [True])], [row(name)]) for name in "ab")
    assert results(first, second, [("default", "default")], shared_rows(first, second), 8) == []
