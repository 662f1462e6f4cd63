"""deliver: give back the champion, never the last picture, with why it stopped and what it cost."""

from __future__ import annotations

from overpaint.graph.crowning import at_work, passes
from overpaint.graph.state import State
from overpaint.graph.telling import answer, bill, escaped, picture, verdict_of
from overpaint.graph.toolbox import Toolbox, open_toolbox


async def deliver(state: State) -> State:
    """End the run: name the reason, and show the champion as Markdown that a chat can render."""
    toolbox = await open_toolbox(state["settings"])
    unrendered = await _unrendered(state, toolbox)
    text = await _told(state, toolbox)
    if unrendered:
        text += f"\n\nA revised prompt was never painted: {escaped(unrendered)}"
    return {"ended": state["plan"]["stop"], "messages": [answer(state["run"], text)], "unrendered": unrendered}


async def _told(state: State, toolbox: Toolbox) -> str:
    champion, stopped = state["champion"], f"Stopped: {escaped(state['plan']['why'])}. {bill(state['receipt'])}"
    if champion is None:
        return f"There is no picture. {stopped}"
    shown = await picture(champion["image"], state["asked"]["text"], toolbox)
    return f"{shown}{verdict_of(await toolbox.record(champion))}\n\n{stopped}"


async def _unrendered(state: State, toolbox: Toolbox) -> str | None:
    """The prompt that the judge wrote with its last verdict, where no picture of it was painted or wanted."""
    last = at_work(state, toolbox.settings)
    if last is None or toolbox.settings.critique_method != "fused" or passes(last):
        return None
    verdict = (await toolbox.record(last))["verdict"]
    suggested = verdict.get("suggested") if verdict else None
    painted = {record["prompt"] for record in await toolbox.walk(state) if record["image"]}
    return None if suggested in painted else suggested
