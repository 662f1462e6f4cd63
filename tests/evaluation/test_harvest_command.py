"""`overpaint harvest` as a user meets it."""

from __future__ import annotations

import argparse
import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from overpaint.evaluation.harvest_command import add_harvest, harvest
from overpaint.graph.persistence import open_checkpointer
from overpaint.tools.faults import BadInput
from overpaint.tools.home import use_home
from tests.evaluation.experiments import make_experiment
from tests.face.homes import Written


def told(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    add_harvest(parser)
    return harvest(parser.parse_args(arguments))


def make_home(folder: Path, *runs: str) -> None:
    async def make() -> None:
        async with open_checkpointer() as saver:
            for run in runs:
                made = Written(saver, folder, run)
                await made.start()
                await made.paint("0.0", None, 1)
                if run != "open":
                    await made.end()

    with use_home(folder):
        asyncio.run(make())


def test_runs_of_a_home_become_lines_and_the_others_are_listed(
    tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_home(home, "one", "open")
    assert told() == 0
    file = home / "harvest.jsonl"
    assert capsys.readouterr().out.splitlines() == [
        "1 run cannot be used:",
        "  open: not finished: overpaint resume open",
        f"harvested 1 run of 1 brief: {file}",
    ]
    assert told("--from", str(home), "--to", str(tmp_path / "other.jsonl"), "--json") == 0
    said: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert said["unusable"] == [{"where": "open", "reason": "not finished: overpaint resume open"}]
    assert (tmp_path / "other.jsonl").read_bytes() == file.read_bytes()
    with pytest.raises(BadInput, match="1 did not pass; leave --passed out"):
        told("--passed", "--to", str(tmp_path / "third.jsonl"))
    assert "1 run did not pass, left out by --passed" in capsys.readouterr().out
    assert not (tmp_path / "third.jsonl").exists()


def test_without_a_usable_run_nothing_is_written(tmp_path: Path, home: Path) -> None:
    with pytest.raises(BadInput, match="can be used: there is none; start one with overpaint refine"):
        told()
    with pytest.raises(BadInput, match="there is no experiment 'nothing'"):
        told("--from", "nothing")
    experiment = make_experiment(tmp_path / "made", rows=3)
    with pytest.raises(BadInput, match="the first, one-shot, row-000: failed: nothing is kept of its run"):
        told("--from", str(experiment.folder))
    assert not (experiment.folder / "harvest.jsonl").exists()
    assert not home.exists()
