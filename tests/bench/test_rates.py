from __future__ import annotations

import math
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plot import plot, spaced
from rates import Rate, bootstrap, grid, per_success, success, summary, tables
from runs import End, Outcome


def outcome(brief: str, preset: str, right: bool, images: int, category: str = "multi", objects: int = 4) -> Outcome:
    ends = {"1": End(right=False, judged=True, images=1), "8": End(right=right, judged=right, images=images)}
    return Outcome(
        key="", brief=brief, category=category, objects=objects, preset=preset, ends=ends,
        seconds=0.0, painting=0.0, computed=0,
    )  # fmt: skip


SOME = [
    outcome("a-1", "default", True, 4, "colors", 1),
    outcome("b-2", "default", False, 8),
    outcome("a-1", "one-shot", False, 1, "colors", 1),
    outcome("b-2", "one-shot", False, 1),
]


def test_the_interval_is_that_of_the_binomial() -> None:
    rate = bootstrap([1.0] * 60 + [0.0] * 40)
    assert rate.mean == 0.6
    spread = 1.96 * math.sqrt(0.6 * 0.4 / 100)
    assert rate.low == pytest.approx(0.6 - spread, abs=0.011)
    assert rate.high == pytest.approx(0.6 + spread, abs=0.011)


def test_the_interval_is_the_same_each_time() -> None:
    values = [0.0, 1.0, 1.0, 0.0, 1.0]
    assert bootstrap(values) == bootstrap(values)
    assert bootstrap(values, seed=1) == bootstrap(values, seed=1)


@settings(max_examples=30)
@given(st.lists(st.sampled_from((0.0, 1.0)), min_size=1, max_size=40))
def test_the_mean_lies_within_its_interval(values: list[float]) -> None:
    rate = bootstrap(values, 400)
    assert 0 <= rate.low <= rate.mean + 1e-9
    assert rate.mean - 1e-9 <= rate.high <= 1


def test_no_values_have_no_mean() -> None:
    with pytest.raises(ValueError, match="no values"):
        bootstrap([])


def test_rates_of_outcomes() -> None:
    assert success(SOME, "default", 8).mean == 0.5
    assert success(SOME, "default", 1).mean == 0
    assert success(SOME, "default", 1, judged=True).mean == 1
    assert per_success(SOME, "default", 8) == 12
    assert per_success(SOME, "one-shot", 8) == math.inf
    assert summary(SOME) == {"default": {"1": 0.0, "8": 0.5}, "one-shot": {"1": 0.0, "8": 0.0}}


def test_the_tables_tell_success_by_budget_category_and_number() -> None:
    text = tables(SOME, 0.0)
    assert "| default  | 0.0 [0, 0] | 50.0 [0, 100] |" in text
    assert "| preset   | colors | multi |" in text
    assert "| default  | 100 | 0 |" in text
    assert "12.00" in text
    assert "judge" not in text


def test_a_noisy_judge_is_quoted_beside_the_truth() -> None:
    assert "10% are flipped" in tables(SOME, 0.1)
    assert "| default  | 100.0 [100, 100] |" in tables(SOME, 0.1)


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    lines = grid("title", ["a", "bcd"], [["longer", "1"]]).splitlines()
    assert lines == ["**title**", "", "| a      | bcd |", "| ------ | --: |", "| longer |   1 |"]


@given(st.lists(st.floats(0, 400), min_size=1, max_size=8))
def test_labels_keep_their_order_and_their_distance(wanted: list[float]) -> None:
    heights = spaced(wanted, 16)
    ranked = [heights[at] for at in sorted(range(len(wanted)), key=lambda at: wanted[at])]
    assert all(b - a > 16 - 1e-6 for a, b in pairwise(ranked))


def test_labels_that_are_far_apart_stay_where_they_are() -> None:
    assert spaced([100.0, 20.0, 300.0], 16) == [100.0, 20.0, 300.0]


def test_the_plot_is_an_svg_with_a_line_a_band_and_a_label_for_each_preset() -> None:
    lines = {name: {b: Rate(0.1 * b, 0.05 * b, 0.12 * b) for b in (1, 2, 8)} for name in ("one", "two & more")}
    root = ElementTree.fromstring(plot(lines, "Rates"))
    tags = [element.tag.rpartition("}")[2] for element in root.iter()]
    assert (tags.count("polyline"), tags.count("polygon")) == (2, 2)
    assert {"one", "two & more", "1", "2", "8", "100%"} <= {element.text for element in root.iter()}
    places = [float(e.get("cx", "")) for e in root.iter() if e.tag.endswith("circle")][:3]
    assert (places[2] - places[0]) / (places[1] - places[0]) == pytest.approx(3, abs=0.01)
