"""Forks under other methods, and of runs under them: nothing that another judge or brief said counts any more."""

from __future__ import annotations

from typing import Any

import pytest

from overpaint.branching import afork
from overpaint.given import OFFLINE
from overpaint.result import Run
from overpaint.run import arefine

pytestmark = pytest.mark.slow

BRIEF = "two red circles above a blue square and a green star to the left of a yellow diamond"


async def parent(preset: str, brief: str = BRIEF, **settings: Any) -> Run:
    return await arefine(brief, preset=preset, settings={**OFFLINE, "seed": 42, **settings})


async def test_another_brief_without_a_judge_is_painted() -> None:
    one = await parent("synthetic-prompts", "a red circle above a blue square", variations=2)
    two = await afork(one.run, brief="a green star")
    assert two.receipt["images"] == 2
    assert two.champion is not None
    assert "star" in two.champion["prompt"]
    assert two.champion["run"] == two.run


async def test_prompts_of_another_brief_are_not_painted() -> None:
    one = await parent("synthetic-prompts", "a red circle above a blue square", variations=2)
    judged = {"upsample_method": "rewrite", "judge_method": "checklist", "max_images": 2, "patience": 1}
    two = await afork(one.run, brief="a green star", settings=judged)
    painted = [c["prompt"] for c in two.candidates if c["run"] == two.run and c["action"] != "rejudge"]
    assert painted
    assert not any("circle" in prompt for prompt in painted)


async def test_under_another_judge_the_champion_is_judged_anew_by_a_checklist_of_its_own() -> None:
    one = await parent("dspy-strict", rounds=1)
    other = {"judge_method": "checklist", "critique_method": "targeted", "chain": "champion", "max_images": 1}
    two = await afork(one.run, settings={**other, "rounds": 5})
    assert len(two.checklist) > len(one.checklist) == 1
    assert two.candidates[1]["action"] == "rejudge"
    verdict = two.candidates[1]["verdict"]
    assert verdict is not None
    assert len(verdict["beliefs"]) == len(two.checklist)


@pytest.mark.long
async def test_a_fork_keeps_the_round_of_a_stop_that_was_before_it() -> None:
    one = await parent("socratic", mode="full", rounds=4, select_best_image=False)
    assert one.stopped_at is not None
    assert one.stopped_at < 3
    whole = await afork(one.run, settings={"rounds": 5})
    assert whole.stopped_at == one.stopped_at
    late = await afork(one.run, start="3.0", settings={"rounds": 4})
    assert late.stopped_at == one.stopped_at
    early = await afork(one.run, brief="a red circle", settings={"rounds": 1})
    assert early.stopped_at in (None, 4)
