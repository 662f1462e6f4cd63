from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overpaint.evaluation.statistics import (
    Cost,
    against_best,
    basis,
    budgets_of,
    by_preset,
    curves,
    finite,
    mcnemar,
    paired,
    per_success,
    ranked,
    spent,
    succeeded,
    success,
    undecided,
)
from tests.evaluation.outcomes import failed, outcome, shot

HELD = st.lists(st.booleans(), max_size=9)


def test_a_budget_counts_what_the_run_held_by_then() -> None:
    run = outcome("default", "a", [False, False, True, True])
    assert [succeeded(run, k) for k in range(6)] == [False, False, False, True, True, True]
    assert spent(run, 3) == Cost(3, 6, 300, 3.0)
    assert spent(run, 4) == spent(run) == Cost(4, 8, 400, 40.0)


def test_before_the_first_decision_nothing_is_held_and_nothing_counted() -> None:
    run = outcome("wide", "a", [False, True])
    run["stages"] = run["stages"][1:]
    run["receipt"]["images"] = 3
    assert not succeeded(run, 1)
    assert spent(run, 1) == Cost(0, 0, 0, 0.0)


def test_of_two_decisions_at_the_same_number_of_pictures_the_later_one_counts() -> None:
    run = outcome("default", "a", [False, True, True])
    run["stages"][0]["images"] = 2
    assert succeeded(run, 2)


def test_a_whole_run_counts_by_what_it_delivered_and_not_by_its_champion() -> None:
    run = outcome("socratic", "a", [True, False], chosen="0.0")
    assert succeeded(run)
    assert succeeded(run, 2)
    assert not succeeded({**run, "chosen": "1.0"})
    assert not succeeded({**run, "chosen": None})


def test_the_truth_goes_before_the_judge_and_a_picture_it_does_not_name_is_not_right() -> None:
    run = outcome("default", "a", [True, True])
    run["truth"] = {"picture0": False}
    assert [succeeded(run, 1), succeeded(run, 2)] == [False, False]
    assert [succeeded(run, 1, judged=True), succeeded(run, 2, judged=True)] == [True, True]


def test_without_a_truth_the_judge_decides_and_an_unjudged_picture_has_not_passed() -> None:
    run = outcome("one-shot", "a", [True], truth=False)
    assert succeeded(run)
    assert not succeeded({**run, "shots": [shot(0, None)]})


def test_a_failed_run_is_no_success_whatever_it_held_and_its_cost_counts() -> None:
    runs = [failed("default", "a", [True, True]), outcome("default", "b", [True])]
    assert not succeeded(runs[0], 1)
    assert success(runs).mean == 0.5
    assert per_success(runs) == Cost(3.0, 6.0, 300.0, 30.0)


def test_no_success_costs_without_end() -> None:
    cost = per_success([outcome("default", "a", [False])])
    assert cost == Cost(math.inf, math.inf, math.inf, math.inf)
    assert finite(cost.images) is None
    assert finite(2.0) == 2.0


def test_the_basis_is_told() -> None:
    known, judged = outcome("default", "a", [True]), outcome("default", "b", [True], truth=False)
    assert basis([known]) == "by ground truth"
    assert basis([judged]) == basis([]) == "by the judge"
    assert basis([known, judged]) == "by ground truth where it is known, else by the judge"
    assert basis([known, {**failed("default", "c"), "truth": None}]) == "by ground truth"


@pytest.mark.parametrize(
    ("most", "budgets"), [(0, []), (1, [1]), (2, [1, 2]), (5, [1, 2, 4, 5]), (8, [1, 2, 4, 8]), (9, [1, 2, 4, 8, 9])]
)
def test_budgets_double_up_to_the_most_painted(most: int, budgets: list[int]) -> None:
    assert budgets_of([outcome("default", "a", [False] * most)]) == budgets


