"""Harvesting: what finished runs have learned, one line each: the brief, and the prompt that painted its picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typing_extensions import TypedDict

from overpaint.evaluation.experiment import Experiment
from overpaint.evaluation.jobs import jobs_left
from overpaint.evaluation.nouns import BadRow, Outcome, Row
from overpaint.graph.kept import Kept, kept_runs
from overpaint.graph.record import Belief, Record
from overpaint.graph.state import Requirement
from overpaint.phrases import passed_of, score_of
from overpaint.provenance import ancestors
from overpaint.result import Run
from overpaint.run_metadata import settings_hash
from overpaint.runs import restore, worker_on
from overpaint.tools.home import use_home

PARTIAL = ("edit", "rejudge")
"""Actions after which the prompt of a candidate is not what the whole of its picture was painted from."""
UNFINISHED = ("waiting", "interrupted", "running")


class Lesson(TypedDict):
    """What one finished run has to teach. All JSON.

    `prompt` painted the delivered picture as a whole; `edits` repainted places of it afterwards. `verdicts` are the
    judge's of the delivered picture, whose sha256 is `picture`; `score` and `passed` are None when it was not judged.
    Where an experiment knows what a right picture shows, `truth` says it and `right` whether the delivered one does.
    `images` is the number of pictures painted, `models` the model of each role, `prompts` the labels of the prompt
    files, `version` that of overpaint.
    """

    run: str
    brief: str
    category: str
    prompt: str
    edits: int
    checklist: list[Requirement]
    verdicts: list[Belief]
    score: float | None
    passed: bool | None
    truth: dict[str, Any] | None
    right: bool | None
    picture: str
    images: int
    painter: str
    models: dict[str, str]
    prompts: dict[str, str]
    settings_hash: str
    version: str


@dataclass(frozen=True)
class Harvest:
    """What a home has to teach, oldest run first, and the runs that cannot be used, each with the reason."""

    lessons: list[Lesson]
    unusable: list[BadRow]


class Unfit(ValueError):
    """A run cannot be used. The message says why."""


async def harvest_home(home: Path | None = None) -> Harvest:
    """What the runs of a home folder have to teach; of the current one when None.

    Raises:
        BadInput: its database cannot be read.
    """
    with use_home(home):
        return await _harvested(await kept_runs(), {}, {})


async def harvest_experiment(experiment: Experiment) -> Harvest:
    """What the runs of an experiment have to teach, and which of its pictures are truly right.

    Raises:
        BadInput: what is kept of it cannot be read.
    """
    outcomes = {outcome["thread"]: outcome for outcome in experiment.outcomes()}
    ours = outcomes.keys() | {job.thread for job in jobs_left(experiment)}
    with use_home(experiment.home):
        # A database server may hold the runs of others too.
        kept = [one for one in await kept_runs() if one.thread in ours]
        found = await _harvested(kept, outcomes, {row["id"]: row for row in experiment.rows()})
    begun = {one.thread for one in kept}
    never = [_never_begun(outcome) for thread, outcome in outcomes.items() if thread not in begun]
    return Harvest(found.lessons, [*found.unusable, *never])


async def _harvested(kept: Sequence[Kept], outcomes: Mapping[str, Outcome], rows: Mapping[str, Row]) -> Harvest:
    lessons, unusable = [], []
    for one in reversed(kept):
        outcome = outcomes.get(one.thread)
        try:
            lesson = await _lesson(one)
        except Unfit as why:
            unusable.append(BadRow(where=one.values["run"], reason=str(why)))
            continue
        lessons.append(_with_truth(lesson, outcome, rows[outcome["row"]]) if outcome else lesson)
    return Harvest(lessons, unusable)


async def _lesson(kept: Kept) -> Lesson:
    """The lesson of one run.

    Raises:
        Unfit: it has none.
    """
    run = await restore(kept, strict=False)
    champion = await _champion(kept, run)
    painted, edits = _painted_whole(run, champion)
    assert champion["image"] is not None
    return Lesson(
        run=run.run,
        brief=run.brief,
        category="",
        prompt=painted["prompt"],
        edits=edits,
        checklist=run.checklist,
        verdicts=champion["verdict"]["beliefs"] if champion["verdict"] else [],
        score=score_of(champion),
        passed=passed_of(champion),
        truth=None,
        right=None,
        picture=champion["image"]["sha256"],
        images=run.receipt["images"],
        painter=champion["models"].get("painter", run.settings["painter"]),
        models=champion["models"],
        prompts={**kept.values.get("prompts", {}), **champion["prompts"]},
        settings_hash=settings_hash(run.settings),
        version=champion.get("versions", {}).get("overpaint", ""),
    )


async def _champion(kept: Kept, run: Run) -> Record:
    """The record that a finished run delivered."""
    if run.status in UNFINISHED:
        at_work = run.status == "interrupted" and await worker_on(kept) is not None
        raise Unfit("another process works on it" if at_work else f"not finished: overpaint resume {run.run}")
    if run.status == "failed":
        raise Unfit(f"failed: {run.why}")
    if run.champion is not None:
        return run.champion
    if kept.values.get("champion"):
        raise Unfit("the record of its champion is lost: see overpaint verify")
    raise Unfit("it has no champion")


def _painted_whole(run: Run, champion: Record) -> tuple[Record, int]:
    """The candidate that the whole picture was painted as, and how many edits made the champion of it."""
    line = [*ancestors(run, champion), champion]
    edits = 0
    for record in reversed(line):
        if record["action"] == "given":
            raise Unfit("its picture was given, and no prompt painted it")
        if record["action"] not in PARTIAL:
            return record, edits
        edits += record["action"] == "edit"
    raise Unfit("the record of the picture that its champion was edited from is lost: see overpaint verify")


def _with_truth(lesson: Lesson, outcome: Outcome, row: Row) -> Lesson:
    right = None if outcome["truth"] is None else outcome["truth"].get(lesson["picture"], False)
    return {**lesson, "category": row["category"], "truth": row["truth"], "right": right}


def _never_begun(outcome: Outcome) -> BadRow:
    where = f"{outcome['preset']}, {outcome['row']}"
    return BadRow(where=where, reason=f"failed: {outcome['error'] or 'nothing is kept of its run'}")
