"""An app that answers everything, behind the middlewares, and its client."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket

from overpaint.server.protection import protect

HERE = "http://127.0.0.1:2024"
KEY = {"x-api-key": "one"}
KEYS = "alice:one,bob:two"


async def _echo(request: Request) -> JSONResponse:
    return JSONResponse({"size": len(await request.body()), "path": request.url.path})


async def _talk(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.close()


def app() -> Starlette:
    """An app that answers every path with the size of what it was sent, behind all that a request passes."""
    methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    made = Starlette(routes=[Route("/{path:path}", _echo, methods=methods), WebSocketRoute("/{path:path}", _talk)])
    protect(made)
    return made


@pytest.fixture
def client() -> Iterator[TestClient]:
    """A client of `app`, as a program on this machine is one."""
    with TestClient(app(), base_url=HERE) as made:
        yield made


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two keys."""
    monkeypatch.setenv("OVERPAINT_API_KEYS", KEYS)
