"""specify: turn the brief into the checklist that every picture is judged by."""

from __future__ import annotations

from langgraph.runtime import Runtime

from overpaint.graph.allowance import writer_room
from overpaint.graph.checklists import numbered, whole
from overpaint.graph.schemas import ChecklistDraft
from overpaint.graph.settings import Settings
from overpaint.graph.state import State
from overpaint.graph.toolbox import open_toolbox


async def specify(state: State, runtime: Runtime[Settings]) -> State:
    """Write the checklist, unless one came with the brief.

    Without an answer that can be read, and for judges that go by the brief, the whole brief is the one requirement.
    """
    return {**await _specified(state, runtime), "listed": None}


async def _specified(state: State, runtime: Runtime[Settings]) -> State:
    room = writer_room(state, Settings.model_validate(state["settings"]), checklist=True)
    toolbox = await open_toolbox(state["settings"], state["run"], "specify", runtime, room)
    if toolbox.settings.judge_method == "none":
        return {"checklist": []}
    if toolbox.settings.judge_method != "checklist":
        return {"checklist": numbered(whole(state["asked"]["text"]).requirements)}
    if listed := state.get("listed"):
        return {"checklist": listed}
    prompt, instead, brief = toolbox.text("specify"), toolbox.text("specify.whole"), state["asked"]["text"]
    reply = await toolbox.consult("writer", prompt, ChecklistDraft, values={"brief": brief})
    drafts = reply.value or whole(brief, instead)
    used = [prompt] if reply.value else [prompt, instead]
    labels, spent = {one.name: one.label for one in used}, await toolbox.spent()
    return {"checklist": numbered(drafts.requirements), "prompts": labels, "receipt": spent}
