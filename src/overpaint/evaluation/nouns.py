"""The nouns of an evaluation: rows of a dataset, and what became of each brief under each preset. All JSON-able."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from typing_extensions import TypedDict

from overpaint.graph.state import Receipt


class Row(TypedDict):
    """One brief of a dataset.

    `requirements` is a checklist that the dataset brings (each as in overpaint.graph.schemas.RequirementDraft), None
    where the writer makes one. `pictures` are files of reference pictures, `captions` reference texts beside the brief.
    `truth` is what a right picture shows, where that is known (scenes).
    """

    id: str
    brief: str
    category: str
    requirements: list[dict[str, Any]] | None
    pictures: list[str]
    captions: list[str]
    truth: dict[str, Any] | None


class BadRow(TypedDict):
    """A row that could not be used: where it is (a line number from 1, or an id), and why."""

    where: str
    reason: str


@dataclass(frozen=True)
class Dataset:
    """Rows that were read, and those that could not be.

    Args:
        name: as it was asked for. source: the file or generator it came from.
        digest: sha256 of the source.
        rows: in the order of the source, or of the sample.
        bad: every other row of the source, or of the part that was asked for.
        total: rows of the source, good and bad.
        facts: what else is worth printing, such as the number of questions.
    """

    name: str
    source: str
    digest: str
    rows: list[Row]
    bad: list[BadRow]
    total: int
    facts: dict[str, int] = field(default_factory=dict)


class Shot(TypedDict):
    """One candidate of a run, as an evaluation needs it. `passed` and `score` are the judge's, None when unjudged."""

    id: str
    round: int
    action: str
    prompt: str
    outcome: str
    picture: str | None
    score: float | None
    passed: bool | None
    caption: str | None


class Stage(TypedDict):
    """What a run held when it decided: the champion after so many pictures, calls and tokens."""

    images: int
    calls: int
    tokens: int
    seconds: float
    champion: str | None
    picture: str | None
    passed: bool


class Outcome(TypedDict):
    """One brief under one preset.

    `status` and `stop_reason` are those of the run; `error` says why it failed. `chosen` is the candidate delivered,
    `stopped` the one that ended the loop (the champion of the round of the stop). `truth` says of each picture, by its
    sha256, whether it is right, None where nobody knows. `seconds` are wall seconds of the last process that ran it,
    and at least those of its receipt.
    """

    preset: str
    row: str
    category: str
    run: str
    thread: str
    status: str
    stop_reason: str | None
    error: str | None
    stop_round: int | None
    chosen: str | None
    stopped: str | None
    shots: list[Shot]
    stages: list[Stage]
    truth: dict[str, bool] | None
    receipt: Receipt
    seconds: float


class Score(TypedDict):
    """What a scorer gave one picture: a candidate's, or the reference's (`shot` "reference").

    `value` None: `fault` says why.
    """

    preset: str
    row: str
    shot: str
    value: float | None
    fault: str | None
    detail: dict[str, Any]
