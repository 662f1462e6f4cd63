"""reply: tell what a message asked about the pictures there are. Nothing is painted or judged."""

from __future__ import annotations

from typing import Any, cast

from langchain_core.messages import AIMessage

from overpaint.graph.conversation import LONGEST_ANSWER
from overpaint.graph.record import Record
from overpaint.graph.state import State
from overpaint.graph.talk import Question
from overpaint.graph.telling import bill, escaped, picture, verdict_of
from overpaint.graph.toolbox import Toolbox, open_toolbox
from overpaint.graph.turns import recalled

HELP = (
    "Say what to change, or what to paint instead. Or: `undo`, `why`, `show`, `show 2` for the second picture, "
    "`new: …` for another brief."
)


async def reply(state: State) -> dict[str, Any]:
    """Answer with a message; `undo` also leads back to the run of the turn before."""
    question = cast(Question, state["question"])
    toolbox = await open_toolbox(state["settings"])
    if question["kind"] == "undo":
        return await _undone(state, toolbox)
    if question["kind"] == "other":
        text = f"{escaped(question['text'], LONGEST_ANSWER)}\n\n{HELP}" if question["text"] else HELP
    elif question["kind"] == "show":
        text = await _shown(question["which"], state, toolbox)
    else:
        text = await _why(state, toolbox)
    return {"messages": [AIMessage(text)]}


async def _undone(state: State, toolbox: Toolbox) -> dict[str, Any]:
    if not (turns := state.get("turns")):
        return {"messages": [AIMessage(f"There is nothing to undo: no picture came before this one.\n\n{HELP}")]}
    before = await recalled(turns, toolbox.records)
    seen = await _champion(cast(State, before), toolbox)
    text = f"Back to “{escaped(before['asked']['text'])}”.\n\n{seen}"
    return {**before, "messages": [AIMessage(text)]}


async def _champion(state: State, toolbox: Toolbox) -> str:
    champion = state.get("champion")
    if champion is None:
        return "There is no picture yet."
    return await _told(await toolbox.record(champion), state, toolbox)


async def _told(record: Record, state: State, toolbox: Toolbox) -> str:
    return await picture(record["image"], state["asked"]["text"], toolbox) + verdict_of(record)


async def _shown(which: int | None, state: State, toolbox: Toolbox) -> str:
    """A picture of the run by its number, in the order they were made; the champion without one."""
    if which is None:
        return await _champion(state, toolbox)
    records = [r for r in await toolbox.walk(state) if r["image"] and r["run"] == state["run"]]
    if not 1 <= which <= len(records):
        held = "1 picture" if len(records) == 1 else f"{len(records)} pictures"
        return f"There is no picture {which}: this turn has {held}.\n\n{HELP}"
    record = records[which - 1]
    return f"Picture {which} of {len(records)} (candidate {record['id']}):\n\n{await _told(record, state, toolbox)}"


async def _why(state: State, toolbox: Toolbox) -> str:
    why = state["plan"]["why"] if state.get("ended") else "it was broken off before it was done"
    return f"{await _champion(state, toolbox)}\n\nStopped: {escaped(why)}. {bill(state['receipt'])}"
