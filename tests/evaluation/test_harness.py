from __future__ import annotations

import re
from pathlib import Path

import pytest

from overpaint.evaluation import harness
from overpaint.evaluation.experiment import Experiment, create_experiment
from overpaint.evaluation.harness import DEAD_AFTER, Keeping, _alone_on, complete
from overpaint.evaluation.nouns import Outcome
from overpaint.tools.database import open_database
from overpaint.tools.faults import ProviderFault
from overpaint.tools.home import open_home
from overpaint.tools.leases import Held, Leases
from tests.evaluation.outcomes import failed, outcome, row

ROWS = [f"row-{place:02}" for place in range(DEAD_AFTER + 5)]


@pytest.fixture
def experiment(tmp_path: Path) -> Experiment:
    about = {"id": "its own", "dataset": {"rows": ROWS}, "presets": {"default": {"painter": "shapes"}}}
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
    with pytest.raises(ProviderFault, match="failed the last 20 runs: answered 401"):
        keeping.keep(refused(DEAD_AFTER - 1))
    assert kept(experiment) == [ROWS[-1]]


def test_failures_of_a_provider_that_lives_count(experiment: Experiment) -> None:
    keeping = Keeping(experiment)
    for place in range(DEAD_AFTER - 1):
        keeping.keep(refused(place))
    assert kept(experiment) == []
    keeping.keep(outcome("default", ROWS[DEAD_AFTER - 1], [True]))
    keeping.end()
    assert kept(experiment) == ROWS[:DEAD_AFTER]


@pytest.mark.parametrize(("many", "said"), [(1, "the last run"), (3, "the last 3 runs")])
def test_the_last_runs_that_a_provider_failed_are_left_to_be_done(experiment: Experiment, many: int, said: str) -> None:
    keeping = Keeping(experiment)
    keeping.keep(outcome("default", ROWS[0], [True]))
    for place in range(1, many + 1):
        keeping.keep(refused(place))
    command = re.escape(f"overpaint eval --resume --name first --out {experiment.folder.parent}")
    with pytest.raises(ProviderFault, match=f"failed {said}: answered 401 .* {command}"):
        keeping.end()
    assert kept(experiment) == ROWS[:1]


async def test_a_second_evaluation_of_an_experiment_is_told_who_works_on_it(experiment: Experiment, home: Path) -> None:
    open_home()
    async with Leases(open_database()).held(f"experiment {experiment.about['id']}", lambda: None):
        with pytest.raises(Held, match=r"^process \d+ on .* is working on this experiment: "):
            async with _alone_on(experiment):
                pass


def test_an_interruption_after_the_last_run_is_none(experiment: Experiment, monkeypatch: pytest.MonkeyPatch) -> None:
    async def interrupted_after(experiment: Experiment, *_: object) -> bool:
        for name in ROWS:
            experiment.add_outcome(outcome("default", name, [True]))
        raise KeyboardInterrupt

    monkeypatch.setattr(harness, "carry_out", interrupted_after)
    assert complete(experiment, 1)
