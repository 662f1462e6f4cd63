"""An agent of your own with one tool that paints: `overpaint.as_tool()`.

Runs as it is, with a model that follows a script; `MODEL=openai:gpt-5-mini` takes a real one.
A person looks at the checklist before anything is painted: the agent pauses, and goes on with the answer.
"""

import os
from typing import Any

from langchain.agents import create_agent
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

import overpaint


class Scripted(GenericFakeChatModel):
    """Says what it was given to say, and takes tools as real models do."""

    def bind_tools(self, tools: Any, **options: Any) -> Any:
        """Nothing to bind: the script says which tool is called."""
        return self


def scripted() -> Scripted:
    """Calls the tool, then says that it is done."""
    call = {"name": "refine_image", "args": {"brief": "a red circle above a blue square"}, "id": "call-1"}
    return Scripted(messages=iter([AIMessage("", tool_calls=[call]), AIMessage("There it is.")]))


def main() -> dict[str, Any]:
    """Ask for a picture, approve its checklist, and print what comes back."""
    tool = overpaint.as_tool(settings={"max_images": 4, "seed": 1, "review_checklist": True})
    agent = create_agent(os.environ.get("MODEL") or scripted(), tools=[tool], checkpointer=InMemorySaver())
    talk: Any = {"configurable": {"thread_id": "1"}}
    asked: Any = {"messages": [{"role": "user", "content": "Paint a red circle above a blue square."}]}
    given = asked
    while True:
        for part in agent.stream(given, talk, stream_mode="custom"):
            print(part["kind"])
        state = agent.get_state(talk)
        if not state.interrupts:
            break
        print(state.interrupts[0].value["action_requests"][0]["description"])
        given = Command(resume={"decisions": [{"type": "approve"}]})
    answer = next(m for m in state.values["messages"] if m.type == "tool")
    print(answer.text)
    return {"artifact": answer.artifact, "said": state.values["messages"][-1].text}


if __name__ == "__main__":
    result = main()
