"""deliver: give back the champion, never the last picture, with why it stopped and what it cost."""

from __future__ import annotations

from langchain_core.messages import AIMessage

from overpaint.graph.crowning import at_work, passes
from overpaint.graph.state import Receipt, State
from overpaint.graph.toolbox import Toolbox, open_toolbox


async def deliver(state: State) -> State:
    """End the run: name the reason, and show the champion as Markdown that a chat can render."""
    toolbox = await open_toolbox(state["settings"])
    champion, decision = state["champion"], state["plan"]
    image = champion["image"] if champion else None
    shown = f"![{_alt(state['asked']['text'])}]({toolbox.images.path(image).as_uri()})\n\n" if image else ""
    verdict = "It shows everything that was asked. " if passes(champion) else ""
    text = f"{shown}{verdict}Stopped: {decision['why']}. {_bill(state['receipt'])}"
    unrendered = await _unrendered(state, toolbox)
    if unrendered:
        text += f" A revised prompt was never painted: {unrendered}"
    return {"ended": decision["stop"], "messages": [AIMessage(text)], "unrendered": unrendered}


async def _unrendered(state: State, toolbox: Toolbox) -> str | None:
    """The prompt that the judge wrote with its last verdict, where no picture of it was painted or wanted."""
    last = at_work(state, toolbox.settings)
    if last is None or toolbox.settings.critique_method != "fused" or passes(last):
        return None
    verdict = (await toolbox.record(last))["verdict"]
    suggested = verdict.get("suggested") if verdict else None
    painted = {record["prompt"] for record in await toolbox.walk(state) if record["image"]}
    return None if suggested in painted else suggested


def _alt(brief: str) -> str:
    return brief[:80].replace("\n", " ").replace("[", "(").replace("]", ")")


def _bill(receipt: Receipt) -> str:
    money = "unknown cost" if receipt["usd"] is None else f"${receipt['usd']:.2f}"
    return f"{receipt['images']} pictures, {receipt['calls']} model calls, {receipt['tokens']} tokens, {money}."