@given(st.lists(HELD, min_size=1, max_size=8))
def test_where_no_run_gives_up_what_it_held_success_grows_with_the_budget(held: list[list[bool]]) -> None:
    runs = [outcome("default", str(at), sorted(some)) for at, some in enumerate(held)]
    for smaller, larger in pairwise(range(11)):
        assert sum(succeeded(run, smaller) for run in runs) <= sum(succeeded(run, larger) for run in runs)


@given(HELD)
def test_spending_grows_with_the_budget_up_to_the_whole_run(held: list[bool]) -> None:
    run = outcome("default", "a", held)
    costs = [spent(run, k).images for k in range(11)]
    assert costs == sorted(costs)
    assert all(cost <= k for k, cost in enumerate(costs))
    assert costs[-1] == spent(run).images


def test_mcnemar_by_hand() -> None:
    assert mcnemar(0, 0) == 1.0
    assert mcnemar(5, 0) == pytest.approx(2 / 2**5)
    assert mcnemar(1, 9) == pytest.approx(2 * (1 + 10) / 2**10)


@given(st.integers(0, 200), st.integers(0, 200))
def test_mcnemar_takes_no_side(n10: int, n01: int) -> None:
    p = mcnemar(n10, n01)
    assert 0 < p <= 1
    assert p == mcnemar(n01, n10)


def test_presets_are_paired_on_the_rows_that_both_have() -> None:
    first = [outcome("default", name, [True]) for name in "abcd"] + [outcome("default", "only", [True])]
    second = [outcome("one-shot", "a", [True]), *(outcome("one-shot", name, [False]) for name in "bc")]
    found = paired(first, [*second, failed("one-shot", "d", [True]), outcome("one-shot", "other", [True])])
    assert (found.first, found.second, found.shared) == ("default", "one-shot", 4)
    assert (found.n10, found.n01, found.p) == pytest.approx((3, 0, 0.25))
    with pytest.raises(ValueError, match="no outcomes"):
        paired(first, [])


def test_presets_without_a_shared_row_cannot_be_told_apart() -> None:
    found = paired([outcome("default", "a", [True])], [outcome("one-shot", "b", [False])])
    assert (found.shared, found.p) == (0, 1.0)


MIXED = [
    outcome("one-shot", "a", [False]), outcome("one-shot", "b", [True]),
    outcome("default", "a", [False, True]), outcome("default", "b", [True]),
    outcome("best-of-n", "a", [False, True]), outcome("best-of-n", "b", [True, True]),
]  # fmt: skip


def test_presets_rank_by_success_then_by_pictures_per_success() -> None:
    assert list(by_preset(MIXED)) == ["one-shot", "default", "best-of-n"]
    assert ranked(MIXED) == ["default", "best-of-n", "one-shot"]
    assert ranked([]) == []


def test_each_preset_is_tested_against_the_best_other_one() -> None:
    rivals = {preset: test.second for preset, test in against_best(MIXED).items() if test}
    assert rivals == {"default": "best-of-n", "best-of-n": "default", "one-shot": "default"}
    assert against_best(MIXED[:2]) == {"one-shot": None}


def test_a_preset_is_undecided_where_most_runs_have_painted_and_hold_nothing() -> None:
    wide = [outcome("wide", row, [False, False, True]) for row in "abc"]
    for run in wide:
        run["stages"] = run["stages"][1:]
    assert [undecided(wide, k) for k in (1, 2, 3)] == [True, False, False]
    assert not undecided([*wide, *(outcome("wide", row, [True]) for row in "def")], 1)
    assert not undecided([{**run, "status": "failed"} for run in wide], 1)
    for run in wide:
        run["stages"].insert(0, {**run["stages"][0], "images": 0})
    assert undecided(wide, 1)
    assert list(curves(wide, [1, 2, 3])["wide"]) == [2, 3]


def test_curves_by_preset_and_budget() -> None:
    found = curves(MIXED)
    assert {k: r.mean for k, r in found["default"].items()} == {1: 0.5, 2: 1.0}
    assert {k: r.mean for k, r in found["one-shot"].items()} == {1: 0.5, 2: 0.5}
    assert list(curves(MIXED, [4])["default"]) == [4]
    assert curves([]) == {}
