"""What is read of a run that an earlier process has ended."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from langgraph.runtime import RunControl

from overpaint.evaluation.jobs import Job
from overpaint.evaluation.nouns import Row
from overpaint.evaluation.one_brief import run_brief
from overpaint.evaluation.scenes.dataset import scenes_dataset
from overpaint.graph.settings import load_preset, merge
from overpaint.tools.home import open_home

SETTINGS: dict[str, Any] = merge(load_preset("one-shot"), {"seed": 3}).kept


@pytest.fixture
def scene(home: Path) -> Row:
    open_home()
    return scenes_dataset().rows[0]


@pytest.mark.slow
@pytest.mark.long
async def test_its_seconds_are_at_least_those_of_its_models(scene: Row) -> None:
    job = Job("one-shot", scene, SETTINGS, "thread")
    await run_brief(job, RunControl())
    again = await run_brief(job, RunControl())
    assert again["receipt"]["images"] == 1
    assert again["seconds"] >= again["receipt"]["seconds"] > 0


@pytest.mark.slow
async def test_a_lost_picture_is_the_failure_of_its_run_alone(scene: Row, home: Path) -> None:
    job = Job("one-shot", scene, SETTINGS, "thread")
    painted = await run_brief(job, RunControl())
    for file in (home / "images").rglob("*.png"):
        file.unlink()
    lost = await run_brief(job, RunControl())
    assert lost["status"] == "failed"
    assert lost["stop_reason"] is None
    assert f"lost or damaged, which OVERPAINT_HOME={home} overpaint verify names" in (lost["error"] or "")
    assert (lost["run"], lost["receipt"]) == (painted["run"], painted["receipt"])
