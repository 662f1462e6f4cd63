"""Any LangChain agent can hold the tools: it is driven here by a real client over a scripted server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import BaseTool, ToolException

from overpaint.prompts import load
from overpaint.tools.chat import get_chat, picture
from overpaint.tools.database import open_database
from overpaint.tools.faults import BadInput
from overpaint.tools.generate_image import make_generate_image
from overpaint.tools.images import ImageStore
from overpaint.tools.inspect_image import make_inspect_image
from overpaint.tools.ledger import Ledger
from overpaint.tools.painters import get_painter
from tests.servers import ChatServer, Say, chat_server


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ChatServer]:
    with chat_server(Say("Done.")) as server:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-of-this-test-alone")
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        yield server


def calls(name: str, **arguments: Any) -> Say:
    function = {"name": name, "arguments": json.dumps(arguments)}
    return Say(None, finish="tool_calls", tool_calls=({"id": "call-1", "type": "function", "function": function},))


def inspector(chat: str, store: ImageStore) -> BaseTool:
    prompt = load("judge.checklist")
    return make_inspect_image(
        get_chat(chat, store),
        instructions=prompt.render(questions=[])[0],
        question_prompt=lambda questions: prompt.render(questions=questions)[1],
    )


async def test_an_agent_inspects_a_picture_it_was_shown_by_reference(
    server: ChatServer, tmp_path: Path, draw: Any
) -> None:
    store = ImageStore(tmp_path)
    sha256 = (await store.save(draw((32, 32, 9, "red"))))["sha256"]
    inspection = {"observations": "A red disc.", "answers": [{"number": 1, "evidence": "centre", "answer": "yes"}]}
    server.script = [
        calls("inspect_image", image=sha256, questions=["Is there a disc?"]),
        Say(json.dumps(inspection)),
        Say("There is one."),
    ]
    agent = create_agent(get_chat("openai:m", store), [inspector("openai:m", store)])
    asked = HumanMessage([{"type": "text", "text": f"What is on {sha256}?"}, picture(sha256)])
    state = await agent.ainvoke({"messages": [asked]})

    tool_message = next(m for m in state["messages"] if isinstance(m, ToolMessage))
    assert tool_message.content == "1. yes (centre)"
    assert tool_message.artifact["calls"] == 1
    assert state["messages"][-1].text == "There is one."
    assert all("data:image/png;base64," in r.raw.decode() for r in server.asked)
    assert "base64" not in repr(state)


def made_up(tool: str) -> dict[str, Any]:
    """Arguments with a sha256 that nothing stored has."""
    sha256 = "0123456789abcdef" * 4
    painting = {"prompt": "a circle", "source": sha256}
    return painting if tool == "generate_image" else {"image": sha256, "questions": ["Is there a disc?"]}


def both_tools(store: ImageStore, home: Path) -> dict[str, BaseTool]:
    home.mkdir()
    tools = (
        make_generate_image(get_painter("shapes"), store, Ledger(open_database(f"sqlite:///{home}/overpaint.db"))),
        inspector("shapes", store),
    )
    return {tool.name: tool for tool in tools}


@pytest.mark.parametrize("name", ["generate_image", "inspect_image"])
async def test_an_agent_that_makes_up_a_picture_is_told_and_carries_on(
    name: str, server: ChatServer, home: Path
) -> None:
    store = ImageStore(home / "images")
    tool = both_tools(store, home)[name]
    tool.handle_tool_error = True
    server.script = [calls(name, **made_up(name)), Say("I made that up.")]
    state = await create_agent(get_chat("openai:m", store), [tool]).ainvoke({"messages": [HumanMessage("Go on.")]})

    told = next(m for m in state["messages"] if isinstance(m, ToolMessage))
    assert told.status == "error"
    assert told.text.startswith("no picture 0123456789abcdef")
    assert "\n" not in told.text
    assert told.text in server.asked[-1].raw.decode()
    assert state["messages"][-1].text == "I made that up."


async def test_an_agent_is_told_what_the_painter_cannot_do(server: ChatServer, home: Path) -> None:
    store = ImageStore(home / "images")
    tool = both_tools(store, home)["generate_image"]
    tool.handle_tool_error = True
    server.script = [calls(tool.name, prompt="a red circle", width=4096, height=4096), Say("Too large, then.")]
    state = await create_agent(get_chat("openai:m", store), [tool]).ainvoke({"messages": [HumanMessage("Go on.")]})
    told = next(m for m in state["messages"] if isinstance(m, ToolMessage))
    assert (told.status, told.text) == (
        "error",
        "shapes cannot paint size 4096x4096: choose width and height from 64 to 512 pixels in steps of 8",
    )


@pytest.mark.parametrize("name", ["generate_image", "inspect_image"])
async def test_code_gets_the_same_fault_as_bad_input(name: str, home: Path) -> None:
    tool = both_tools(ImageStore(home / "images"), home)[name]
    call = {"name": name, "args": made_up(name), "id": "1", "type": "tool_call"}
    with pytest.raises(BadInput, match="no picture") as caught:
        await tool.ainvoke(call)
    assert isinstance(caught.value, ToolException)


@pytest.mark.slow
async def test_an_agent_paints_with_the_built_in_painter_and_looks_with_the_built_in_model(
    server: ChatServer, tmp_path: Path
) -> None:
    store = ImageStore(tmp_path / "images")
    painting = make_generate_image(
        get_painter("shapes"), store, Ledger(open_database(f"sqlite:///{tmp_path}/overpaint.db"))
    )
    looking = inspector("shapes", store)
    prompt = "one large red circle in the center"
    server.script = [calls("generate_image", prompt=prompt, seed=7), Say("Painted.")]
    agent = create_agent(get_chat("openai:m", store), [painting, looking])
    painted = await agent.ainvoke({"messages": [HumanMessage(prompt)]})
    image = next(m for m in painted["messages"] if isinstance(m, ToolMessage)).artifact["image"]
    assert image["sha256"] in repr(server.asked[-1].json["messages"])

    questions = ["Is there a red circle?", "How many blue squares are there?"]
    server.script = [calls("inspect_image", image=image["sha256"], questions=questions), Say("As asked.")]
    state = await agent.ainvoke({"messages": [*painted["messages"], HumanMessage("Does it show that?")]})
    look = [m for m in state["messages"] if isinstance(m, ToolMessage)][-1].artifact
    assert look["fault"] is None
    assert look["usd"] == 0.0
    assert [a["answer"] for a in look["inspection"]["answers"]] == ["yes", "0"]
    assert len(repr(state)) < 20_000
