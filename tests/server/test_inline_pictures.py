"""A LangGraph server never sees a picture that a chat client sends inline, and nobody names another key's."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from langgraph_sdk import get_client
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from overpaint.server.inline_pictures import InlinePictures, without_pictures
from overpaint.server.keys import LOCAL, Caller
from overpaint.tools.faults import BadInput
from overpaint.tools.images import ImageStore
from tests.graph.test_lean import block, noise, traces
from tests.graph.test_messages import B64, DATA, SHAPES
from tests.server.live import live_server

ALICE, BOB = Caller("alice", "alice"), Caller("bob", "bob")
TEXT = {"type": "text", "text": "paint this"}


def body(*blocks: Any) -> bytes:
    return json.dumps(
        {"assistant_id": "agent", "input": {"messages": [{"role": "user", "content": list(blocks)}]}}
    ).encode()


def blocks(lean: bytes) -> Any:
    return json.loads(lean)["input"]["messages"][0]["content"]


@pytest.mark.parametrize("shape", SHAPES)
async def test_a_picture_of_any_shape_becomes_a_reference(shape: str, home: Path) -> None:
    lean = await without_pictures(body(TEXT, SHAPES[shape]), LOCAL)
    assert B64.encode() not in lean
    text, named = blocks(lean)
    assert text == TEXT
    assert await ImageStore(home / "images").load(named["picture"]["sha256"]) == DATA
    assert "grant" not in named["picture"]


@pytest.mark.parametrize(
    "said",
    [
        {"input": {"messages": [["user", [SHAPES["v1"]]]]}},
        {"values": {"messages": {"type": "human", "content": [SHAPES["openai"]]}}},
        [{"input": {"messages": [{"lc": 1, "kwargs": {"content": [SHAPES["anthropic"]]}}]}}],
        {"input": {"messages": [{"role": "user", "content": [{"type": "file", "data": B64}]}]}},
    ],
)
async def test_wherever_it_stands(said: Any) -> None:
    assert B64.encode() not in await without_pictures(json.dumps(said).encode(), LOCAL)


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"no json",
        b'{"input": {"brief": "a  star"}}',
        b'[1, "x", null]',
        b'{"metadata": {"a": ' + b"1" * 5000 + b"}}",
        ('["\u2200",' + "[" * 50_000).encode("utf-16"),
    ],
)
async def test_what_holds_no_picture_stays_byte_for_byte(said: bytes) -> None:
    assert await without_pictures(said, LOCAL) == said


async def test_under_keys_a_reference_needs_the_grant_of_its_owner(home: Path) -> None:
    lean = await without_pictures(body(SHAPES["v1"]), ALICE)
    assert await without_pictures(lean, ALICE) == lean
    with pytest.raises(BadInput, match="not yours"):
        await without_pictures(lean, BOB)
    (named,) = blocks(lean)
    for ref in ({**named["picture"], "grant": 7}, {"sha256": 7, "grant": "x"}, None, "a" * 64):
        with pytest.raises(BadInput, match="not yours"):
            await without_pictures(body({**named, "picture": ref}), ALICE)
    for kind in ({"type": "image", "base64": B64}, {"type": "anything"}, {}):
        with pytest.raises(BadInput, match="not yours"):
            await without_pictures(body({**kind, "picture": named["picture"]}), BOB)


async def echo(request: Request) -> JSONResponse:
    said = await request.body()
    return JSONResponse({"said": said.decode(), "length": request.headers["content-length"]})


@pytest.fixture
def client() -> httpx.AsyncClient:
    routes = [Route("/{path:path}", echo, methods=["POST", "GET"])]
    app = InlinePictures(Starlette(routes=routes))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


async def test_requests_go_on_with_the_length_of_what_is_left(client: httpx.AsyncClient) -> None:
    async with client:
        told = (await client.post("/threads/t/runs/stream", content=body(TEXT, SHAPES["agent-chat-ui"]))).json()
        assert B64 not in told["said"]
        assert len(told["said"]) == int(told["length"])
        other = (await client.post("/v1/images/edits", content=body(SHAPES["v1"]))).json()
        assert B64 in other["said"]


async def test_a_picture_that_cannot_be_used_is_refused_in_a_line(client: httpx.AsyncClient) -> None:
    async with client:
        for bad in ({"type": "image", "url": "http://127.0.0.1/x"}, {"type": "image", "base64": "AAAA"}):
            told = await client.post("/threads/t/runs", content=body(bad))
            assert told.status_code == 400
            assert "\n" not in told.json()["error"]["message"]


async def test_a_caller_without_a_key_stores_nothing(
    client: httpx.AsyncClient, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OVERPAINT_API_KEYS", "alice:a-long-secret-of-this-test")
    async with client:
        await client.post("/threads/t/runs", content=body(SHAPES["v1"]))
        assert not home.exists()
        sent = {"x-api-key": "a-long-secret-of-this-test"}
        told = (await client.post("/threads/t/runs", content=body(SHAPES["v1"]), headers=sent)).json()
        assert blocks(told["said"].encode())[0]["picture"]["grant"]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    home = tmp_path_factory.mktemp("inline") / "home"
    with live_server(home) as url:
        yield url, home


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_nothing_that_a_server_writes_or_streams_holds_the_picture(served: tuple[str, Path]) -> None:
    (url, home), data = served, noise(5)
    found, chunks = traces(data), list[bytes]()
    message = {"role": "user", "content": [{"type": "text", "text": "a red circle"}, block("agent-chat-ui", data)]}
    async with get_client(url=url) as client:
        thread = (await client.threads.create())["thread_id"]
        given: Any = {"messages": [message]}
        modes: Any = ["values", "updates", "messages-tuple", "custom", "debug", "events"]
        context: Any = {"max_images": 1, "seed": 1}
        async for chunk in client.runs.stream(thread, "agent", input=given, context=context, stream_mode=modes):
            chunks.append(repr(chunk).encode())
        runs = repr(await client.runs.list(thread)).encode()
        history = repr(await client.threads.get_history(thread)).encode()
        state: Any = (await client.threads.get_state(thread))["values"]
    assert state["champion"]["image"]
    assert "![" in state["messages"][-1]["content"]
    base64_head = base64.b64encode(data)[:60]
    files = [f.read_bytes() for f in home.parent.rglob("*") if f.is_file() and "images" not in f.parts]
    assert not any(found(held) or base64_head in held for held in [*chunks, runs, history, *files])
