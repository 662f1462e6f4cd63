"""A client of the server's app in this process, without a LangGraph server around it."""

from __future__ import annotations

from typing import Any

import httpx

from overpaint.server.app import app


def app_client(key: str = "") -> httpx.AsyncClient:
    """A client; what the app fails with is raised here, so that no test takes a 500 for an answer."""
    headers = {"x-api-key": key} if key else {}
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1", headers=headers)


async def get(path: str, key: str = "", **query: Any) -> httpx.Response:
    """The answer to one GET."""
    async with app_client(key) as client:
        return await client.get(path, params=query)


async def post(path: str, body: object, key: str = "") -> httpx.Response:
    """The answer to one POST of JSON."""
    async with app_client(key) as client:
        return await client.post(path, json=body)


async def seen(thread: str, key: str = "", **query: Any) -> dict[str, Any]:
    """The view of a thread that is there."""
    answer = await get(f"/overpaint/threads/{thread}", key, **query)
    assert answer.status_code == 200, answer.text
    view: dict[str, Any] = answer.json()
    return view
