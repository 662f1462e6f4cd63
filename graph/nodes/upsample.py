"""upsample: rewrite the brief as a prompt that fits the painter."""

from __future__ import annotations

from langgraph.runtime import Runtime

from overpaint.graph.schemas import Upsampled
from overpaint.graph.settings import Settings
from overpaint.graph.state import State
from overpaint.graph.toolbox import open_toolbox
from overpaint.prompts import load


async def upsample(state: State, runtime: Runtime[Settings]) -> State:
    """Write the image prompt. Switched off, or when the writer's answer cannot be read, the brief itself is painted."""
    brief = state["asked"]["text"]
    toolbox = await open_toolbox(state["settings"], state["run"], "upsample", runtime)
    if not toolbox.settings.upsample:
        return {"prompt": brief}
    prompt = load("upsample")
    values = {"brief": brief, "token_limit": state["painter"]["token_limit"]}
    reply = await toolbox.consult("writer", prompt, Upsampled, values=values)
    written = reply.value.prompt.strip() if reply.value else ""
    return {"prompt": written or brief, "prompts": {prompt.name: prompt.label}, "receipt": await toolbox.spent()}
