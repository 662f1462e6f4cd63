"""reply: tell what a message asked about the pictures there are. Nothing is painted or judged."""

from __future__ import annotations

from typing import Any, Literal, cast

from langchain_core.messages import AIMessage
from langgraph.types import Command

from overpaint.graph.conversation import LONGEST_ANSWER
from overpaint.graph.minting import SHOWN
from overpaint.graph.record import Record
from overpaint.graph.settings import Settings
from overpaint.graph.state import State
from overpaint.graph.talk import CARRIED, Question
from overpaint.graph.telling import bill, escaped, picture, verdict_of
from overpaint.graph.toolbox import Toolbox, open_toolbox
from overpaint.graph.turns import recalled

HELP = (
    "Say what to change, or what to paint instead. Or: `undo`, `why`, `show`, `show 2` for the second picture, "
    "`new: …` for another brief."
)


async def reply(state: State) -> Command[Literal["review", "review_checklist", "__end__"]]:
    """Answer with a message; where a person was asked something, ask again. `undo` leads back to the turn before."""
    question = cast(Question, state["question"])
    toolbox = await open_toolbox(state["settings"])
    if question["kind"] == "undo" and state.get("turns"):
        return Command(update=await _undone(state, toolbox), goto="__end__")
    text = await _answer(question, state, toolbox)
    return Command(update={"messages": [AIMessage(text)]}, goto=_pending(state, toolbox.settings))


def _pending(state: State, settings: Settings) -> Literal["review", "review_checklist", "__end__"]:
    """The node that was waiting for a person when the message came instead of an answer; the end where none was."""
    if state.get("ended"):
        return "__end__"
    if state.get("reviewing"):
        return "review"
    begun = state["round"] >= 0 and state["plan"]["why"] != CARRIED
    asks = settings.review_checklist and settings.judge_method != "none"
    return "review_checklist" if asks and state.get("prompt") and not begun else "__end__"


async def _answer(question: Question, state: State, toolbox: Toolbox) -> str:
    if question["kind"] == "undo":
        return f"There is nothing to undo: no picture came before this one.\n\n{HELP}"
    if question["kind"] == "other":
        return f"{escaped(question['text'], LONGEST_ANSWER)}\n\n{HELP}" if question["text"] else HELP
    if question["kind"] == "show":
        return await _shown(question["which"], state, toolbox)
    return await _why(state, toolbox)


async def _undone(state: State, toolbox: Toolbox) -> dict[str, Any]:
    before = await recalled(state["turns"], toolbox.records)
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
    """A picture that this run painted, by its number in the order they were made; the champion without one."""
    if which is None:
        return await _champion(state, toolbox)
    here = [record for record in await toolbox.walk(state) if record["run"] == state["run"]]
    records = [record for record in here if record["image"] and record["action"] not in SHOWN]
    if not 1 <= which <= len(records):
        held = "1 picture" if len(records) == 1 else f"{len(records)} pictures"
        return f"There is no picture {which}: this turn has {held}.\n\n{HELP}"
    record = records[which - 1]
    return f"Picture {which} of {len(records)} (candidate {record['id']}):\n\n{await _told(record, state, toolbox)}"


async def _why(state: State, toolbox: Toolbox) -> str:
    why = state["plan"]["why"] if state.get("ended") else "it was broken off before it was done"
    return f"{await _champion(state, toolbox)}\n\nStopped: {escaped(why)}. {bill(state['receipt'])}"
