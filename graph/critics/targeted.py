"""critique_method=targeted: ask the critic about what failed, and take its proposals with places filled in."""

from __future__ import annotations

from typing import Any

from overpaint.graph.critics.critiqued import Critiqued, reseeded, with_idea
from overpaint.graph.fitting import fitted
from overpaint.graph.places import free_space, usable
from overpaint.graph.record import Belief, Record
from overpaint.graph.schemas import Proposals
from overpaint.graph.state import Action, Candidate, Proposal, State
from overpaint.graph.toolbox import Toolbox
from overpaint.prompts import Prompt


async def by_failure(state: State, subject: Candidate, toolbox: Toolbox) -> Critiqued:
    """Ask for as many proposals as the plan wants; another seed when there is no usable one."""
    record = await toolbox.record(subject)
    prompt = _prompt(state, toolbox)
    reply = await toolbox.consult(
        "critic", prompt, Proposals, shown=_picture(subject), values=await _values(state, toolbox, record)
    )
    action, proposals = _settle(state, record, reply.value)
    idea = reply.value.idea if reply.value else None
    if toolbox.settings.ideas and idea and action != "edit":
        proposals = [with_idea(proposal, idea) for proposal in proposals]
    proposals, shortened = await _fitted(proposals, state, toolbox)
    feedback = reply.value.feedback if reply.value else ""
    return Critiqued(action, proposals, feedback, reply.fault, idea, {prompt.name: prompt.label, **shortened})


def _prompt(state: State, toolbox: Toolbox) -> Prompt:
    """What the critic is told to do; a painter that is told what to change needs a command, not a description."""
    action = state["plan"]["action"]
    if action == "edit" and state["painter"]["edit"] == "instruct":
        return toolbox.text("critique.instruct")
    return toolbox.text(f"critique.{action}")


async def _fitted(proposals: list[Proposal], state: State, toolbox: Toolbox) -> tuple[list[Proposal], dict[str, str]]:
    """The proposals, each said shorter where the painter would not read all of it."""
    brief, limit = state["asked"]["text"], state["painter"]["token_limit"]
    fit = [await fitted(p["prompt"], brief, "critic", limit, toolbox) for p in proposals]
    shorter = [Proposal(prompt=text, boxes=p["boxes"]) for p, (text, _) in zip(proposals, fit, strict=True)]
    return shorter, {name: label for _, labels in fit for name, label in labels.items()}


async def _values(state: State, toolbox: Toolbox, record: Record) -> dict[str, Any]:
    past = [await toolbox.records.read(c["record"]) for c in state["candidates"].values()]
    return {
        "brief": state["asked"]["text"],
        "action": state["plan"]["action"],
        # The prompt of an edit names a part of the picture, and a given picture has none.
        "prompt": state["prompt"] if record["action"] in ("edit", "given") else record["prompt"],
        "failed": [_told(state, b) for b in _failed(state, record)],
        "attempts": list(dict.fromkeys(p["prompt"] for p in past if p["prompt"])),
        "count": state["plan"]["count"],
        "remark": state.get("remark") or "",
        "token_limit": state["painter"]["token_limit"],
    }


def _failed(state: State, record: Record) -> list[Belief]:
    beliefs = record["verdict"]["beliefs"] if record["verdict"] else []
    return [b for b in beliefs if b["requirement"] in state["plan"]["targets"]]


def _told(state: State, belief: Belief) -> dict[str, Any]:
    """What the critic is told of one failed requirement."""
    wanted = next(r for r in state["checklist"] if r["id"] == belief["requirement"])
    box = [round(edge, 2) for edge in belief["box"]] if belief["box"] else None
    return {**wanted, "said": belief["said"], "evidence": belief["evidence"], "box": box}


def _settle(state: State, record: Record, answer: Proposals | None) -> tuple[Action, list[Proposal]]:
    """What will be painted: the critic's proposals with places filled in, or the prompt of before with another seed."""
    action = state["plan"]["action"]
    drafts = [d for d in answer.proposals if d.prompt.strip()] if answer else []
    if not drafts or action == "stop":
        return "reseed", reseeded(state)
    if action != "edit":
        return action, [Proposal(prompt=d.prompt, boxes=[]) for d in drafts]
    if state["painter"]["edit"] == "instruct":
        return "edit", [Proposal(prompt=d.prompt, boxes=[]) for d in drafts]
    fallback = _places(state, record)
    edits = [Proposal(prompt=d.prompt, boxes=usable(d.boxes) or fallback) for d in drafts]
    return "edit", edits


def _places(state: State, record: Record) -> list[list[float]]:
    """Where the judge pointed at what fails; else the emptiest ninth of the picture."""
    pointed = usable([b["box"] for b in _failed(state, record) if b["box"]])
    seen = [b["box"] for b in (record["verdict"]["beliefs"] if record["verdict"] else []) if b["box"]]
    return pointed or [free_space(seen)]


def _picture(champion: Candidate) -> str | None:
    return champion["image"]["sha256"] if champion["image"] else None
