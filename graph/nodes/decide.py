"""decide: run the controller, mint candidates, and route. No model call, no I/O."""

from __future__ import annotations

import hashlib
from typing import Literal

from langgraph.types import Command, Send

from overpaint.graph.attempt import Attempt, Carried
from overpaint.graph.controller import crown, plan
from overpaint.graph.settings import Settings
from overpaint.graph.state import Action, Candidate, Proposal, State

Next = Literal["candidate", "critique", "deliver"]


async def decide(state: State) -> Command[Next]:
    """Crown the champion of the round that ended, and choose what comes next."""
    settings = Settings.model_validate(state["settings"])
    round_ = state.get("round", -1)
    before = state.get("champion")
    champion = crown(before, _of_round(state, round_))
    tried = [] if round_ < 1 or champion != before else [*state["tried"], state["plan"]["action"]]
    fresh: State = {"champion": champion, "tried": [a for a in tried if a != "stop"], "round": round_}
    decision = plan({**state, **fresh}, settings)
    if decision["action"] == "stop":
        return Command(update={**fresh, "plan": decision}, goto="deliver")
    fresh = {**fresh, "plan": decision, "round": round_ + 1}
    if decision["action"] in ("edit", "revise", "restart"):
        return Command(update=fresh, goto="critique")
    now: State = {**state, **fresh}
    return Command(update=fresh, goto=sends(now, decision["action"], _prompts(now, settings)))


def sends(state: State, action: Action, proposals: list[Proposal], feedback: str = "") -> list[Send]:
    """One Send per candidate; when there are fewer proposals than candidates they are repeated with other seeds."""
    count = state["plan"]["count"]
    chosen = [proposals[i % len(proposals)] for i in range(count)]
    return [Send("candidate", Carried(attempt=attempt(state, action, i, chosen[i], feedback))) for i in range(count)]


def attempt(state: State, action: Action, place: int, proposal: Proposal, feedback: str) -> Attempt:
    """Mint one candidate: its id, its seed, and all that painting and judging it needs."""
    id_, champion = f"{state['round']}.{place}", state.get("champion")
    edits = action == "edit" and champion is not None
    source = champion["image"] if edits and champion else state["asked"]["image"] if action == "given" else None
    return Attempt(
        id=id_,
        run=state["run"],
        round=state["round"],
        action=action,
        parent=state["plan"]["parent"],
        depth=champion["depth"] + 1 if edits and champion else 0,
        base=champion["record"] if champion and not proposal["prompt"] else None,
        previous=[c["record"] for c in _of_round(state, state["round"] - 1)],
        prompt=proposal["prompt"] or None,
        boxes=proposal["boxes"],
        feedback=feedback,
        seed=None if action == "given" else derive_seed(state["seed"], id_),
        source=source,
        earlier=[c["image"]["sha256"] for c in _near(state) if c["image"]],
        checklist=state["checklist"],
        settings=state["settings"],
        prompts=state.get("prompts", {}),
    )


def derive_seed(seed: int, candidate: str) -> int:
    """The seed of one candidate: a run with the same seed paints the same pictures, whatever crashed in between."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{candidate}".encode()).digest()[:4], "big")


def _prompts(state: State, settings: Settings) -> list[Proposal]:
    """What to paint when no critic is asked. An empty prompt stands for the champion's, or for none (given)."""
    brief, upsampled, decision = state["asked"]["text"], state["prompt"], state["plan"]
    if decision["action"] == "given" or _keeps(state["champion"]):
        return [Proposal(prompt="", boxes=[])]
    if decision["action"] == "start" and settings.raw_brief and decision["count"] > 1 and brief != upsampled:
        return [Proposal(prompt=p, boxes=[]) for p in [brief, *[upsampled] * (decision["count"] - 1)]]
    return [Proposal(prompt=upsampled, boxes=[])]


def _keeps(champion: Candidate | None) -> bool:
    """Whether a reseed keeps the champion's prompt: that of an edit speaks of a part, a given picture has none."""
    return champion is not None and champion["action"] not in ("edit", "given")


def _near(state: State) -> list[Candidate]:
    """The pictures a new one would most likely repeat: the champion and those of the round before."""
    champion, last = state.get("champion"), _of_round(state, state["round"] - 1)
    return [*last, champion] if champion and champion not in last else last


def _of_round(state: State, round_: int) -> list[Candidate]:
    return [c for c in state.get("candidates", {}).values() if c["round"] == round_]
