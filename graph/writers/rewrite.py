"""upsample_method=rewrite: the writer is asked once."""

from __future__ import annotations

from overpaint.graph.fitting import fitted
from overpaint.graph.schemas import Upsampled
from overpaint.graph.state import State
from overpaint.graph.toolbox import Toolbox


async def by_rewriting(state: State, toolbox: Toolbox) -> State:
    """The brief as a prompt that fits the painter; where the answer cannot be read, the brief itself."""
    prompt, brief, limit = toolbox.text("upsample"), state["asked"]["text"], state["painter"]["token_limit"]
    reply = await toolbox.consult("writer", prompt, Upsampled, values={"brief": brief, "token_limit": limit})
    written = reply.value.prompt.strip() if reply.value else ""
    text, labels = await fitted(written or brief, brief, "writer", limit, toolbox)
    return {"prompt": text, "prompts": {prompt.name: prompt.label, **labels}}
