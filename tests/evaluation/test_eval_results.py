"""What `overpaint eval` says at its end, and the exit code that goes with it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from overpaint.evaluation.eval_results import tell
from overpaint.evaluation.experiment import Experiment, create_experiment
from tests.evaluation.experiments import make_experiment
from tests.evaluation.outcomes import failed


def failing(folder: Path) -> Experiment:
    """An experiment of which nothing came."""
    made = make_experiment(folder / "made", rows=2, scorers=())
    again = create_experiment("failing", made.about | {"name": "failing"}, made.rows(), folder)
    for outcome in made.outcomes():
        again.add_outcome(failed(outcome["preset"], outcome["row"]))
    return again


@pytest.mark.slow
def test_where_every_run_failed_that_is_the_headline(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    experiment, headline = failing(tmp_path), "every run failed (6 of 6); the first: the painter is gone"
    assert tell(experiment, as_json=False, langsmith=False) == 3
    assert capsys.readouterr().out.startswith(f"{headline}\n\n")
    assert tell(experiment, as_json=True, langsmith=False) == 3
    told = json.loads(capsys.readouterr().out)
    assert (told["status"], told["error"]) == ("failed", headline)


@pytest.mark.slow
def test_one_run_that_ended_is_a_result(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    experiment = make_experiment(tmp_path / "made", rows=2, scorers=())
    assert tell(experiment, as_json=True, langsmith=False) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["status"] == "done"
    assert "error" not in told
