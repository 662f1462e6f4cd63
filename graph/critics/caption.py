"""critique_method=caption: rewrite the prompt from all prompts and captions so far; the picture is not looked at."""

from __future__ import annotations

from overpaint.graph.critics.critiqued import Critiqued
from overpaint.graph.fitting import fitted
from overpaint.graph.method_schemas import Rewritten
from overpaint.graph.record import Record
from overpaint.graph.state import Candidate, Proposal, State
from overpaint.graph.toolbox import Toolbox


async def by_caption(state: State, subject: Candidate, toolbox: Toolbox) -> Critiqued:
    """Ask for one new prompt; without an answer the last prompt is painted with another seed."""
    history = captioned(await toolbox.walk(state))
    prompt, brief, limit = toolbox.text("caption.rewrite"), state["asked"]["text"], state["painter"]["token_limit"]
    values = {"brief": brief, "history": history, "token_limit": limit}
    reply = await toolbox.consult("critic", prompt, Rewritten, values=values)
    labels = {prompt.name: prompt.label}
    if reply.value is None:
        last = (await toolbox.record(subject))["prompt"] or state["prompt"]
        return Critiqued("reseed", [Proposal(prompt=last, boxes=[])], fault=reply.fault, prompts=labels)
    text, shortened = await fitted(reply.value.revision.strip(), brief, "critic", limit, toolbox)
    proposals = [Proposal(prompt=text, boxes=[])]
    return Critiqued("revise", proposals, reply.value.reasoning, prompts={**labels, **shortened})


def captioned(records: list[Record]) -> list[dict[str, str]]:
    """Prompt and newest caption of every picture that has one, in the order they were painted."""
    newest = {
        record["image"]["sha256"]: {"id": record["id"], "prompt": record["prompt"], "caption": verdict["caption"]}
        for record in records
        if record["image"] and (verdict := record["verdict"]) and "caption" in verdict
    }
    return list(newest.values())
