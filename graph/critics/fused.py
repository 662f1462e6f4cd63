"""critique_method=fused: the next prompt is the one that the judge wrote with its verdict; nobody is asked."""

from __future__ import annotations

from overpaint.graph.critics.critiqued import Critiqued
from overpaint.graph.fitting import longest_prompt
from overpaint.graph.record import Verdict
from overpaint.graph.state import Candidate, Proposal, State
from overpaint.graph.toolbox import Toolbox


async def by_judge(state: State, subject: Candidate, toolbox: Toolbox) -> Critiqued:
    """The revised prompt of the last picture; where there is none to paint, its own is painted with another seed."""
    record = await toolbox.record(subject)
    verdict = record["verdict"]
    suggested = verdict.get("suggested", "") if verdict else ""
    if fault := _fault(verdict, suggested, longest_prompt(await toolbox.painter())):
        return Critiqued("reseed", [Proposal(prompt=record["prompt"] or state["prompt"], boxes=[])], fault=fault)
    feedback = verdict.get("feedback", "") if verdict else ""
    return Critiqued("revise", [Proposal(prompt=suggested, boxes=[])], feedback)


def _fault(verdict: Verdict | None, suggested: str, longest: int) -> str | None:
    """Why a revised prompt cannot be painted; None where it can."""
    if verdict is None:
        return "the picture was not judged"
    if not suggested:
        return verdict["fault"] or "the judge wrote no prompt"
    if len(suggested) > longest:
        return f"the judge wrote a prompt of {len(suggested):,} characters, and the painter takes {longest:,}"
    return None
