"""The state of the candidate subgraph: what one Send carries in, and what comes back to the run."""

from __future__ import annotations

from typing import Annotated, Any

from typing_extensions import TypedDict

from overpaint.graph.state import Action, Candidate, Receipt, Requirement, add_receipts
from overpaint.tools.images import ImageRef


class Attempt(TypedDict):
    """What one Send carries to the candidate subgraph: only what painting and judging this candidate needs.

    `prompt` None means that of the record `base`. `source` is the picture an edit starts from; `earlier` are
    pictures a new one must not repeat.
    """

    id: str
    run: str
    round: int
    action: Action
    parent: str | None
    depth: int
    base: str | None
    previous: list[str]
    prompt: str | None
    boxes: list[list[float]]
    feedback: str
    seed: int | None
    source: ImageRef | None
    earlier: list[str]
    checklist: list[Requirement]
    settings: dict[str, Any]
    prompts: dict[str, str]


class CandidateState(Attempt, total=False):
    """The state of one candidate's subgraph."""

    draft: dict[str, Any]
    candidates: dict[str, Candidate]
    receipt: Annotated[Receipt, add_receipts]
    fatal: str


class Judged(TypedDict, total=False):
    """What the subgraph gives back to the run."""

    candidates: dict[str, Candidate]
    receipt: Receipt
    fatal: str
