"""The full record of a candidate: an immutable JSON file beside the images, named in state by its sha256."""

from __future__ import annotations

from typing import Any, NotRequired

from typing_extensions import TypedDict

from overpaint.graph.state import Action, Outcome, Receipt
from overpaint.tools.images import ImageRef


class Belief(TypedDict):
    """What is held true of one requirement after every look at it.

    `text` says the requirement, whose id means another thing in another checklist (a fork may have its own).
    `answer` is yes, no or unsure; `said` is what the judge answered last, in its own words (a count, say);
    `looks` holds the answer of each look, in order. `probability` is how likely the judge finds a yes, 0 to 1, where
    that was asked for and its server told.
    """

    requirement: str
    text: NotRequired[str]
    answer: str
    said: str
    evidence: str
    box: list[float] | None
    looks: list[str]
    probability: NotRequired[float]


class Verdict(TypedDict):
    """The judge's answers for one candidate. `passed` is None when unjudged, and then `fault` says why.

    What some methods also find: the picture's `caption`; `feedback` and a `suggested` prompt from the judge's own call.
    """

    beliefs: list[Belief]
    score: float | None
    passed: bool | None
    quality: float | None
    flaws: list[str]
    fault: str | None
    caption: NotRequired[str]
    feedback: NotRequired[str]
    suggested: NotRequired[str]


class Record(TypedDict):
    """Everything known of one candidate.

    `previous` holds the record hashes of the whole round before, so that all candidates of a run can be reached
    from its newest round. `reason` says why the outcome is not ok. `prompts` names the prompt files used, with
    version and hash; `models` the model behind each role; `params` what the painter really used. `settings` are
    those in force, `versions` those of the programs behind the models; older records lack these two. What was asked for
    is kept with the run; records of one version held it too, as `brief`. `suggested` is the prompt that was proposed
    where a person edited it before it was painted.
    """

    id: str
    run: str
    round: int
    action: Action
    parent: str | None
    previous: list[str]
    prompt: str
    boxes: list[list[float]]
    seed: int | None
    feedback: str
    outcome: Outcome
    reason: str
    image: ImageRef | None
    verdict: Verdict | None
    params: dict[str, Any]
    notes: list[str]
    models: dict[str, str]
    prompts: dict[str, str]
    spent: Receipt
    created: str
    brief: NotRequired[str]
    suggested: NotRequired[str]
    settings: NotRequired[dict[str, Any]]
    versions: NotRequired[dict[str, str]]
