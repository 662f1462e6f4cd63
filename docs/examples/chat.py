"""The graph as a chat: messages in, messages out, and a follow-up that refines what the thread has.

On a LangGraph server the same is `client.runs.wait(thread, "agent", input={"messages": […]})` of langgraph-sdk.
"""

import asyncio
from typing import Any

from langgraph.checkpoint.memory import InMemorySaver

from overpaint.graph.flow import build_graph


async def say(graph: Any, text: str) -> dict[str, Any]:
    """One turn of the conversation: what was asked, and the state it led to."""
    said = {"messages": [{"role": "user", "content": text}]}
    talk = {"configurable": {"thread_id": "1"}}
    state: dict[str, Any] = await graph.ainvoke(said, talk, context={"max_images": 2, "seed": 1})
    print(f"> {text}\n{state['messages'][-1].text}\n")
    return state


async def main() -> list[dict[str, Any]]:
    """Ask for a picture, then for a change of it."""
    graph = build_graph(InMemorySaver())
    return [await say(graph, "a large red circle in the center"), await say(graph, "make it blue")]


if __name__ == "__main__":
    result = asyncio.run(main())
