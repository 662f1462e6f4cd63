"""The state of the candidate subgraph: what one Send carries in, and what comes back to the run."""

from __future__ import annotations

from typing import Annotated, Any, NotRequired

from typing_extensions import TypedDict

from overpaint.graph.state import Action, Candidate, Outcome, Receipt, Requirement, add_receipts
from overpaint.tools.images import ImageRef


class Attempt(TypedDict):
    """All that painting and judging one candidate needs, and no more.

    `prompt` None means that of the record `base`. `source` is the picture an edit starts from; `earlier` are pictures a
    new one must not repeat. `spare` is how often a picture that may have been paid for and was never seen may be
    painted again, `room` what the candidate may take (see graph/allowance.py). `brief` is there for judges that go by
    it, `suggested` is the prompt that was proposed where a person edited it.
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
    spare: int
    room: NotRequired[dict[str, float]]
    brief: NotRequired[str]
    suggested: NotRequired[str]
    checklist: list[Requirement]
    settings: dict[str, Any]
    prompts: dict[str, str]


class Draft(TypedDict):
    """What generate hands to judge: the candidate's record so far. `reason` says why the outcome is not ok."""

    prompt: str
    seed: int | None
    outcome: Outcome
    reason: str
    image: ImageRef | None
    params: dict[str, Any]
    notes: list[str]
    spent: Receipt


class Carried(TypedDict):
    """The argument of a Send: one channel, since every channel has its price in each checkpoint."""

    attempt: Attempt


class CandidateState(TypedDict, total=False):
    """The state of one candidate's subgraph."""

    attempt: Attempt
    draft: Draft
    candidates: dict[str, Candidate]
    receipt: Annotated[Receipt, add_receipts]
    fatal: str


class Judged(TypedDict, total=False):
    """What the subgraph gives back to the run."""

    candidates: dict[str, Candidate]
    receipt: Receipt
    fatal: str
