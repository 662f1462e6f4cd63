"""What a run had after so many pictures is what a run of so many pictures delivers."""

from __future__ import annotations

import asyncio
from pathlib import Path

import easel
import pytest
from one_run import History, Stage, budgeted, histories, run_once, run_seed

from overpaint.evaluation.scenes.briefs import load_briefs
from overpaint.graph.settings import load_preset, merge
from overpaint.tools.home import use_home

FIRST, SECOND, THIRD = Stage(2, "a", False), Stage(4, "b", False), Stage(5, "c", True)


@pytest.mark.slow
def test_a_history_tells_of_a_budget_where_a_round_ended_there() -> None:
    run = History((Stage(0, None, False), FIRST, SECOND, THIRD), capped=True)
    assert [run.at(budget) for budget in (1, 2, 3, 4, 5, 8)] == [None, FIRST, None, SECOND, THIRD, None]


def test_a_run_that_ended_by_itself_tells_of_all_larger_budgets() -> None:
    run = History((Stage(0, None, False), FIRST, SECOND), capped=False)
    assert [run.at(budget) for budget in (1, 3, 4, 5, 16)] == [None, None, SECOND, SECOND, SECOND]


def test_a_preset_keeps_a_tighter_cap_of_its_own() -> None:
    assert budgeted(load_preset("one-shot"), 8)["max_images"] == 1
    assert budgeted(load_preset("default"), 8)["max_images"] == 8


@pytest.mark.slow
def test_seeds_differ_by_brief() -> None:
    seeds = {run_seed(brief.id) for brief in load_briefs("test")}
    assert len(seeds) == 345
    assert all(0 <= seed < 2**32 for seed in seeds)


@pytest.mark.slow
@pytest.mark.parametrize("preset", ["best-of-n", "default"])
@pytest.mark.long
def test_prefixes_are_the_runs_they_stand_for(preset: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("overpaint.tools.painters.BUILT_IN", {easel.SCHEME: "easel:open_painter"})
    settings, budgets = load_preset(preset), (1, 2, 3, 4, 6)
    hard = [brief for brief in load_briefs("tuning") if brief.objects == 7][:2]

    async def both(brief: str, seed: int) -> tuple[list[Stage], list[Stage]]:
        more = {"seed": seed, "painter": easel.named(None)}
        told = await histories(brief, settings, budgets, more)
        real = [await run_once(brief, merge(budgeted(settings, budget), more)) for budget in budgets]
        return told, [run.stages[-1] for run in real]

    for brief in hard:
        with use_home(home):
            told, real = asyncio.run(both(brief.text, run_seed(brief.id)))
        assert told == real
        assert told[-1].champion is not None
    easel.forget()
