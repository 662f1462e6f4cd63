"""The tool `refine_image` in a ToolNode, which makes all its calls in one task of LangGraph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, ToolCall
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from langgraph.types import Command

from overpaint.agent_tool import as_tool
from tests.face.test_agent_tool import CIRCLE, ON, asked_for, painted, told


@pytest.mark.slow
async def test_they_lose_no_picture_and_get_the_answers_meant_for_them(home: Path) -> None:
    flow = StateGraph(MessagesState)
    flow.add_node("tools", ToolNode([as_tool(settings={"seed": 1, "max_images": 2, "review_checklist": True})]))
    flow.add_edge(START, "tools")
    graph: Any = flow.compile(checkpointer=InMemorySaver())
    briefs = (CIRCLE, "a green star", "a blue square")
    wanted = [ToolCall(name="refine_image", args={"brief": brief}, id=brief) for brief in briefs]
    state = await graph.ainvoke({"messages": [AIMessage("", tool_calls=wanted)]}, ON)
    for brief, said in zip(briefs, ("approve", "stop", "approve"), strict=True):
        assert brief.removeprefix("one ") in asked_for(state)["description"]
        state = await graph.ainvoke(Command(resume=said), ON)
    first, second, third = told(state)
    assert "no picture was made" in second.text
    assert [answer.artifact["verdict"]["passed"] for answer in (first, third)] == [True, True]
    assert painted(home) == 2
