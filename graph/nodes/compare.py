"""compare: choose what is delivered by one call over the captions of all pictures (select_best_image)."""

from __future__ import annotations

from langgraph.runtime import Runtime

from overpaint.graph.allowance import room_left
from overpaint.graph.beliefs import letters
from overpaint.graph.critics.caption import captioned
from overpaint.graph.crowning import passes
from overpaint.graph.method_schemas import Chosen
from overpaint.graph.settings import Settings
from overpaint.graph.state import Candidate, Plan, State
from overpaint.graph.toolbox import Toolbox, open_toolbox
from overpaint.tools.asking import Reply


async def compare(state: State, runtime: Runtime[Settings]) -> State:
    """Ask which caption is nearest to the brief. Without a number that fits, the first picture is taken, and said so.

    Where a cap leaves no room to ask, the champion stays.

    Raises:
        ProviderFault: the judge could not be reached.
    """
    settings = Settings.model_validate(state["settings"])
    toolbox = await open_toolbox(state["settings"], state["run"], "compare", runtime, room_left(state, settings))
    captions = captioned(await toolbox.walk(state))
    if len(captions) < 2:
        return {}
    prompt, values = toolbox.text("caption.best"), {"brief": state["asked"]["text"], "captions": captions}
    reply = await toolbox.consult("judge", prompt, Chosen, values=values)
    champion, (place, said) = state["champion"], _place(reply, len(captions))
    if place is not None:
        champion = await _candidate(captions[place]["id"], state, toolbox)
    plan = Plan(**{**state["plan"], "why": f"{_why(state, champion)}; {said}"})
    return {
        "champion": champion,
        "plan": plan,
        "prompts": {prompt.name: prompt.label},
        "receipt": await toolbox.spent(),
    }


def _why(state: State, chosen: Candidate | None) -> str:
    """Why the run stopped; of a picture that is not delivered, nothing is said as if it were."""
    stopped_by_another = state["plan"]["stop"] == "passed" and not passes(chosen)
    return "another picture agreed" if stopped_by_another else state["plan"]["why"]


def _place(reply: Reply[Chosen], count: int) -> tuple[int | None, str]:
    """Which caption was chosen, from 0, and how to say so; None where there was no room to ask."""
    if not reply.calls:
        return None, f"the best of {count} was not chosen by its caption, so the champion stays: {reply.fault}"
    if reply.value is None:
        return 0, f"no choice among the {count} captions could be read ({reply.fault}), so the first picture is taken"
    index = reply.value.index
    if not 1 <= index <= count:
        return 0, f"picture {index} of {count} was chosen, which there is not, so the first is taken"
    return index - 1, f"picture {index} of {count} was chosen by its caption"


async def _candidate(id_: str, state: State, toolbox: Toolbox) -> Candidate:
    """A candidate by its id; one that has left the window is read from its record."""
    if id_ in state["candidates"]:
        return state["candidates"][id_]
    record = next(record for record in await toolbox.walk(state) if record["id"] == id_)
    verdict = record["verdict"]
    return Candidate(
        id=id_,
        parent=record["parent"],
        round=record["round"],
        action=record["action"],
        depth=0,
        seed=record["seed"],
        outcome=record["outcome"],
        image=record["image"],
        beliefs=letters(verdict["beliefs"]) if verdict else "",
        score=verdict["score"] if verdict else None,
        record=await toolbox.records.write(record),
    )
