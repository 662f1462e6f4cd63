"""How much a request may bring, and how deep its JSON may be."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from overpaint.server.limits import DEEPEST, ELSE, MESSAGES, MOST_PARTS, PICTURE, PICTURES, is_flat, largest
from tests.server.echoing import app, client, keys

__all__ = ["client", "keys"]


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/overpaint/pictures", PICTURE),
        ("/v1/images/edits", PICTURES),
        ("/threads/a/runs/stream", MESSAGES),
        ("/mcp", MESSAGES),
        ("/threads", ELSE),
        ("/overpaint/threads/a/fork", ELSE),
        ("/overpaint/pictures/../x", ELSE),
    ],
)
def test_each_kind_of_request_has_its_size(path: str, most: int) -> None:
    assert largest(path) == most


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_is_counted_with_and_without_a_length(client: TestClient, chunked: bool) -> None:
    def body(size: int) -> Any:
        data = b"[" + b" " * (size - 2) + b"]"
        return (data[i : i + 100_000] for i in range(0, size, 100_000)) if chunked else data

    assert client.post("/overpaint/x", content=body(ELSE)).json() == {"size": ELSE, "path": "/overpaint/x"}
    answer = client.post("/overpaint/x", content=body(ELSE + 1))
    assert (answer.status_code, answer.json()["error"]["message"]) == (
        413,
        "the request is too large: it may have 1 MB here",
    )


async def test_a_body_that_is_too_long_is_not_read_to_its_end() -> None:
    asked = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal asked
        while True:
            asked += 1
            yield b" " * 100_000

    messages: list[Any] = []
    source = endless()

    async def receive() -> Any:
        return {"type": "http.request", "body": await anext(source), "more_body": True}

    async def send(message: Any) -> None:
        messages.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/x",
        "raw_path": b"/x",
        "query_string": b"",
        "headers": [(b"host", b"localhost")],
    }
    await app()(scope, receive, send)
    assert (messages[0]["status"], asked) == (413, ELSE // 100_000 + 1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("[" * DEEPEST + "]" * DEEPEST, 200),
        ("[" * (DEEPEST + 1), 400),
        ('{"a":' * (DEEPEST + 1) + "1", 400),
        (json.dumps("[" * 500 + '"{'), 200),
        ("[[]" + ",[]" * MOST_PARTS + "]", 400),
    ],
)
def test_json_is_not_too_deep(client: TestClient, body: str, status: int) -> None:
    for kind in ("application/json", "text/plain", "image/png"):
        assert client.post("/threads", content=body, headers={"content-type": kind}).status_code == status
    assert client.post("/overpaint/pictures", content=body).status_code == 200


@pytest.mark.parametrize("body", [b'"' + b'\\"' * 500_000, b'"' * 1_000_001, b'"' + b"\\" * 1_000_001])
def test_a_text_that_never_ends_is_counted_at_once(body: bytes) -> None:
    began = time.perf_counter()
    assert is_flat(body)
    assert not is_flat(b"[" * (DEEPEST + 1) + body)
    assert time.perf_counter() - began < 1


@settings(max_examples=25)
@given(
    st.recursive(
        st.none() | st.text() | st.floats(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=10,
    )
)
def test_json_of_people_is_let_through(value: Any) -> None:
    assert is_flat(json.dumps(value).encode())


@given(st.binary())
def test_no_bytes_are_too_much_for_the_count(body: bytes) -> None:
    assert is_flat(body)
