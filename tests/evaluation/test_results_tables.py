from __future__ import annotations

from collections.abc import Sequence

from overpaint.evaluation.agreement import Confusion, Noise
from overpaint.evaluation.asked import Terms
from overpaint.evaluation.grids import NONE, grid, number, percent, probability, share
from overpaint.evaluation.nouns import Outcome
from overpaint.evaluation.statistics import Rate
from overpaint.evaluation.tables import (
    EMPTY,
    UNDECIDED,
    best_table,
    category_table,
    confusion_table,
    cost_table,
    noise_line,
    rounds_table,
    standing_table,
    stop_table,
    success_table,
    summary_table,
)
from tests.evaluation.outcomes import failed, outcome, score, shot


def body(table: str) -> list[list[str]]:
    """The cells of every row below the head."""
    lines = [line for line in table.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def runs(preset: str, rights: Sequence[Sequence[bool]]) -> list[Outcome]:
    return [outcome(preset, f"brief-{at}", held) for at, held in enumerate(rights)]


SOME = [
    *runs("one-shot", [[False]] * 8 + [[True]] * 2),
    *runs("default", [[False, True]] * 8 + [[True]] * 2),
]


def test_the_summary_has_the_best_preset_first_with_its_costs_and_its_test() -> None:
    table = summary_table(SOME)
    assert table.startswith("**Success in % of briefs, by ground truth, by pictures painted at most**")
    assert body(table) == [
        ["default", "10", "0", "20.0 [6, 51]", "100.0 [72, 100]", "0.0078", "1.80", "3.60", "180", "18.00"],
        ["one-shot", "10", "0", "20.0 [6, 51]", "20.0 [6, 51]", "0.0078", "5.00", "10.00", "500", "50.00"],
    ]
    assert "at 2, two-sided, against default (default: against one-shot)" in table
    assert "Wilson" in table
    assert "% at 2 |      p | pictures / success | calls / success | tokens / success | seconds / success |" in table


def test_the_summary_at_budgets_asked_for_costs_what_the_largest_does() -> None:
    rows = body(summary_table(SOME, budgets=[1]))
    assert [row[:6] for row in rows] == [
        ["one-shot", "10", "0", "20.0 [6, 51]", "1", "5.00"],
        ["default", "10", "0", "20.0 [6, 51]", "1", "5.00"],
    ]


def test_no_success_has_no_cost_and_one_preset_has_no_test() -> None:
    assert body(summary_table([outcome("default", "a", [False])])) == [
        ["default", "1", "0", "0.0 [0, 79]", NONE, NONE, NONE, NONE, NONE]
    ]


def test_nothing_run_is_said_and_no_error() -> None:
    assert summary_table([]) == EMPTY
    assert body(stop_table([])) == []
    assert body(success_table([])) == body(category_table([]))[:-1] == []


def test_a_run_that_painted_nothing_is_in_the_summary() -> None:
    row = body(summary_table([failed("default", "a")]))[0]
    assert row[:4] == ["default", "1", "1", "0.0 [0, 79]"]


def test_presets_with_different_rows_are_tested_on_shared_ones_alone_and_it_is_said() -> None:
    table = summary_table([*SOME, outcome("default", "extra", [True])])
    assert "not run on the same briefs" in table
    assert "not run on the same briefs" not in summary_table(SOME)
    apart = body(summary_table([outcome("default", "a", [True]), outcome("one-shot", "b", [False])]))
    assert [row[4] for row in apart] == [NONE, NONE]


def test_where_a_round_paints_several_nothing_is_told_before_it_ends() -> None:
    wide = outcome("wide", "a", [False, True])
    wide["stages"] = wide["stages"][1:]
    table = summary_table([wide, outcome("default", "a", [False, True])])
    assert {row[0]: row[3] for row in body(table)} == {"wide": NONE, "default": "0.0 [0, 79]"}
    assert UNDECIDED in table
    assert UNDECIDED not in summary_table(SOME)
    assert body(success_table([wide])) == [["wide", NONE, "100.0 [21, 100]"]]
    assert body(cost_table([wide])) == [["wide", NONE, "2.00"]]


def test_presets_judged_in_different_ways_have_no_test_and_the_notes_say_so() -> None:
    table = summary_table(SOME, terms=Terms(ways={"one-shot": "score", "default": "checklist"}, notes=["a note"]))
    assert [row[5] for row in body(table)] == [NONE, NONE]
    assert "McNemar" not in table
    assert table.endswith("a note")


def test_a_preset_that_nobody_judged_has_dashes_and_is_in_no_test() -> None:
    unjudged = outcome("bare", "a", [True], truth=False, shots=[shot(0, None)])
    table = summary_table([unjudged, outcome("default", "a", [True], truth=False)], terms=Terms(frozenset({"bare"})))
    assert ["bare", "1", "0", *[NONE] * 6] in body(table)
    assert [row[4] for row in body(table)] == [NONE, NONE]
    assert "counted as no success" not in table


def test_pictures_that_nobody_judged_are_told_where_the_judge_decides() -> None:
    unjudged = outcome("one-shot", "a", [True], truth=False, shots=[shot(0, None)])
    table = summary_table([unjudged, outcome("default", "a", [True], truth=False)])
    assert "by the judge" in table.splitlines()[0]
    assert "counted as no success: one-shot 1." in table
    assert "no judge passed" not in summary_table([{**unjudged, "truth": {}}])


def test_success_and_costs_by_budget() -> None:
    assert body(success_table(SOME, [2, 1])) == [
        ["one-shot", "20.0 [6, 51]", "20.0 [6, 51]"],
        ["default", "20.0 [6, 51]", "100.0 [72, 100]"],
    ]
    assert body(cost_table(SOME)) == [["one-shot", "5.00", "5.00"], ["default", "5.00", "1.80"]]


def test_what_the_judge_claims_can_be_shown_beside_the_truth() -> None:
    run = outcome("default", "a", [True])
    run["truth"] = {"picture0": False}
    assert body(success_table([run])) == [["default", "0.0 [0, 79]"]]
    claimed = success_table([run], judged=True)
    assert body(claimed) == [["default", "100.0 [21, 100]"]]
    assert "by each preset's own judge" in claimed


def test_categories_have_their_briefs_counted_and_a_dash_where_a_preset_has_none() -> None:
    table = category_table([*SOME, outcome("default", "other", [True], category="colours")], 2)
    assert body(table) == [["one-shot", "20.0", NONE], ["default", "100.0", "100.0"], ["(briefs)", "10", "1"]]
    assert "at 2 pictures**" in table


def test_the_judge_against_the_truth() -> None:
    table = confusion_table({"default": Confusion(8, 2, 1, 3, 4), "bare": Confusion(0, 0, 0, 0, 9)})
    assert body(table) == [
        ["default", "8", "2", "1", "3", "4", "78.6", "25.0", "20.0"],
        ["bare", "0", "0", "0", "0", "9", NONE, NONE, NONE],
    ]


def test_the_noise_of_the_judge() -> None:
    assert "changed 1 of 8 answers (12.5%)" in noise_line(Noise(8, 1))
    assert noise_line(Noise(0, 0)) == "The judge was never asked the same twice."


SCORES = [score("default", f"brief-{at}", "0.0", 0.5) for at in range(10)] + [
    score("default", f"brief-{at}", "1.0", 0.5 if at else 0.75) for at in range(8)
]


def test_tables_of_a_scorer() -> None:
    some = [run for run in SOME if run["preset"] == "default"]
    table = standing_table(some, SCORES, "clipscore")
    assert ["default", "last", "10.0", "1", "9", "0", "0"] in body(table)
    assert ["default", "stopped", NONE, "0", "0", "0", "10"] in body(table)
    assert body(rounds_table(some, SCORES, "clipscore")) == [["default", "0.500 (10)", "0.531 (8)"]]
    assert body(best_table(some, SCORES, "clipscore")) == [["default", "9", "1"]]


def test_runs_that_never_stopped_have_a_column_of_their_own() -> None:
    stopped = outcome("socratic", "a", [False], stop_round=2)
    table = stop_table([stopped, outcome("socratic", "b", [False]), outcome("default", "a", [True], stop_round=0)])
    assert "| preset   |   0 |   2 | none |" in table
    assert body(table) == [["socratic", "0", "1", "1"], ["default", "1", "0", "0"]]


def test_a_table_keeps_its_form_whatever_is_in_its_cells() -> None:
    lines = grid("title", ["a", "bcd"], [["a|b\nc", "1"]], ["a note"]).splitlines()
    assert lines == [
        "**title**", "", "| a      | bcd |", "| ------ | --: |", "| a\\|b c |   1 |", "", "a note"
    ]  # fmt: skip


def test_numbers() -> None:
    assert [number(1234.567), number(1234.567, 0), number(None), number(float("inf"))] == [
        "1,234.57",
        "1,235",
        NONE,
        NONE,
    ]
    assert [share(0.125), share(None)] == ["12.5", NONE]
    assert percent(Rate(0.5, 0.4, 0.6, 10)) == "50.0 [40, 60]"
    assert [probability(p) for p in (1.0, 0.0312, 1.234e-9, None)] == ["1", "0.031", "1.2e-09", NONE]
