"""Runs killed at 60 random moments and taken up each time: nothing is lost, and nothing is paid for twice."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any

import pytest

from overpaint.result import Run
from tests.accounts import account, essence
from tests.killing import HERE, KINDS, Trial, served, told, warm_driver

pytestmark = [HERE, pytest.mark.slow, pytest.mark.timeout(300)]

KILLS = 10
"""In each of six series."""

DELAYS = {"keyed": 0.02, "plain": 0.1, "fal": 0.02}
"""Seconds a picture takes; where a request can become unknown, long enough for that to happen."""

SERIES = [
    pytest.param(kind, width, marks=[pytest.mark.long] * (width == 3 or kind == "fal"))
    for kind in KINDS
    for width in (1, 3)
]


@pytest.mark.parametrize(("kind", "width"), SERIES)
def test_killed_at_random_moments(kind: str, width: int, tmp_path: Path) -> None:
    began, settings = time.monotonic(), {**KINDS[kind], "per_round": width}
    trials: list[Trial] = []
    runs: list[Run] = []
    whole, length = unkilled(kind, settings, tmp_path / "whole")
    chance = random.Random(f"{kind}{width}")
    while (left := KILLS - sum(trial.kills for trial in trials)) > 0:
        with served(kind, delay=DELAYS[kind]) as server:
            trials.append(Trial(server, settings, tmp_path / f"home{len(trials)}"))
            while trials[-1].kills < left and trials[-1].killed_after(chance.uniform(0, length / 2)):
                pass
            trials[-1].ends()
            runs.append(account(trials[-1].home, server))
    for run in runs:
        assert run.receipt["unknown"] or essence(run) == whole
        assert kind != "keyed" or not run.receipt["unknown"]
    told(f"{kind} x{width}", began, trials, *runs)


@pytest.mark.parametrize(("kind", "width"), [("keyed", 1), ("fal", 3)])
def test_killed_on_postgresql(
    kind: str, width: int, postgres_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, settings = time.monotonic(), {**KINDS[kind], "per_round": width}
    whole, length = unkilled(kind, settings, tmp_path / "whole")
    monkeypatch.setenv("OVERPAINT_DATABASE", postgres_database)
    chance = random.Random(f"{kind}{width}")
    with served(kind, delay=DELAYS[kind]) as server:
        trial = Trial(server, settings, tmp_path / "home")
        for _ in range(KILLS // 2):
            # So soon that the run has not ended after all of them.
            assert trial.killed_after(chance.uniform(0, length / 5))
        trial.ends()
        run = account(trial.home, server)
    assert run.receipt["unknown"] or essence(run) == whole
    assert kind != "keyed" or not run.receipt["unknown"]
    told(f"{kind} x{width} on PostgreSQL", began, [trial], run)


def unkilled(kind: str, settings: dict[str, Any], home: Path) -> tuple[dict[str, Any], float]:
    """What a run comes to that nobody kills, and how many seconds it takes."""
    warm_driver()
    with served(kind, delay=DELAYS[kind]) as server:
        began = time.monotonic()
        Trial(server, settings, home).ends()
        length = time.monotonic() - began
        run = account(home, server)
    assert run.receipt["unknown"] == 0
    return essence(run), length
