"""upsample: rewrite the brief as a prompt that fits the painter."""

from __future__ import annotations

from langgraph.runtime import Runtime

from overpaint.graph.allowance import writer_room
from overpaint.graph.fitting import fitted
from overpaint.graph.schemas import Upsampled
from overpaint.graph.settings import Settings
from overpaint.graph.state import State
from overpaint.graph.toolbox import open_toolbox
from overpaint.prompts import load


async def upsample(state: State, runtime: Runtime[Settings]) -> State:
    """Write the image prompt. Switched off, or when the writer's answer cannot be read, the brief itself is painted."""
    brief = state["asked"]["text"]
    room = writer_room(state, Settings.model_validate(state["settings"]), checklist=False)
    toolbox = await open_toolbox(state["settings"], state["run"], "upsample", runtime, room)
    if not toolbox.settings.upsample:
        return {"prompt": brief}
    prompt = load("upsample")
    limit = state["painter"]["token_limit"]
    reply = await toolbox.consult("writer", prompt, Upsampled, values={"brief": brief, "token_limit": limit})
    written = reply.value.prompt.strip() if reply.value else ""
    text, labels = await fitted(written or brief, brief, "writer", limit, toolbox)
    return {"prompt": text, "prompts": {prompt.name: prompt.label, **labels}, "receipt": await toolbox.spent()}
