"""The tool `refine_image` in a real agent: a loopback chat server calls it, the built-in painter paints."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.utils.function_calling import convert_to_openai_tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.errors import GraphDrained
from langgraph.runtime import RunControl
from langgraph.types import Command

from overpaint.agent_tool import as_tool
from overpaint.runs import load_runs
from overpaint.tools.chat import get_chat
from overpaint.tools.faults import BadInput
from overpaint.tools.images import ImageStore
from tests.servers import ChatServer, Say, chat_server

ROOT = Path(__file__).parent.parent.parent
CIRCLE = "one large red circle in the center"
HARD = "a red circle in the top left, a blue star at the top, a green square in the top right and an orange cross"
ON = {"configurable": {"thread_id": "talk"}}
ASK: Any = {"messages": [HumanMessage("Paint something.")]}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ChatServer]:
    with chat_server(Say("Done.")) as server:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-of-this-test-alone")
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        yield server


def calls(*asked: dict[str, Any], first: int = 1) -> Say:
    """The model's wish to call the tool, once for each."""
    made = [
        {"id": f"call-{i}", "type": "function", "function": {"name": "refine_image", "arguments": json.dumps(one)}}
        for i, one in enumerate(asked, first)
    ]
    return Say(None, finish="tool_calls", tool_calls=tuple(made))


def agent_of(home: Path, saver: Any = None, **settings: Any) -> Any:
    model = get_chat("openai:m", ImageStore(home / "images"))
    model.disable_streaming = True  # the server streams no tool calls
    return create_agent(model, [as_tool(settings={"seed": 1, **settings})], checkpointer=saver)


def told(state: dict[str, Any]) -> list[ToolMessage]:
    return [message for message in state["messages"] if isinstance(message, ToolMessage)]


def painted(home: Path) -> int:
    """How many requests the ledger holds."""
    with sqlite3.connect(home / "overpaint.db") as database:
        return int(database.execute("SELECT COUNT(*) FROM overpaint_requests").fetchone()[0])


def test_a_wrong_setting_is_found_when_the_tool_is_made() -> None:
    with pytest.raises(BadInput, match="per_round"):
        as_tool(settings={"per_round": 99})


def test_the_model_is_offered_three_plain_arguments() -> None:
    offered = convert_to_openai_tool(as_tool())["function"]["parameters"]
    assert set(offered["properties"]) == {"brief", "image", "max_images"}
    assert offered["required"] == ["brief"]
    assert all(one["description"] for one in offered["properties"].values())


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"brief": " "}, "the brief is empty"),
        ({"brief": CIRCLE, "image": "0123456789abcdef" * 4}, "no picture 0123456789abcdef"),
        ({"brief": CIRCLE, "image": "../../etc/passwd"}, "sha256"),
        ({"brief": CIRCLE, "max_images": 99}, "max_images is 99 and may be at most 16 here"),
        ({"brief": CIRCLE, "max_images": 0}, "max_images"),
        ({"image": "x"}, "brief"),
    ],
)
async def test_what_cannot_be_done_is_an_answer_in_a_line(
    asked: dict[str, Any], said: str, server: ChatServer, home: Path
) -> None:
    server.script = [calls(asked), Say("I see.")]
    state = await agent_of(home).ainvoke(ASK)
    (answer,) = told(state)
    assert answer.status == "error"
    assert said in answer.text
    assert "Traceback" not in answer.text
    assert state["messages"][-1].text == "I see."


@pytest.mark.slow
async def test_an_agent_gets_a_picture_and_sees_it_being_made(server: ChatServer, home: Path) -> None:
    server.script = [calls({"brief": CIRCLE, "max_images": 2}), Say("There.")]
    parts = [
        part async for part in agent_of(home).astream(ASK, stream_mode=["custom", "values", "messages"], version="v2")
    ]
    (answer,) = told([part["data"] for part in parts if part["type"] == "values"][-1])
    image = answer.artifact["image"]
    assert answer.text.startswith(f"![{CIRCLE}](file://")
    assert image["sha256"] in answer.text
    assert "It shows everything that was asked." in answer.text
    assert "1 image" in answer.text
    assert answer.artifact["verdict"] == {"passed": True, "score": 1.0, "lacks": []}
    assert (await load_runs())[0].thread == answer.artifact["thread"]
    assert len(json.dumps(answer.artifact)) < 1000
    assert image["sha256"] in server.asked[-1].raw.decode()
    kinds = {part["data"]["kind"] for part in parts if part["type"] == "custom"}
    assert {"started", "checklist", "painted", "judged", "champion"} <= kinds
    assert {part["data"]["tool_call_id"] for part in parts if part["type"] == "custom"} == {"call-1"}
    # What the run's own models say is no message of the agent.
    assert {part["data"][1]["langgraph_node"] for part in parts if part["type"] == "messages"} == {"model", "tools"}
    assert "base64" not in repr(parts)


@pytest.mark.slow
def test_a_sync_agent_refines_the_picture_it_was_given(server: ChatServer, home: Path, tmp_path: Path) -> None:
    with SqliteSaver.from_conn_string(str(tmp_path / "agent.db")) as saver:
        agent = agent_of(home, saver, max_images=2)
        server.script = [calls({"brief": CIRCLE}), Say("There.")]
        sha256 = told(agent.invoke(ASK, ON))[0].artifact["image"]["sha256"]
        # The same id as before: some servers count their calls from one in every turn.
        server.script = [calls({"brief": "one large blue circle in the center", "image": sha256}), Say("Blue now.")]
        first, second = told(agent.invoke({"messages": [HumanMessage("Blue, please.")]}, ON))
    assert second.artifact["run"] != first.artifact["run"]
    assert second.artifact["verdict"]["passed"]


