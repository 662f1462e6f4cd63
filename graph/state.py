"""The nouns of a run and how parallel branches merge them. Imports nothing of ours but shapes.

Everything here is JSON-able and small: a picture is an ImageRef, a candidate is a summary of at most 300 bytes, and
the full record of a candidate is a file that `Candidate["record"]` names.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired

from langchain_core.messages import AnyMessage
from langgraph.channels import EphemeralValue
from langgraph.graph.message import add_messages
from typing_extensions import TypedDict

from overpaint.graph.talk import Question, Turn
from overpaint.tools.images import ImageRef

Action = Literal["start", "given", "rejudge", "edit", "revise", "restart", "reseed"]
"""How a candidate came to be: of the first round, given by the user, a champion judged by another checklist, or what
the plan chose."""

Outcome = Literal["ok", "blank", "blocked", "duplicate", "error", "unknown"]
"""What became of a candidate before judging; only `ok` is ever sent to a judge."""

StopReason = Literal[
    "passed", "no_judge", "patience", "rounds", "max_images", "max_calls", "max_tokens", "max_seconds", "max_usd",
    "provider", "person",
]  # fmt: skip

WINDOW = 8
"""How many recent candidates stay in state; older ones are reached through the records."""


class Brief(TypedDict):
    """What was asked. `image` is a picture to start from; a picture that was only described leaves it None."""

    text: str
    image: ImageRef | None


class LookCost(TypedDict):
    """What one look of the judge may cost at worst; `usd` None when its price is not known."""

    tokens: int
    seconds: float
    usd: float | None


class PainterFacts(TypedDict):
    """What the controller must know of the painter (see Abilities in tools.painters), and of a look at its pictures.

    `seconds` is the longest that a picture takes, 0 where it can be stopped without loss; `again` is a later look.
    """

    edit: str | None
    token_limit: int | None
    price_usd: float | None
    seconds: NotRequired[float]
    look: NotRequired[LookCost]
    again: NotRequired[LookCost]


class Requirement(TypedDict):
    """One atomic, checkable thing the brief asks for. `expected` is "yes", or a number for kind "count"."""

    id: str
    text: str
    question: str
    kind: str
    expected: str
    weight: float


class Candidate(TypedDict):
    """One picture attempt, as small as state can hold it.

    `beliefs` has one letter per requirement, in the checklist's order: y (holds), n (does not), u (unsure); it is
    empty when the candidate was not judged, or its judge's answer could not be read. `depth` counts the edits since its
    chain was painted whole. `score` is passed over all weight, None when unjudged. `record` names the full record.
    """

    id: str
    parent: str | None
    round: int
    action: Action
    depth: int
    seed: int | None
    outcome: Outcome
    image: ImageRef | None
    beliefs: str
    score: float | None
    record: str


class Plan(TypedDict):
    """What the controller decided: which candidates to paint next and why, or why the run stopped."""

    action: Action | Literal["stop"]
    why: str
    parent: str | None
    count: int
    targets: list[str]
    stop: StopReason | None


class Proposal(TypedDict):
    """A prompt to paint next, and where (boxes as fractions) when it is an edit.

    `suggested` is what it said before a person edited it.
    """

    prompt: str
    boxes: list[list[float]]
    suggested: NotRequired[str]


class Critique(TypedDict):
    """What to change and how. `fault` is set when the critic's answer could not be used.

    `action` is what will be done, which differs from the plan's where there is no usable proposal. `idea` goes beyond
    what failed, and is used only where a person or a setting says so.
    """

    action: Action
    feedback: str
    proposals: list[Proposal]
    fault: str | None
    idea: NotRequired[str | None]


class Receipt(TypedDict):
    """What a run spent. `usd` is None while any price is unknown; `cached` are part of the `tokens`.

    `images` counts every picture that was or may have been paid for; of these, `unknown` were never seen.
    """

    images: int
    unknown: int
    calls: int
    tokens: int
    cached: NotRequired[int]
    seconds: float
    usd: float | None


def empty_receipt() -> Receipt:
    """A receipt of nothing spent."""
    return Receipt(images=0, unknown=0, calls=0, tokens=0, cached=0, seconds=0.0, usd=0.0)


def add_receipts(left: Receipt | None, right: Receipt | None) -> Receipt:
    """Sum two receipts; an unknown price makes the sum unknown."""
    a, b = left or empty_receipt(), right or empty_receipt()
    usd = None if a["usd"] is None or b["usd"] is None else a["usd"] + b["usd"]
    return Receipt(
        images=a["images"] + b["images"],
        unknown=a.get("unknown", 0) + b.get("unknown", 0),
        calls=a["calls"] + b["calls"],
        tokens=a["tokens"] + b["tokens"],
        cached=a.get("cached", 0) + b.get("cached", 0),
        seconds=round(a["seconds"] + b["seconds"], 3),
        usd=usd,
    )


def merge_labels(left: dict[str, str] | None, right: dict[str, str] | None) -> dict[str, str]:
    """Merge two sets of prompt labels."""
    return {**(left or {}), **(right or {})}


def first_fault(left: str | None, right: str | None) -> str:
    """Keep the first fault; siblings of one round often fail in the same words. An empty text means none."""
    return left or right or ""


def birth(candidate: Candidate) -> tuple[int, int]:
    """Round and place in the round, from an id such as "3.1": the order candidates were minted in."""
    round_, _, place = candidate["id"].partition(".")
    return int(round_), int(place)


def merge_candidates(left: dict[str, Candidate] | None, right: dict[str, Candidate] | None) -> dict[str, Candidate]:
    """Merge by id; keep the last whole rounds that fit WINDOW, and always the whole newest round."""
    merged = sorted({**(left or {}), **(right or {})}.values(), key=birth)
    newest = merged[-1]["round"] if merged else 0
    kept = [c for i, c in enumerate(merged) if c["round"] == newest or i >= len(merged) - WINDOW]
    return {c["id"]: c for c in kept}


class Origin(TypedDict):
    """Where a fork came from: run, thread and checkpoint, and the candidate it starts from (None: the checkpoint)."""

    run: str
    thread: str
    checkpoint: str
    candidate: str | None


class State(TypedDict, total=False):
    """All that a checkpoint holds of a run.

    `settings` are the effective ones, without secrets. `tried` are the actions of the rounds since the last gain.
    `prompts` names every prompt file used so far. `fatal` says which provider failed for good. `ended` is set by
    deliver alone. `judged_by` is the fingerprint of the checklist that the candidates were judged by. What a person
    said: `wish` is a prompt to paint next, `remark` is for the critic, `declined` the champion not taken, `reviewing`
    what a pause is about. `forked_from` is None in a run of its own. `listed` is the checklist that came with the
    brief, until `specify` takes it. `variants` are prompts to be painted once each. `stopped_at` is the round of the
    stop of a run that paints on after it, `unrendered` a revised prompt that was never painted. `turns` are earlier
    runs of the thread, oldest first; `began` is the first round that paints where a run goes on from the champion of
    another. `question` is what a message wants told rather than painted.
    """

    messages: Annotated[list[AnyMessage], add_messages]
    run: str
    asked: Brief
    seed: int
    settings: dict[str, Any]
    painter: PainterFacts
    prompt: str
    checklist: list[Requirement]
    candidates: Annotated[dict[str, Candidate], merge_candidates]
    champion: Candidate | None
    round: int
    tried: list[Action]
    plan: Plan
    critique: Critique
    prompts: Annotated[dict[str, str], merge_labels]
    receipt: Annotated[Receipt, add_receipts]
    fatal: Annotated[str, first_fault]
    judged_by: str
    wish: str | None
    remark: str | None
    declined: str | None
    reviewing: Literal["champion", "prompt"] | None
    listed: list[Requirement] | None
    variants: list[str] | None
    stopped_at: int | None
    unrendered: str | None
    forked_from: Origin | None
    turns: list[Turn]
    began: int | None
    question: Annotated[Question | None, EphemeralValue]
    ended: StopReason | None
