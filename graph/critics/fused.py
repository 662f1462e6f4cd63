"""critique_method=fused: the next prompt is the one that the judge wrote with its verdict; nobody is asked."""

from __future__ import annotations

from overpaint.graph.critics.critiqued import Critiqued
from overpaint.graph.state import Candidate, Proposal, State
from overpaint.graph.toolbox import Toolbox


async def by_judge(state: State, subject: Candidate, toolbox: Toolbox) -> Critiqued:
    """The revised prompt of the last picture. An unjudged one has none, so its own is painted with another seed."""
    record = await toolbox.record(subject)
    verdict = record["verdict"]
    suggested = verdict.get("suggested") if verdict else None
    if not suggested:
        fault = (verdict["fault"] if verdict else "the picture was not judged") or "the judge wrote no prompt"
        return Critiqued("reseed", [Proposal(prompt=record["prompt"] or state["prompt"], boxes=[])], fault=fault)
    feedback = verdict.get("feedback", "") if verdict else ""
    return Critiqued(state["plan"]["action"], [Proposal(prompt=suggested, boxes=[])], feedback)  # type: ignore[arg-type]
