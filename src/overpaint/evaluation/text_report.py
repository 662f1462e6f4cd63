"""All tables of an evaluation as one text: what `report/table.txt` holds."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

from overpaint.evaluation.agreement import Noise, confusion, judge_noise
from overpaint.evaluation.asked import NO_TERMS, Terms
from overpaint.evaluation.exporting_results import Scores
from overpaint.evaluation.figures import heading
from overpaint.evaluation.nouns import Outcome, Score
from overpaint.evaluation.page_tables import paired_table
from overpaint.evaluation.standing import REFERENCE
from overpaint.evaluation.statistics import by_preset
from overpaint.evaluation.tables import (
    best_table,
    category_table,
    confusion_table,
    cost_table,
    noise_line,
    rounds_table,
    standing_table,
    stop_table,
    success_table,
    summary_table,
)
from overpaint.graph.record import Record
from overpaint.sweeping import stored
from overpaint.tools.files import read_checked


def text_report(outcomes: Sequence[Outcome], scores: Scores, noise: Noise, terms: Terms = NO_TERMS) -> str:
    """Every table, the summary first, then those of each scorer.

    Args:
        outcomes: of any presets.
        scores: of any scorers.
        noise: of the judge.
        terms: on which the presets can be compared.
    """
    parts = [summary_table(outcomes, terms=terms)]
    if outcomes:
        parts += [*success_tables(outcomes, terms), noise_line(noise), stop_table(outcomes)]
        parts += [table for name, some in scores.items() for table in _scorer_tables(heading(name), outcomes, some)]
    return "\n\n".join(parts) + "\n"


def success_tables(outcomes: Sequence[Outcome], terms: Terms = NO_TERMS) -> list[str]:
    """All that is told of success after the summary."""
    told = terms.told(outcomes)
    tables = [] if terms.ways else [paired_table(told)]
    if len({outcome["category"] for outcome in told}) > 1:
        tables.append(category_table(told))
    tables.append(cost_table(told))
    if any(outcome["truth"] for outcome in outcomes):
        judges = {preset: confusion(some) for preset, some in by_preset(outcomes).items()}
        tables += [success_table(outcomes, judged=True), confusion_table(judges)]
    return tables


def noise_of(home: Path) -> Noise:
    """The noise of the judge in all that the records of a home folder hold. Blocks.

    Raises:
        BadInput: a record is damaged, or cannot be read.
    """
    return judge_noise(_records(home))


def _records(home: Path) -> Iterator[Record]:
    for path in stored(home / "records"):
        yield cast(Record, json.loads(read_checked(path)))


def _scorer_tables(name: str, outcomes: Sequence[Outcome], scores: Sequence[Score]) -> Iterator[str]:
    yield standing_table(outcomes, scores, name)
    if any(score["shot"] == REFERENCE for score in scores):
        yield standing_table(outcomes, scores, name, REFERENCE)
    yield rounds_table(outcomes, scores, name)
    yield best_table(outcomes, scores, name)
