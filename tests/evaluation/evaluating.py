"""What the tests of `overpaint eval` share: the command in a process of its own, and what it leaves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from overpaint.evaluation.experiment import Experiment, open_experiment
from overpaint.evaluation.nouns import Outcome
from overpaint.tools.database import database_url, open_database

EVAL = [sys.executable, "-m", "overpaint", "eval"]


def begin(out: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    """Start the command, with experiments kept in `out`."""
    return subprocess.Popen(
        [*EVAL, *arguments, "--out", str(out)],
        env={**os.environ, "LANGSMITH_TRACING": "false", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str], code: int = 0) -> tuple[str, str]:
    """What it said on stdout and stderr, once it has ended as it should."""
    with process:
        told, complained = process.communicate()
    assert process.returncode == code, complained
    return told, complained


def finished_lines(experiment: Path) -> int:
    """How many outcomes are on disk."""
    file = experiment / "outcomes.jsonl"
    return file.read_bytes().count(b"\n") if file.exists() else 0


def found(out: Path, name: str) -> Experiment:
    """The experiment, of which no job may have two outcomes."""
    experiment = open_experiment(name, out)
    keys = [(o["preset"], o["row"]) for o in experiment.outcomes()]
    assert len(set(keys)) == len(keys)
    return experiment


def timeless(outcomes: list[Outcome]) -> Any:
    """Outcomes without what no two processes have in common: times, and ids that are drawn."""
    plain = json.loads(json.dumps(outcomes))
    for outcome in plain:
        for part in [outcome, outcome["receipt"], *outcome["stages"]]:
            del part["seconds"]
        del outcome["run"], outcome["thread"]
    return plain


def requests_by_run(experiment: Experiment) -> dict[str, list[str]]:
    """The states of all requests in the ledger, by run."""
    states: dict[str, list[str]] = {}
    with open_database(database_url(experiment.home)).transaction() as transaction:
        for row in transaction.execute("SELECT run, state FROM overpaint_requests"):
            states.setdefault(row["run"], []).append(row["state"])
    return states
