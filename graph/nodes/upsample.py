"""upsample: write the first prompt, or prompts, by the method of the settings."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from langgraph.runtime import Runtime

from overpaint.graph.allowance import writer_room
from overpaint.graph.settings import Settings
from overpaint.graph.state import State
from overpaint.graph.toolbox import Toolbox, open_toolbox
from overpaint.graph.writers.compare import by_comparing
from overpaint.graph.writers.rewrite import by_rewriting
from overpaint.graph.writers.variations import by_varying

METHODS: dict[str, Callable[[State, Toolbox], Awaitable[State]]] = {
    "rewrite": by_rewriting,
    "compare": by_comparing,
    "variations": by_varying,
}


async def upsample(state: State, runtime: Runtime[Settings]) -> State:
    """Write the image prompt. Switched off, the brief itself is painted.

    Raises:
        ProviderFault: the writer could not be reached, or its method cannot do without an answer.
    """
    settings = Settings.model_validate(state["settings"])
    if not settings.upsample:
        return {"prompt": state["asked"]["text"]}
    room = writer_room(state, settings, checklist=False)
    toolbox = await open_toolbox(state["settings"], state["run"], "upsample", runtime, room)
    written = await METHODS[settings.upsample_method](state, toolbox)
    return {**written, "receipt": await toolbox.spent()}
