"""specify: turn the brief into the checklist that every picture is judged by."""

from __future__ import annotations

from overpaint.graph.schemas import ChecklistDraft, RequirementDraft
from overpaint.graph.state import Requirement, State
from overpaint.graph.toolbox import open_toolbox, spent_on
from overpaint.prompts import load


async def specify(state: State) -> State:
    """Write the checklist. When the writer's answer cannot be read, the whole brief is the one requirement."""
    toolbox = await open_toolbox(state["settings"])
    if toolbox.settings.judge_method == "none":
        return {"checklist": []}
    prompt, brief = load("specify"), state["asked"]["text"]
    reply = await toolbox.consult("writer", prompt, ChecklistDraft, values={"brief": brief})
    drafts = reply.value.requirements if reply.value else [_whole(brief)]
    checklist = [_numbered(i, draft) for i, draft in enumerate(drafts, start=1)]
    return {"checklist": checklist, "prompts": {prompt.name: prompt.label}, "receipt": spent_on(reply)}


def _whole(brief: str) -> RequirementDraft:
    question = load("specify.whole").render(brief=brief)[1]
    return RequirementDraft(text=brief, question=question, kind="other")


def _numbered(number: int, draft: RequirementDraft) -> Requirement:
    return Requirement(
        id=f"r{number}",
        text=draft.text,
        question=draft.question,
        kind=draft.kind,
        expected=draft.expected.strip().lower(),
        weight=draft.weight,
    )
