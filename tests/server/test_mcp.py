"""The official MCP client lists and calls the tool over loopback HTTP."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest
import uvicorn
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult, ResourceLink, TextContent
from starlette.applications import Starlette
from starlette.routing import Route

from overpaint.continuing import aresume
from overpaint.runs import load_run, load_runs
from overpaint.server import following, mcp
from overpaint.server.owners import Owners
from overpaint.tools.database import open_database
from overpaint.tools.home import open_home
from overpaint.tools.leases import Leases

CIRCLE = "one large red circle in the center"
KEYS = "alice:secret-of-alice,bob:secret-of-bob"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A process of another's that mounts the tool, as the server's own app does."""
    tools = mcp.Endpoint()
    app = Starlette(routes=[Route("/mcp", tools)], lifespan=lambda _: tools.open())
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/mcp"
    server.should_exit = True
    thread.join()


@pytest.fixture(autouse=True)
def _opened(home: Path) -> None:
    """A server makes its home when it starts."""
    open_home()


@asynccontextmanager
async def client_of(url: str, key: str = "", mode: Any = "auto") -> AsyncIterator[Client]:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=60) as http,
        Client(streamable_http_client(url, http_client=http), mode=mode) as client,
    ):
        yield client


async def call(url: str, key: str = "", **arguments: Any) -> CallToolResult:
    async with client_of(url, key) as client:
        return await client.call_tool("refine_image", arguments)


def text_of(result: CallToolResult) -> str:
    return "\n".join(block.text for block in result.content if isinstance(block, TextContent))


async def test_the_tool_is_listed_with_a_small_schema(url: str) -> None:
    async with client_of(url) as client:
        (tool,) = (await client.list_tools()).tools
    assert tool.name == "refine_image"
    assert set(tool.input_schema["properties"]) == {"brief", "image", "max_images"}
    assert tool.input_schema["required"] == ["brief"]
    assert tool.annotations is not None
    assert tool.annotations.read_only_hint is False
    assert tool.annotations.destructive_hint is False
    assert len(tool.model_dump_json()) < 4000


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_call_answers_with_text_and_a_link_and_tells_its_progress(
    mode: str, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OVERPAINT_URL", "http://127.0.0.1:2024")
    told: list[tuple[float, str | None]] = []

    async def listen(progress: float, total: float | None, message: str | None) -> None:
        told.append((progress, message))

    async with client_of(url, mode=mode) as client:
        result = await client.call_tool("refine_image", {"brief": CIRCLE, "max_images": 2}, progress_callback=listen)
    assert not result.is_error
    facts = result.structured_content
    assert facts["verdict"]["passed"]
    assert facts["receipt"]["images"] == 1
    (link,) = [block for block in result.content if isinstance(block, ResourceLink)]
    assert str(link.uri) == facts["url"] == f"http://127.0.0.1:2024/images/{facts['image']['sha256']}"
    assert f"![{CIRCLE}]({link.uri})" in text_of(result)
    assert [number for number, _ in told] == sorted({number for number, _ in told})
    assert any("shows everything" in str(message) for _, message in told)
    assert len(result.model_dump_json()) < 3000
    assert (await load_runs())[0].run == facts["run"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"brief": " "}, "the brief is empty"),
        ({}, "brief: Field required"),
        ({"brief": 3}, "brief: Input should be a valid string"),
        ({"brief": CIRCLE, "max_images": 0}, "max_images"),
        ({"brief": CIRCLE, "max_images": 10**9}, "max_images"),
        ({"brief": CIRCLE, "image": "../../etc/passwd"}, "there is no picture"),
        ({"brief": CIRCLE, "image": "0123456789abcdef" * 4}, "there is no picture"),
        ({"brief": CIRCLE, "painter_base_url": "http://x"}, "painter_base_url"),
    ],
)
async def test_what_cannot_be_done_is_an_error_in_a_line(arguments: dict[str, Any], said: str, url: str) -> None:
    result = await call(url, **arguments)
    assert result.is_error
    assert said in text_of(result)
    assert "\n" not in text_of(result)
    assert "Traceback" not in text_of(result)
    assert str(await load_runs()) == "[]"


async def test_another_tool_is_an_error(url: str) -> None:
    async with client_of(url) as client:
        result = await client.call_tool("delete_everything", {})
    assert result.is_error
    assert "use refine_image" in text_of(result)


async def test_each_key_has_its_own_runs_and_pictures(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERPAINT_API_KEYS", KEYS)
    made = await call(url, "secret-of-alice", brief=CIRCLE, max_images=2)
    thread = made.structured_content["thread"]
    assert await Owners(open_database()).of([thread]) == {thread: "alice"}
    handle = text_of(made).rpartition("image=")[2]
    sha256 = handle.partition(".")[0]
    assert sha256 == made.structured_content["image"]["sha256"]
    for stolen in (handle, sha256):
        refused = await call(url, "secret-of-bob", brief="a blue circle", image=stolen)
        assert refused.is_error
        assert "there is no picture" in text_of(refused)
    again = await call(url, "secret-of-alice", brief="one large blue circle in the center", image=handle, max_images=2)
    assert not again.is_error
    assert again.structured_content["verdict"]["passed"]
    assert "secret-of" not in again.model_dump_json()


@pytest.mark.parametrize("headers", [{}, {"x-api-key": "wrong"}, {"Authorization": "Basic c2VjcmV0LW9mLWFsaWNl"}])
async def test_nobody_gets_in_without_a_key(url: str, headers: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERPAINT_API_KEYS", KEYS)
    asked = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    async with httpx.AsyncClient(headers=headers, follow_redirects=True) as client:
        answer = await client.post(url, json=asked, headers={"Accept": "application/json, text/event-stream"})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "Authorization: Bearer KEY" in json.loads(answer.content)["error"]["message"]


async def test_the_endpoint_can_be_opened_twice() -> None:
    tools = mcp.Endpoint()
    for _ in range(2):
        async with tools.open():
            pass


async def test_a_run_more_than_a_key_may_have_is_an_answer(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERPAINT_API_KEYS", KEYS)
    monkeypatch.setenv("OVERPAINT_RUNS_PER_KEY", "1")
    await Owners(open_database()).claim("another", "alice")
    await Leases(open_database()).take("another")
    refused = await call(url, "secret-of-alice", brief=CIRCLE)
    assert refused.is_error
    assert "may have 1" in text_of(refused)


async def test_a_database_that_fails_is_told_without_its_place(url: str, home: Path) -> None:
    (home / "overpaint.db").write_bytes(b"no database" * 1000)
    failed = await call(url, brief=CIRCLE)
    assert failed.is_error
    assert "cannot use its database" in text_of(failed)
    assert "overpaint.db" not in text_of(failed)


async def test_who_goes_away_loses_nothing_of_the_step_at_work(url: str) -> None:
    begun = asyncio.Event()

    async def listen(progress: float, total: float | None, message: str | None) -> None:
        begun.set()  # the checklist is told before the first picture is painted

    async def ask() -> None:
        async with client_of(url) as client:
            await client.call_tool("refine_image", {"brief": CIRCLE, "max_images": 2}, progress_callback=listen)

    asked = asyncio.create_task(ask())
    await begun.wait()
    assert len(following._at_work) == 1
    asked.cancel()
    await asyncio.gather(asked, return_exceptions=True)
    while following._at_work:
        await asyncio.sleep(0.02)
    left = await load_run()
    assert left.status == "interrupted"
    ended = await aresume(left.run)
    assert (ended.receipt["images"], ended.receipt["unknown"]) == (1, 0)
