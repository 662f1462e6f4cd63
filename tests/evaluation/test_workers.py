from __future__ import annotations

import os
from contextlib import aclosing
from multiprocessing import active_children
from pathlib import Path
from typing import Any

import pytest
from langgraph.runtime import RunControl

from overpaint.evaluation.jobs import Job
from overpaint.evaluation.nouns import Outcome
from overpaint.evaluation.workers import MOST_DEATHS, Crew
from overpaint.graph.settings import load_preset, merge
from overpaint.tools.faults import BadInput
from overpaint.tools.home import open_home
from tests.evaluation.outcomes import row

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

SETTINGS = merge(load_preset("default"), {"seed": 3, "max_images": 1}).kept


class Deadly:
    """A brief that ends whatever process reads it."""

    def __reduce__(self) -> Any:
        return os._exit, (7,)


def job(name: str, brief: Any = "a red circle above a blue square") -> Job:
    return Job("default", row(name, brief), SETTINGS, f"thread-{name}")


async def done(jobs: list[Job], home: Path, processes: int = 1, side_by_side: int = 1) -> list[Outcome]:
    open_home()
    async with aclosing(Crew(jobs, home, processes, side_by_side).outcomes(RunControl())) as outcomes:
        return [outcome async for outcome in outcomes]


@pytest.mark.long
async def test_a_worker_that_dies_is_replaced_and_its_job_done_once(home: Path) -> None:
    open_home()
    names, outcomes, killed = ["a", "b", "c", "d"], [], 0
    async with aclosing(Crew([job(name) for name in names], home, 2, 1).outcomes(RunControl())) as source:
        async for outcome in source:
            outcomes.append(outcome)
            if not killed:
                active_children()[0].kill()
                killed += 1
    assert sorted(outcome["row"] for outcome in outcomes) == names
    assert {outcome["status"] for outcome in outcomes} <= {"passed", "stopped"}
    assert not active_children()


@pytest.mark.long
async def test_a_job_that_kills_every_worker_has_failed_and_the_others_are_done(home: Path) -> None:
    outcomes = await done([job("deadly", Deadly()), job("frog", "a frog"), job("bird", "a bird")], home)
    told = {outcome["row"]: outcome for outcome in outcomes}
    assert len(outcomes) == 3
    assert told["deadly"]["error"] == f"{MOST_DEATHS} processes died of it, the last with exit code 7"
    assert "'frog'" in (told["frog"]["error"] or "")
    assert {outcome["status"] for outcome in outcomes} == {"failed"}


@pytest.mark.long
async def test_workers_that_die_whatever_they_do_end_it(home: Path) -> None:
    with pytest.raises(BadInput, match=r"die one after the other \(exit code 7\)"):
        await done([job(str(place), Deadly()) for place in range(MOST_DEATHS + 1)], home)
    assert not active_children()


@pytest.mark.long
async def test_several_jobs_side_by_side_in_one_process(home: Path) -> None:
    outcomes = await done([job(name, f"a {name}") for name in ("frog", "bird", "fish")], home, side_by_side=3)
    assert sorted(outcome["row"] for outcome in outcomes) == ["bird", "fish", "frog"]
