"""Scores the pictures of an experiment: those that have no score yet, in batches, each kept as soon as it is given."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from overpaint.evaluation.experiment import Experiment
from overpaint.evaluation.nouns import Outcome, Row, Score
from overpaint.evaluation.scorers.scorer import Scope, Scored, Scorer, Value
from overpaint.graph.checklists import numbered
from overpaint.graph.flow import build_graph
from overpaint.graph.kept import read_thread
from overpaint.graph.persistence import open_checkpointer
from overpaint.graph.schemas import RequirementDraft
from overpaint.graph.state import Requirement
from overpaint.tools.home import use_home

Key = tuple[str, str, str]
"""What names a score: preset (empty for a reference), row, candidate."""

Progress = Callable[[int, int], None]
"""Called with how many pictures are done, and of how many."""


@dataclass(frozen=True)
class Scoring:
    """What one scorer was asked now, and what it gave.

    Args:
        given: the scores given now.
        kept: how many pictures had one already.
    """

    given: list[Score]
    kept: int


async def score_experiment(experiment: Experiment, scorer: Scorer, progress: Progress) -> Scoring:
    """Have a scorer score whatever it has given no value yet under these options.

    A picture without a value is tried again; where a scorer looks at several pictures at once, all of them are.

    Raises:
        BadInput: the scorer cannot score this experiment, or the disk refused.
        ProviderFault: a model that it asks failed; what was scored before is kept.
    """
    pictures = await pictures_of(experiment, scorer)
    known = {_key(score): score for score in current(experiment.scores(scorer.name), scorer.options)}
    groups = [list(group) for _, group in groupby(pictures, key=_grouping(scorer.scope))]
    todo = [group for group in groups if any(_is_open(scorer, scored, known) for scored in group)]
    if todo:
        await scorer.check(pictures)
    given: list[Score] = []
    for start in range(0, len(todo), scorer.batch):
        batch = [scored for group in todo[start : start + scorer.batch] for scored in group]
        scores = await _scores(scorer, batch)
        new = [score for score in scores if known.get(_key(score)) != score]
        await asyncio.to_thread(experiment.add_scores, scorer.name, new)
        given += scores
        progress(len(given), sum(map(len, todo)))
    return Scoring(given, len(pictures) - len(given))


def current(scores: Sequence[Score], options: dict[str, Any] | None = None) -> list[Score]:
    """The last score of each picture among those given under the same options.

    Args:
        scores: of one scorer, as they were kept.
        options: those of the last score when None, so that no table mixes models.
    """
    if options is None and scores:
        options = scores[-1]["detail"].get("options")
    return list({_key(score): score for score in scores if score["detail"].get("options") == options}.values())


async def pictures_of(experiment: Experiment, scorer: Scorer) -> list[Scored]:
    """All that a scorer is to score, by row and preset.

    A run that delivered nothing stands among the delivered pictures without a name, so that it is accounted for.

    Raises:
        BadInput: the experiment, or the database of its runs, cannot be read.
    """
    outcomes = await asyncio.to_thread(experiment.outcomes)
    rows = await asyncio.to_thread(experiment.rows)
    checklists = await checklists_of(experiment, rows, outcomes) if "checklist" in scorer.needs else {}
    of_row: dict[str, list[Outcome]] = {row["id"]: [] for row in rows}
    for outcome in outcomes:
        of_row[outcome["row"]].append(outcome)
    found: list[Scored] = []
    for row in rows:
        found += _references(row) if scorer.references else ()
        for outcome in of_row[row["id"]]:
            found += _painted(experiment, scorer, row, outcome, checklists.get(row["id"], ()))
    return found


async def checklists_of(
    experiment: Experiment, rows: Iterable[Row], outcomes: Iterable[Outcome]
) -> dict[str, list[Requirement]]:
    """What to ask about the pictures of each row: its own checklist, else the longest that a run of it was given."""
    found = {
        row["id"]: numbered([RequirementDraft.model_validate(item) for item in row["requirements"]])
        for row in rows
        if row["requirements"]
    }
    missing = [outcome for outcome in outcomes if outcome["row"] not in found and outcome["run"]]
    if not missing:
        return found
    written: dict[str, list[Requirement]] = {}
    with use_home(experiment.home):
        async with open_checkpointer() as saver:
            graph = build_graph(saver)
            for outcome in missing:
                kept = await read_thread(graph, outcome["thread"])
                best = [written.get(outcome["row"], []), kept.values.get("checklist", [])]
                written[outcome["row"]] = max(best, key=len)
    return {**found, **written}


def _references(row: Row) -> Iterator[Scored]:
    for number, file in enumerate(row["pictures"], start=1):
        yield Scored(row, "reference" if number == 1 else f"reference.{number}", Path(file))


def _painted(
    experiment: Experiment, scorer: Scorer, row: Row, outcome: Outcome, checklist: Sequence[Requirement]
) -> Iterator[Scored]:
    shots = [shot for shot in outcome["shots"] if shot["outcome"] == "ok" and shot["picture"]]
    if scorer.scope in ("delivered", "rows"):
        shots = [shot for shot in shots if shot["id"] == outcome["chosen"]]
        if not shots:
            yield Scored(row, "", outcome=outcome)
    settings = experiment.about["presets"][outcome["preset"]]
    for shot in shots:
        file = experiment.image(shot["picture"]) if shot["picture"] and "picture" in scorer.needs else None
        yield Scored(row, shot["id"], file, outcome, shot, settings, checklist)


async def _scores(scorer: Scorer, pictures: Sequence[Scored]) -> list[Score]:
    faults = [_missing(scorer, scored) for scored in pictures]
    values = iter(await scorer.score([p for p, fault in zip(pictures, faults, strict=True) if fault is None]))
    return [
        _score(scorer, scored, Value(None, fault) if fault else next(values))
        for scored, fault in zip(pictures, faults, strict=True)
    ]


def _missing(scorer: Scorer, scored: Scored) -> str | None:
    """Why a scorer need not be asked."""
    if not scored.name:
        return "the run delivered no picture"
    if "picture" in scorer.needs and scored.picture is None:
        return "the file of the picture is gone"
    return None


def _score(scorer: Scorer, scored: Scored, value: Value) -> Score:
    return Score(
        preset=scored.preset,
        row=scored.row["id"],
        shot=scored.name,
        value=value.value,
        fault=value.fault,
        detail={**value.detail, "title": scorer.title, "options": scorer.options},
    )


def _grouping(scope: Scope) -> Callable[[Scored], tuple[str, ...]]:
    """What is scored together: one picture, those of a run, or those of a row."""
    if scope == "rows":
        return lambda scored: (scored.row["id"],)
    if scope == "runs":
        return lambda scored: (scored.row["id"], scored.preset)
    return lambda scored: (scored.row["id"], scored.preset, scored.name)


def _is_open(scorer: Scorer, scored: Scored, known: Mapping[Key, Score]) -> bool:
    """Whether a picture was never scored, or has no value though there is something to score."""
    score = known.get((scored.preset, scored.row["id"], scored.name))
    return score is None or (score["value"] is None and _missing(scorer, scored) is None)


def _key(score: Score) -> Key:
    return score["preset"], score["row"], score["shot"]
