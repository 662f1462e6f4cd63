"""Which routes are open: under keys those that are named, and no thread of another key."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from overpaint.server.owners import Owners
from overpaint.server.routes import is_open
from overpaint.tools.database import open_database
from tests.server.echoing import HERE, KEY, app, client, keys

__all__ = ["client", "keys"]

CLOSED = [
    ("POST", "/runs"), ("POST", "/runs/stream"), ("POST", "/runs/wait"), ("POST", "/runs/batch"), ("POST", "/runs/cancel"),
    ("POST", "/runs/crons"), ("POST", "/threads/a/runs/crons"), ("PATCH", "/runs/crons/a"), ("GET", "/store/items"),
    ("PUT", "/store/items"), ("POST", "/store/namespaces"), ("POST", "/assistants"), ("PATCH", "/assistants/a"),
    ("DELETE", "/assistants/a"), ("POST", "/assistants/a/latest"), ("POST", "/threads/a/state"), ("POST", "/threads/a/copy"),
    ("POST", "/threads/prune"), ("GET", "/threads/a/storage"), ("POST", "/threads/a/commands"),
    ("POST", "/threads/a/stream/events"), ("GET", "/a2a/a"), ("GET", "/.well-known/agent-card.json"), ("GET", "/ui/x"),
    ("GET", "/metrics"), ("GET", "/profile"), ("GET", "/threads/a/runs/b/c/d"), ("PUT", "/threads"),
    ("GET", "/v2"), ("GET", "/imagesx"), ("GET", "/%00"), ("GET", "/threads/a%2f..%2fb/storage"),
]  # fmt: skip


NEVER = [
    ("POST", "/deploy"),
    ("GET", "/internal/debug/thread/a"),
    ("POST", "/internal/truncate"),
    ("GET", "/noauth/threads"),
]


@pytest.mark.parametrize("keys", ["", "alice:one"])
@pytest.mark.parametrize(("method", "path"), NEVER)
def test_some_routes_are_never_there(
    client: TestClient, method: str, path: str, keys: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OVERPAINT_API_KEYS", keys)
    assert client.request(method, path, headers=KEY).status_code == 404


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize(("method", "path"), CLOSED)
def test_what_is_not_named_open_is_closed_under_keys(client: TestClient, method: str, path: str) -> None:
    assert client.request(method, path).status_code == 401
    answer = client.request(method, path, headers=KEY)
    assert answer.status_code in (403, 404)
    assert answer.json()["error"]["message"]


@pytest.mark.parametrize(("method", "path"), CLOSED)
def test_without_keys_all_is_as_the_server_has_it(client: TestClient, method: str, path: str) -> None:
    assert client.request(method, path).status_code == 200


@pytest.mark.usefixtures("keys")
def test_threads_of_other_keys_are_closed_by_every_route(client: TestClient) -> None:
    thread = str(uuid.uuid4())
    spelled = (thread, thread.upper(), thread.replace("-", ""), f"{{{thread}}}", f"urn:uuid:{thread}")
    asyncio.run(Owners(open_database()).claim(thread, "bob"))
    open_to_bob = []
    for method in ("GET", "POST", "PATCH", "DELETE"):
        for end in ("", "/state", "/history", "/stream", "/runs/r", "/runs/r/join", "/runs/r/stream", "/runs/r/cancel"):
            if is_open(method, f"/threads/{thread}{end}"):
                for name in spelled:
                    assert client.request(method, f"/threads/{name}{end}", headers=KEY).status_code == 404
                open_to_bob.append(
                    client.request(method, f"/threads/{thread}{end}", headers={"x-api-key": "two"}).status_code
                )
    assert open_to_bob == [200] * 12


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize("path", ["/overpaint/x", "/v1/images/generations", "/mcp", "/mcp/", "/threads/t/runs"])
async def test_a_body_without_a_key_is_not_read(path: str) -> None:
    read = []

    async def endless() -> AsyncIterator[bytes]:
        while True:
            read.append(path)
            yield b" " * 100_000

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app()), base_url=HERE) as made:
        answer = await made.post(path, content=endless())
    assert (answer.status_code, answer.headers["www-authenticate"], read) == (401, "Bearer", [])
    assert answer.json()["error"]["message"].startswith("this server needs a key")


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize("path", ["/", "/ok", "/page/app.js", "/images/x", "/docs", "/openapi.json"])
def test_pages_and_links_need_no_key(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 200


@pytest.mark.usefixtures("keys")
def test_a_websocket_is_closed_under_keys(client: TestClient) -> None:
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/threads/a/stream/events", headers=KEY):
        pass


@pytest.mark.usefixtures("keys")
async def test_the_server_may_call_itself() -> None:
    transport = httpx.ASGITransport(app(), root_path="/noauth")
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
        assert (await client.post("/threads/search", headers={"origin": "http://x"})).status_code == 200
