"""critique_method=human: one suggestion for a person to edit, always made for the original brief."""

from __future__ import annotations

from overpaint.graph.critics.critiqued import Critiqued, with_idea
from overpaint.graph.fitting import fitted
from overpaint.graph.method_schemas import Suggestion
from overpaint.graph.state import Candidate, Proposal, State
from overpaint.graph.toolbox import Toolbox
from overpaint.prompts import load
from overpaint.tools.faults import ProviderFault


async def by_suggestion(state: State, subject: Candidate, toolbox: Toolbox) -> Critiqued:
    """Ask for a suggestion; without room to ask, the person has the last prompt to edit.

    Raises:
        ProviderFault: the picture could not be analysed; the run can be resumed, which asks again.
    """
    record, prompt = await toolbox.record(subject), load("critique.suggest")
    image, brief, limit = subject["image"], state["asked"]["text"], state["painter"]["token_limit"]
    values = {"brief": brief, "prompt": record["prompt"], "remark": state.get("remark") or ""}
    reply = await toolbox.consult("critic", prompt, Suggestion, shown=image["sha256"] if image else None, values=values)
    if reply.value is None and not reply.calls:
        return Critiqued("reseed", [Proposal(prompt=record["prompt"] or brief, boxes=[])], fault=reply.fault)
    if reply.value is None:
        raise ProviderFault(f"picture {subject['id']} could not be analysed: {reply.fault}")
    said = reply.value
    proposal = Proposal(prompt=said.suggestion, boxes=[])
    if toolbox.settings.ideas and said.idea:
        proposal = with_idea(proposal, said.idea)
    text, shortened = await fitted(proposal["prompt"], brief, "critic", limit, toolbox)
    labels = {prompt.name: prompt.label, **shortened}
    return Critiqued("revise", [Proposal(prompt=text, boxes=[])], said.diagnosis, idea=said.idea, prompts=labels)
