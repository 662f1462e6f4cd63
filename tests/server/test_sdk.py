"""langgraph-sdk against a live server: what Studio, chat apps and scripts do with it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from langgraph_sdk import get_client
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from overpaint.continuing import aresume
from overpaint.graph.method_settings import MethodSettings
from overpaint.prompts import load
from overpaint.run import arefine
from overpaint.runs import load_run
from overpaint.tools.database import open_database
from overpaint.tools.home import use_home
from overpaint.tools.leases import Held, Leases
from tests.image_servers import OpenAIImages, openai_images
from tests.server.live import live_server
from tests.servers import chat_server, measured

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

BRIEF = {"brief": "a red circle"}


@pytest.fixture(scope="module")
def kept_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sdk") / "home"


@pytest.fixture(scope="module")
def server(kept_in: Path) -> Iterator[str]:
    with live_server(kept_in) as url:
        yield url


@pytest.fixture(scope="module")
def quick() -> Iterator[Any]:
    """Settings of a run that paints one picture, at once."""
    with openai_images() as images:
        yield painted_by(images, max_images=1, seed=1)


def painted_by(images: OpenAIImages, **settings: Any) -> Any:
    return {"painter": "openai:m", "painter_base_url": images.url, **settings}


def paused(wait: Callable[[float], object]) -> None:
    """Keep a painter waiting."""
    wait(30)


async def begun(client: Any, images: OpenAIImages, **settings: Any) -> tuple[str, str]:
    """A run whose painter was just asked."""
    thread = (await client.threads.create())["thread_id"]
    asked = len(images.paid)
    run = await client.runs.create(thread, "agent", input=BRIEF, context=painted_by(images, **settings))
    while len(images.paid) == asked:
        await asyncio.sleep(0.02)
    return thread, run["run_id"]


async def test_studio_gets_schemas_with_every_setting_on_its_node(server: str) -> None:
    async with get_client(url=server) as client:
        assistant = (await client.assistants.search(graph_id="agent"))[0]
        schemas: dict[str, Any] = dict(await client.assistants.get_schemas(assistant["assistant_id"]))
        drawn: Any = await client.assistants.get_graph(assistant["assistant_id"], xray=True)
    assert (
        {"brief", "messages"}
        <= schemas["input_schema"]["properties"].keys()
        <= {"brief", "image", "messages", "requirements"}
    )
    assert "champion" in schemas["output_schema"]["properties"]
    assert "candidates" not in schemas["output_schema"]["properties"]
    nodes = {node["id"].rpartition(":")[2] for node in drawn["nodes"]}
    settings = schemas["context_schema"]["properties"]
    for name, told in settings.items():
        assert told["description"], name
        assert told["langgraph_nodes"], name
        assert set(told["langgraph_nodes"]) <= nodes, name
    assert settings["per_round"]["maximum"] == 32
    assert settings["review"]["enum"] == ["never", "prompt", "champion", "both"]
    prompt = settings["upsample_system_prompt"]
    assert prompt["default"] == load("upsample").system
    assert (prompt["langgraph_type"], prompt["langgraph_nodes"]) == ("prompt", ["upsample"])
    assert MethodSettings.model_fields.keys() < settings.keys()


async def test_a_prompt_edited_in_studio_is_what_the_writer_is_told(server: str, quick: Any) -> None:
    with chat_server() as writer:
        writer.think = measured
        async with get_client(url=server) as client:
            thread = (await client.threads.create())["thread_id"]
            context: Any = {"writer": "openai:m", "writer_base_url": writer.url, **quick}
            context["upsample_system_prompt"] = "Write prompts that begin with the word Behold."
            ended: Any = await client.runs.wait(thread, "agent", input=BRIEF, context=context)
            assert ended["ended"]
    assert any(b"begin with the word Behold." in request.raw for request in writer.asked)


async def test_a_stream_is_told_again_from_the_event_a_client_saw_last(server: str, quick: Any) -> None:
    async with get_client(url=server) as client:
        thread = (await client.threads.create())["thread_id"]
        modes: Any = ["updates", "custom"]
        run = await client.runs.create(
            thread, "agent", input=BRIEF, context=quick, stream_mode=modes, stream_subgraphs=True, stream_resumable=True
        )
        # Which modes are told was said when the run was made. Said again, only the last of several would be told.
        seen = [part async for part in client.runs.join_stream(thread, run["run_id"], last_event_id="-1")]
        again = client.runs.join_stream(thread, run["run_id"], last_event_id=seen[2].id)
        assert [part.id for part in seen[3:]] == [part.id async for part in again]
    assert "painted" in {part.data["kind"] for part in seen if part.event.startswith("custom")}
    nodes = [name for part in seen if part.event.startswith("updates") for name in part.data]
    assert (nodes[0], nodes[-1]) == ("intake", "deliver")
    assert {"generate", "judge"} <= set(nodes)
    assert "base64" not in str(seen)


async def test_a_run_waits_for_a_person_and_goes_on(server: str, quick: Any) -> None:
    async with get_client(url=server) as client:
        thread = (await client.threads.create())["thread_id"]
        context: Any = {**quick, "review_checklist": True}
        asked: Any = await client.runs.wait(thread, "agent", input=BRIEF, context=context)
        (request,) = asked["__interrupt__"]
        assert request["value"]["action_requests"][0]["name"] == "use_checklist"
        assert (await client.threads.get(thread))["status"] == "interrupted"
        ended: Any = await client.runs.wait(thread, "agent", command={"resume": "approve"})
        assert ended["ended"] == "max_images"
        assert (await client.threads.get(thread))["status"] == "idle"


async def test_history_is_kept_and_a_fork_starts_from_any_of_it(server: str, quick: Any) -> None:
    async with get_client(url=server) as client:
        thread = (await client.threads.create())["thread_id"]
        first: Any = await client.runs.wait(thread, "agent", input=BRIEF, context=quick)
        history = await client.threads.get_history(thread, limit=50)
        start = next(state for state in history if state["next"] == ["decide"])
        place = await client.threads.update_state(
            thread, {"prompt": "a blue star"}, as_node="candidate", checkpoint=start["checkpoint"]
        )
        ended: Any = await client.runs.wait(
            thread, "agent", input=None, checkpoint=place["checkpoint"], context={"max_images": 2}
        )
        assert ended["ended"]
        assert len(await client.threads.get_history(thread, limit=50)) > len(history)
        assert first["run"] == ended["run"]


async def test_two_runs_paint_side_by_side(server: str) -> None:
    both = threading.Barrier(2)  # broken unless both painters are at work at once
    with openai_images() as images:
        images.hooks["accepted"] = lambda _: paused(both.wait)
        async with get_client(url=server) as client:
            threads = [(await client.threads.create())["thread_id"] for _ in range(2)]
            context = painted_by(images, max_images=1)
            runs = (client.runs.wait(each, "agent", input=BRIEF, context=context) for each in threads)
            ended: Any = await asyncio.gather(*runs)
    assert not both.broken
    assert [each["receipt"]["images"] for each in ended] == [1, 1]


async def test_a_cancelled_run_can_be_taken_up_again(server: str, kept_in: Path) -> None:
    with openai_images(delay=0.5) as images:
        async with get_client(url=server) as client:
            thread, run = await begun(client, images, max_images=2)
            await client.runs.cancel(thread, run, wait=True)
            assert (await client.runs.get(thread, run))["status"] == "interrupted"
            with use_home(kept_in):
                assert await Leases(open_database()).holder(thread) is None
            ended: Any = await client.runs.wait(thread, "agent", input=None)
    assert ended["ended"]
    assert ended["receipt"]["images"] == len(images.paid) == 2
    assert ended["receipt"]["unknown"] == 1  # cut off, and never asked for again


async def test_who_works_on_a_thread_already_is_named(server: str, kept_in: Path) -> None:
    go_on = threading.Event()
    with openai_images() as images, use_home(kept_in):
        images.hooks["accepted"] = lambda _: paused(go_on.wait)
        async with get_client(url=server) as client:
            thread, run = await begun(client, images, max_images=1)
            with pytest.raises(Held, match=r"process \d+ on .* is working on this run"):
                await aresume((await load_run()).run)
            go_on.set()
            await client.runs.join(thread, run)
            other = (await client.threads.create())["thread_id"]
            async with Leases(open_database()).held(other, lambda: None):
                with pytest.raises(Exception, match=r"Held: process \d+ on .* is working on this run"):
                    await client.runs.wait(other, "agent", input=BRIEF)


@pytest.mark.parametrize("path", ["/mcp", "/mcp/"])
async def test_the_tool_is_where_the_documents_say_without_a_detour(server: str, path: str) -> None:
    async with httpx2.AsyncClient() as http, Client(streamable_http_client(server + path, http_client=http)) as client:
        (tool,) = (await client.list_tools()).tools
        answer = await client.call_tool("refine_image", {"brief": " "})
    assert tool.name == "refine_image"
    assert "the brief is empty" in str(answer.content)


async def test_a_wrong_setting_is_named_in_one_line(server: str) -> None:
    async with get_client(url=server) as client:
        thread = (await client.threads.create())["thread_id"]
        with pytest.raises(Exception, match=r"^BadInput: setting 'per_round' cannot be '99'[^\n]*$"):
            await client.runs.wait(thread, "agent", input=BRIEF, context={"per_round": 99})


async def test_a_run_of_the_command_line_is_opened_and_forked_through_the_server(
    server: str, kept_in: Path, quick: Any
) -> None:
    made = await arefine("a green star", settings=quick, home=kept_in)
    async with get_client(url=server) as client:
        listed = await client.threads.search(limit=1, sort_by="created_at")
        assert listed[0]["thread_id"] == made.thread
        state: Any = await client.threads.get_state(made.thread)
        assert state["values"]["run"] == made.run
        fork = await client.http.post(f"/overpaint/threads/{made.thread}/fork", json={"brief": "a blue square"})
        ended: Any = await client.runs.wait(fork["thread"], "agent", input=None, context=quick)
        assert ended["champion"]["image"]["sha256"]
        assert ended["run"] != made.run
    assert (await load_run(made.run, home=kept_in)).brief == "a green star"


async def test_a_run_of_the_server_is_shown_and_answered_by_the_command_line(
    server: str, kept_in: Path, quick: Any
) -> None:
    async with get_client(url=server) as client:
        thread = (await client.threads.create())["thread_id"]
        await client.runs.wait(thread, "agent", input=BRIEF, context={**quick, "review_checklist": True})
        shown = await load_run(home=kept_in)
        assert (shown.thread, shown.status) == (thread, "waiting")
        assert (await aresume(shown.run, answer="approve", home=kept_in)).status == "stopped"
        listed = await client.threads.search(ids=[thread])
        assert listed[0]["status"] == "idle"
        state: Any = await client.threads.get_state(thread)
        assert state["values"]["ended"] == "max_images"
