from __future__ import annotations

from pathlib import Path

import pytest

from overpaint.evaluation.experiment import Experiment, create_experiment
from overpaint.evaluation.harness import DEAD_AFTER, Keeping
from overpaint.evaluation.nouns import Outcome
from overpaint.tools.faults import ProviderFault
from tests.evaluation.outcomes import failed, outcome, row

ROWS = [f"row-{place:02}" for place in range(DEAD_AFTER + 5)]


@pytest.fixture
def experiment(tmp_path: Path) -> Experiment:
    about = {"dataset": {"rows": ROWS}, "presets": {"default": {}}}
    return create_experiment("first", about, map(row, ROWS), tmp_path)


def refused(place: int) -> Outcome:
    """A run that a provider failed."""
    return {**failed("default", ROWS[place]), "stop_reason": "provider", "error": "answered 401"}


def kept(experiment: Experiment) -> list[str]:
    return [outcome["row"] for outcome in experiment.outcomes()]


def test_a_dead_provider_ends_it_and_leaves_no_trace_of_its_failures(experiment: Experiment) -> None:
    keeping = Keeping(experiment)
    keeping.keep(failed("default", ROWS[-1]))  # by its brief: that says nothing of the provider
    for place in range(DEAD_AFTER - 1):
        keeping.keep(refused(place))
    with pytest.raises(ProviderFault, match="failed 20 runs, one after the other: answered 401"):
        keeping.keep(refused(DEAD_AFTER - 1))
    assert kept(experiment) == [ROWS[-1]]


def test_failures_of_a_provider_that_lives_count(experiment: Experiment) -> None:
    keeping = Keeping(experiment)
    for place in range(DEAD_AFTER - 1):
        keeping.keep(refused(place))
    assert kept(experiment) == []
    keeping.keep(outcome("default", ROWS[DEAD_AFTER - 1], [True]))
    keeping.keep(refused(DEAD_AFTER))
    keeping.end()
    assert kept(experiment) == ROWS[: DEAD_AFTER + 1]


def test_a_provider_that_failed_all_there_was_is_dead_however_few(experiment: Experiment) -> None:
    keeping = Keeping(experiment)
    keeping.keep(refused(0))
    with pytest.raises(ProviderFault, match="failed the run: answered 401"):
        keeping.end()
    assert kept(experiment) == []


def test_the_last_run_may_fail_where_others_did_not(experiment: Experiment) -> None:
    experiment.add_outcome(outcome("default", ROWS[0], [True]))
    keeping = Keeping(experiment)
    keeping.keep(refused(1))
    keeping.end()
    assert kept(experiment) == ROWS[:2]