@pytest.mark.slow
async def test_calls_side_by_side_have_a_run_each(server: ChatServer, home: Path) -> None:
    server.script = [calls({"brief": CIRCLE}, {"brief": CIRCLE}), Say("Two.")]
    answers = told(await agent_of(home).ainvoke(ASK))
    assert len({answer.artifact["run"] for answer in answers}) == 2
    assert all(answer.artifact["verdict"]["passed"] for answer in answers)


REVIEWED = {"review": "champion", "max_images": 4, "review_checklist": True}


def asked_for(state: dict[str, Any]) -> dict[str, Any]:
    """The one action that a person is asked about."""
    (question,) = state["__interrupt__"]
    assert set(question.value) == {"action_requests", "review_configs"}
    (action,) = question.value["action_requests"]
    return dict(action)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["sync", "async"])
async def test_a_person_steers_the_run_through_the_agent(mode: str, server: ChatServer, home: Path) -> None:
    agent = agent_of(home, InMemorySaver(), **REVIEWED)

    async def go(given: Any) -> Any:
        return agent.invoke(given, ON) if mode == "sync" else await agent.ainvoke(given, ON)

    server.script = [calls({"brief": HARD}), Say("There.")]
    assert asked_for(await go(ASK))["name"] == "use_checklist"
    again = asked_for(await go(Command(resume="hmm")))  # no answer to a checklist: asked again, and told why
    assert again["description"].startswith("The answer could not be used")
    assert painted(home) == 0
    first = asked_for(await go(Command(resume={"decisions": [{"type": "approve"}]})))
    assert (first["name"], first["args"]["candidate"], painted(home)) == ("deliver", "0.0", 1)
    second = asked_for(await go(Command(resume="reject")))
    assert (second["name"], second["args"]["candidate"], painted(home)) == ("deliver", "1.0", 2)
    (answer,) = told(await go(Command(resume="approve")))
    assert answer.artifact["image"]["sha256"] == second["args"]["image"]
    assert answer.artifact["receipt"]["images"] == painted(home) == 2
    assert len(server.asked) == 2  # the agent's model was asked before and after, and for no answer


@pytest.mark.slow
async def test_two_questions_at_once_are_answered_by_their_ids(server: ChatServer, home: Path) -> None:
    agent = agent_of(home, InMemorySaver(), review_checklist=True)
    server.script = [calls({"brief": CIRCLE}, {"brief": "a green star"}), Say("Two.")]
    asked = await agent.ainvoke(ASK, ON)
    first, second = asked["__interrupt__"]
    half = await agent.ainvoke(Command(resume={first.id: "approve"}), ON)
    assert [question.id for question in half["__interrupt__"]] == [second.id]
    answers = told(await agent.ainvoke(Command(resume={second.id: "approve"}), ON))
    assert [answer.artifact["verdict"]["passed"] for answer in answers] == [True, True]
    assert painted(home) == sum(answer.artifact["receipt"]["images"] for answer in answers)


@pytest.mark.slow
async def test_an_agent_that_is_drained_leaves_the_run_to_be_taken_up(server: ChatServer, home: Path) -> None:
    agent, control = agent_of(home, InMemorySaver(), max_images=2), RunControl()
    server.script = [calls({"brief": CIRCLE}), Say("There.")]

    async def stop_at_the_checklist() -> None:
        async for part in agent.astream(ASK, ON, stream_mode="custom", version="v2", control=control):
            if part["data"]["kind"] == "checklist":
                control.request_drain("the server stops")

    with pytest.raises(GraphDrained):
        await stop_at_the_checklist()
    assert (await load_runs())[0].status == "interrupted"
    (answer,) = told(await agent.ainvoke(None, ON))
    assert answer.artifact["receipt"]["images"] == painted(home) == 1


DIES = """
import os, sys
from pathlib import Path
from langgraph.checkpoint.sqlite import SqliteSaver
from tests.face.test_agent_tool import ASK, ON, agent_of

with SqliteSaver.from_conn_string(sys.argv[1]) as saver:
    agent = agent_of(Path(os.environ["OVERPAINT_HOME"]), saver, max_images=2)
    for part in agent.stream(ASK, ON, stream_mode="custom", durability="sync"):
        if part["kind"] == "painted":
            os._exit(9)
"""


@pytest.mark.slow
@pytest.mark.long
def test_a_crash_while_the_tool_paints_loses_nothing(server: ChatServer, home: Path, tmp_path: Path) -> None:
    kept = str(tmp_path / "agent.db")
    server.script = [calls({"brief": HARD}), Say("There.")]
    died = subprocess.run([sys.executable, "-c", DIES, kept], cwd=ROOT, check=False, timeout=100)
    assert died.returncode == 9
    begun = [run.run for run in asyncio.run(load_runs())]
    with SqliteSaver.from_conn_string(kept) as saver:
        (answer,) = told(agent_of(home, saver, max_images=2).invoke(None, ON))
    assert [answer.artifact["run"]] == begun
    assert answer.artifact["receipt"]["images"] == painted(home) == 1  # that of before the crash, which passes
    assert len(server.asked) == 2


@pytest.mark.slow
async def test_an_agent_that_cannot_pause_is_told_where_to_answer(server: ChatServer, home: Path) -> None:
    server.script = [calls({"brief": CIRCLE}), Say("I see.")]
    (answer,) = told(await agent_of(home, review_checklist=True).ainvoke(ASK))
    assert answer.status == "error"
    assert "waits for a person" in answer.text
    assert "overpaint resume" in answer.text
