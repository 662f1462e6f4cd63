"""critique: say what is wrong with the picture at work and find what to paint next, by the method of the settings."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal

from langgraph.runtime import Runtime
from langgraph.types import Command

from overpaint.graph.allowance import critic_room
from overpaint.graph.critics.caption import by_caption
from overpaint.graph.critics.critiqued import Critiqued, reseeded
from overpaint.graph.critics.fused import by_judge
from overpaint.graph.critics.human import by_suggestion
from overpaint.graph.critics.targeted import by_failure
from overpaint.graph.crowning import at_work
from overpaint.graph.minting import sends, spread
from overpaint.graph.settings import Settings
from overpaint.graph.state import Candidate, Critique, State, add_receipts
from overpaint.graph.toolbox import Toolbox, open_toolbox

METHODS: dict[str, Callable[[State, Candidate, Toolbox], Awaitable[Critiqued]]] = {
    "targeted": by_failure,
    "fused": by_judge,
    "caption": by_caption,
    "human": by_suggestion,
}


async def critique(state: State, runtime: Runtime[Settings]) -> Command[Literal["candidate", "review"]]:
    """Find proposals for the picture at work, and send them out or show them to a person.

    Raises:
        ProviderFault: the critic could not be reached, or its method cannot do without an answer.
    """
    settings = Settings.model_validate(state["settings"])
    toolbox = await open_toolbox(state["settings"], state["run"], "critique", runtime, critic_room(state, settings))
    subject = at_work(state, settings)
    if subject is None:
        found = Critiqued("reseed", reseeded(state), fault="there is no picture to go by")
    else:
        found = await METHODS[settings.critique_method](state, subject, toolbox)
    critique_ = Critique(
        action=found.action, feedback=found.feedback, proposals=found.proposals, fault=found.fault, idea=found.idea
    )
    labels, spent = {**state.get("prompts", {}), **found.prompts}, await toolbox.spent()
    update: State = {"critique": critique_, "prompts": labels, "receipt": spent}
    if state.get("remark"):
        update["remark"] = None
    if settings.review in ("prompt", "both"):
        return Command(update={**update, "reviewing": "prompt"}, goto="review")
    chosen = spread(found.proposals, state["plan"]["count"])
    after: State = {**state, "prompts": labels, "receipt": add_receipts(state["receipt"], spent)}
    return Command(update=update, goto=sends(after, found.action, chosen, found.feedback))
