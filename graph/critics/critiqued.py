"""What a critic came to, whatever its method."""

from __future__ import annotations

from dataclasses import dataclass, field

from overpaint.graph.state import Action, Proposal, State


@dataclass(frozen=True)
class Critiqued:
    """What will be done next, and why.

    Args:
        action: that of the plan, or reseed where there is no usable proposal.
        proposals: what to paint.
        feedback: what to change, in words.
        fault: why the critic's answer could not be used.
        idea: beyond what failed; not part of the proposals unless the settings say so.
        prompts: the labels of the prompt files it took.
    """

    action: Action
    proposals: list[Proposal]
    feedback: str = ""
    fault: str | None = None
    idea: str | None = None
    prompts: dict[str, str] = field(default_factory=dict)


def reseeded(state: State) -> list[Proposal]:
    """The prompt of before, to be painted with another seed."""
    return [Proposal(prompt=state["prompt"], boxes=[])]


def with_idea(proposal: Proposal, idea: str) -> Proposal:
    """A proposal that follows an idea too; not for an edit, whose prompt speaks of a part alone."""
    prompt = proposal["prompt"].rstrip(" .")
    return Proposal(**{**proposal, "prompt": f"{prompt}{'' if prompt.endswith(('?', '!')) else '.'} {idea}"})
