from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overpaint.evaluation.intervals import interval
from overpaint.evaluation.statistics import rate


def test_the_interval_is_a_bootstrap_where_there_is_enough_on_both_sides() -> None:
    found = rate([1.0] * 60 + [0.0] * 40)
    spread = 1.96 * math.sqrt(0.6 * 0.4 / 100)
    assert (found.mean, found.briefs) == (0.6, 100)
    assert found.low == pytest.approx(0.6 - spread, abs=0.011)
    assert found.high == pytest.approx(0.6 + spread, abs=0.011)
    assert found == rate([1.0] * 60 + [0.0] * 40)


def test_the_interval_is_wilsons_near_none_and_all() -> None:
    """By hand: of n with none, 0 to z²/(n + z²)."""
    z = 1.959964
    none, every = rate([0.0] * 50), rate([1.0] * 50)
    assert (none.low, none.high) == pytest.approx((0.0, z * z / (50 + z * z)), abs=1e-6)
    assert (every.low, every.high) == pytest.approx((50 / (50 + z * z), 1.0), abs=1e-6)
    few = rate([1.0] * 9 + [0.0] * 41)
    centre, half = (0.18 + z * z / 100) / (1 + z * z / 50), 0.18 * 0.82 / 50 + z * z / (4 * 50 * 50)
    assert few.low == pytest.approx(centre - z * math.sqrt(half) / (1 + z * z / 50), abs=1e-6)


def test_a_mean_of_scores_has_a_bootstrap_however_few() -> None:
    found = rate([0.2, 0.4, 0.9])
    assert (found.low, found.high) == pytest.approx((0.2, 0.9))


def test_no_values_have_no_mean() -> None:
    with pytest.raises(ValueError, match="no values"):
        rate([])


@settings(max_examples=25)
@given(st.lists(st.sampled_from((0.0, 1.0)), min_size=1, max_size=50))
def test_the_interval_holds_the_share(values: list[float]) -> None:
    found = rate(values)
    assert -1e-9 <= found.low <= found.mean + 1e-9
    assert found.mean - 1e-9 <= found.high <= 1 + 1e-9


def test_a_share_has_the_interval_that_resampling_its_briefs_gives() -> None:
    values = [1.0] * 23 + [0.0] * 17
    means = np.random.default_rng(7).choice(values, (20_000, 40)).mean(axis=1)
    assert interval(values) == pytest.approx(tuple(np.quantile(means, (0.025, 0.975))), abs=0.026)
