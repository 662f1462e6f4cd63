"""Asking a person: one interrupt in the shape chat interfaces know, and reading whatever comes back.

The shape is LangChain's HITLRequest (langchain.agents.middleware.human_in_the_loop): `action_requests` holds one entry
per thing to decide, `review_configs` what may be answered. An answer that cannot be read leaves the interrupt pending,
with what was wrong in its descriptions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NotRequired, TypeVar

from langgraph.types import interrupt
from typing_extensions import TypedDict

from overpaint.tools.faults import BadInput

T = TypeVar("T")
Kind = Literal["approve", "edit", "reject", "respond", "stop"]
KINDS: tuple[Kind, ...] = ("approve", "edit", "reject", "respond", "stop")
"""The four of HITLRequest, and our own `stop`, which ends the run with its champion and may always be answered."""
WORDS: dict[str, Kind] = {
    "approve": "approve", "a": "approve", "yes": "approve", "y": "approve", "ok": "approve", "accept": "approve",
    "reject": "reject", "r": "reject", "no": "reject", "n": "reject", "stop": "stop", "s": "stop",
}  # fmt: skip
"""What a bare word means; any other text is a remark."""
_EDIT = 'an edit says what instead: {"type": "edit", "edited_action": {"name": …, "args": {…}}}'
LONGEST = 4000
"""Characters of a remark. What is edited has bounds of its own, where it is used."""


class ActionRequest(TypedDict):
    """One thing to decide: its name, its arguments, and what to tell the person."""

    name: str
    args: dict[str, Any]
    description: NotRequired[str]


@dataclass(frozen=True)
class Decision:
    """What a person decided about one request. `args` are the edited arguments, `message` a remark or a reason."""

    kind: Kind
    args: dict[str, Any] = field(default_factory=dict)
    message: str = ""


def ask_person(requests: Sequence[ActionRequest], allowed: Sequence[Kind], accept: Callable[[list[Decision]], T]) -> T:
    """Pause the run until a person has decided about each request.

    Args:
        requests: what to decide, all of one name.
        allowed: the kinds of answer that are taken.
        accept: makes what is wanted of the decisions, one per request; raises BadInput for those it cannot use.
    """
    fault = ""
    while True:
        answer = interrupt(_request(requests, allowed, fault))
        try:
            return accept(read_answer(answer, len(requests), allowed))
        except BadInput as error:
            fault = str(error)


def read_answer(answer: Any, count: int, allowed: Sequence[Kind]) -> list[Decision]:
    """The decisions in an answer: a list of them, plainly or as `{"decisions": […]}`, or one for all requests.

    One decision is a dict or plain text. An edit names one new prompt, so several requests take one each.

    Raises:
        BadInput: it cannot be read, is not allowed, or does not fit the number of requests.
    """
    if isinstance(answer, dict) and "decisions" in answer:
        answer = answer["decisions"]
    if isinstance(answer, list):
        decisions = [_decision(item, allowed) for item in answer]
    else:
        decision = _decision(answer, allowed)
        decisions = [decision] * (1 if decision.kind == "edit" else count)
    if len(decisions) != count:
        raise BadInput(f"{len(decisions)} decisions were given for {count}: answer each of them, or all with one word")
    return decisions


def paint_again(candidate: str, prompt: str, reason: str) -> bool:
    """Ask whether a picture that may have been paid for and was never seen is to be painted, and paid for, again."""
    request = ActionRequest(
        name="paint_again",
        args={"candidate": candidate, "prompt": prompt},
        description=f"Picture {candidate}: {reason}. Approve to paint it again, which costs another picture.",
    )
    return ask_person([request], ("approve", "reject"), lambda decisions: decisions[0].kind == "approve")


def _request(requests: Sequence[ActionRequest], allowed: Sequence[Kind], fault: str) -> dict[str, Any]:
    told = [_told(request, fault) for request in requests]
    names = dict.fromkeys(request["name"] for request in requests)
    # Chat interfaces know no `stop`, and refuse a request that names it.
    known = [kind for kind in allowed if kind != "stop"]
    configs = [{"action_name": name, "allowed_decisions": known} for name in names]
    return {"action_requests": told, "review_configs": configs, **({"fault": fault} if fault else {})}


def _told(request: ActionRequest, fault: str) -> ActionRequest:
    described = request.get("description", "")
    return {**request, "description": f"The answer could not be used: {fault}\n\n{described}" if fault else described}


def _decision(item: Any, allowed: Sequence[Kind]) -> Decision:
    decision = _from_text(item) if isinstance(item, str) else _from_dict(item)
    if decision.kind not in (*allowed, "stop"):
        raise BadInput(f"{decision.kind!r} is no answer here: use {', '.join(allowed)}")
    if len(decision.message) > LONGEST:
        raise BadInput(f"the remark has {len(decision.message):,} characters and may have {LONGEST:,}: say it shorter")
    return decision


def _from_text(text: str) -> Decision:
    said = text.strip()
    if not said:
        raise BadInput("the answer is empty: say approve, reject, or what to change")
    if said.casefold() in ("edit", "e"):
        raise BadInput(_EDIT)
    kind = WORDS.get(said.casefold())
    return Decision(kind) if kind else Decision("respond", message=said)


def _from_dict(item: Any) -> Decision:
    kind = item.get("type") if isinstance(item, dict) else None
    if kind not in KINDS:
        raise BadInput(
            f"an answer is text, or a dict whose `type` is one of {', '.join(KINDS)}; not {str(item)[:60]!r}"
        )
    edited = item.get("edited_action") or item
    args = edited.get("args") if isinstance(edited, dict) else None
    if kind == "edit" and not isinstance(args, dict):
        raise BadInput(_EDIT)
    message = item.get("message") or ""
    if not isinstance(message, str) or (kind == "respond" and not message.strip()):
        raise BadInput("a remark is a text: say what to change in `message`")
    return Decision(kind, args if isinstance(args, dict) else {}, message.strip())
