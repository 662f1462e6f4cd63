"""The graph as a node of a graph of your own: it shares the state keys that both name, and its pauses are yours.

Your messages stay as they are, with their pictures: it reads them, and adds its own. So `messages` needs a reducer that
appends, as that of MessagesState does.
"""

import asyncio
from typing import Any

from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.types import Command

from overpaint.graph.flow import build_graph
from overpaint.graph.settings import Settings
from overpaint.graph.state import Candidate, Receipt


class Order(MessagesState):
    """`brief` goes into our graph, `champion` and `receipt` come out, `messages` both; `customer` stays yours."""

    customer: str
    brief: str | None
    champion: Candidate | None
    receipt: Receipt


def take_order(state: Order) -> dict[str, Any]:
    """Your node before: it writes the brief."""
    return {"brief": str(state["messages"][-1].text).removeprefix("Please paint ")}


def write_bill(state: Order) -> dict[str, Any]:
    """Your node after: it reads what came out."""
    said = f"Dear {state['customer']}, that was {state['receipt']['images']} picture(s)."
    return {"messages": [{"role": "assistant", "content": said}]}


def shop() -> Any:
    """Your graph. Its checkpointer keeps ours as well, and its context is our settings."""
    flow = StateGraph(Order, context_schema=Settings)
    flow.add_node(take_order)
    flow.add_node("paint", build_graph())
    flow.add_node(write_bill)
    flow.add_edge(START, "take_order")
    flow.add_edge("take_order", "paint")
    flow.add_edge("paint", "write_bill")
    flow.add_edge("write_bill", END)
    return flow.compile(checkpointer=InMemorySaver())


async def main() -> dict[str, Any]:
    """Order a picture, look at each new champion, and take it."""
    graph, talk = shop(), {"configurable": {"thread_id": "1"}}
    settings = Settings(review="champion", max_images=4, seed=1)
    asked = {"customer": "Ada", "messages": [{"role": "user", "content": "Please paint a large red circle"}]}
    given: Any = asked
    while given is not None:
        parts = graph.astream(given, talk, context=settings, stream_mode=["updates", "custom"], subgraphs=True)
        async for place, kind, part in parts:
            print(place, kind, list(part) if kind == "updates" else part["kind"])
        waiting = (await graph.aget_state(talk)).interrupts
        given = Command(resume={"decisions": [{"type": "approve"}]}) if waiting else None
    values: dict[str, Any] = (await graph.aget_state(talk)).values
    print("\n".join(str(message.text) for message in values["messages"]))
    return values


if __name__ == "__main__":
    result = asyncio.run(main())
