"""What a home's runs have to teach: real checkpoints and records, of runs that ended well, ill or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from overpaint.evaluation.harvest import Harvest, harvest_experiment, harvest_home
from overpaint.graph.persistence import open_checkpointer
from overpaint.tools.home import use_home
from overpaint.tools.records import RecordStore
from tests.evaluation.experiments import make_experiment
from tests.evaluation.outcomes import failed, outcome
from tests.face.homes import BRIEF, CHECKLIST, Written

YES: Any = {"requirement": "r1", "text": "a red circle", "answer": "yes", "said": "", "evidence": "", "box": None}
PASSED: Any = {"beliefs": [{**YES, "looks": ["yes"]}], "score": 1.0, "passed": True, "quality": None, "flaws": []}


@pytest.fixture
async def saver(home: Path) -> AsyncIterator[Any]:
    async with open_checkpointer() as saver:
        yield saver


async def change(made: Written, id_: str, **values: Any) -> None:
    """Write a candidate's record anew, with other values, and crown it."""
    store = RecordStore(made.home / "records")
    sha256 = await store.write({**await store.read(made.records[id_]), **values})
    score = (values.get("verdict") or {"score": None})["score"]
    candidate: Any = {**made.candidates[id_], "record": sha256, "score": score, "beliefs": "y" if score == 1 else "n"}
    made.records[id_], made.candidates[id_] = sha256, candidate
    await made.update({"candidates": {id_: candidate}, "champion": candidate}, "candidate")


def reasons(found: Harvest) -> dict[str, str]:
    return {bad["where"]: bad["reason"] for bad in found.unusable}


async def test_a_run_that_passed_teaches_the_prompt_that_painted_the_whole_picture(saver: Any, home: Path) -> None:
    made = Written(saver, home, "ran")
    await made.start(prompts={"upsample": "v1 abc"})
    for round_ in range(3):
        await made.paint(f"{round_}.0", f"{round_ - 1}.0" if round_ else None, round_ + 1)
        if round_:
            verdict = {**PASSED, "fault": None}
            await change(made, f"{round_}.0", action="edit", prompt="only a corner", verdict=verdict)
    await made.end()
    (lesson,) = (found := await harvest_home()).lessons
    assert found.unusable == []
    assert (lesson["run"], lesson["brief"], lesson["prompt"], lesson["edits"]) == ("ran", BRIEF, "prompt of 0.0", 2)
    assert (lesson["score"], lesson["passed"], lesson["truth"], lesson["right"]) == (1.0, True, None, None)
    assert lesson["checklist"] == CHECKLIST
    assert lesson["verdicts"] == PASSED["beliefs"]
    assert lesson["picture"] == made.images["2.0"]["sha256"]
    assert lesson["prompts"] == {"upsample": "v1 abc"}
    assert lesson["painter"] == "shapes"


@pytest.mark.slow
async def test_every_run_that_cannot_be_used_is_named_with_the_reason(saver: Any, home: Path) -> None:
    runs = {name: Written(saver, home, name) for name in ("fine", "open", "empty", "lost", "given", "cut")}
    for shade, made in enumerate(runs.values(), start=1):
        await made.start()
        if made.run != "empty":
            await made.paint("0.0", None, 10 * shade)
    await change(runs["given"], "0.0", action="given", prompt="")
    await runs["cut"].paint("1.0", "0.0", 99)
    await change(runs["cut"], "1.0", action="edit")
    for name in runs.keys() - {"open"}:
        await runs[name].end()
    for name in ("lost", "cut"):
        sha256 = runs[name].records["0.0"]
        (home / "records" / sha256[:2] / f"{sha256}.json").unlink()
    found = await harvest_home()
    assert [lesson["run"] for lesson in found.lessons] == ["fine"]
    assert reasons(found) == {
        "open": "not finished: overpaint resume open",
        "empty": "it has no champion",
        "lost": "the record of its champion is lost: see overpaint verify",
        "given": "its picture was given, and no prompt painted it",
        "cut": "the record of the picture that its champion was edited from is lost: see overpaint verify",
    }


async def test_a_home_that_is_not_there_teaches_nothing_and_is_not_made(home: Path) -> None:
    assert await harvest_home() == Harvest([], [])
    assert not home.exists()


@pytest.mark.slow
def test_runs_of_an_experiment_bring_their_truth_and_outcomes_without_a_run_are_named(tmp_path: Path) -> None:
    experiment = make_experiment(tmp_path / "made", ("default",), rows=3)
    (experiment.folder / "outcomes.jsonl").unlink()
    with use_home(experiment.home):
        made = asyncio.run(one_of_two(experiment.home))
    right = {made.images["0.0"]["sha256"]: True}
    experiment.add_outcome(outcome("default", "row-000", [True], thread=made.thread) | {"truth": right})
    experiment.add_outcome(failed("default", "row-001"))
    found = asyncio.run(harvest_experiment(experiment))
    (lesson,) = found.lessons
    known = (lesson["run"], lesson["category"], lesson["truth"], lesson["right"])
    assert known == ("ran", "counting", {"objects": 1}, True)
    assert reasons(found) == {"default, row-001": "failed: the painter is gone"}


async def one_of_two(home: Path) -> Written:
    """A run, and beside it one of another experiment, as on a database server."""
    async with open_checkpointer() as saver:
        made, other = (Written(saver, home, name) for name in ("ran", "of another experiment"))
        for run in (made, other):
            await run.start()
            await run.paint("0.0", None, 3)
            await run.end()
    return made
