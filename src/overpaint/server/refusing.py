"""How a middleware turns a request away, before any route sees it."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from overpaint.server.openai_errors import ApiError


async def refuse(
    scope: Scope, receive: Receive, send: Send, status: int, message: str, headers: Mapping[str, str] | None = None
) -> None:
    """Answer with an error in our own routes' shape, or OpenAI's under /v1; a websocket is closed.

    Args:
        scope: the request's.
        receive: the request's.
        send: the request's.
        status: of HTTP.
        message: what was wrong and what to do.
        headers: to send with it.
    """
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008, "reason": message[:120]})
        return
    body = (
        ApiError(message, status=status).body if path_of(scope).startswith("/v1/") else {"error": {"message": message}}
    )
    answer = JSONResponse(body, status_code=status, headers=headers)
    await answer(scope, receive, send)


def is_inside(scope: Scope) -> bool:
    """Whether a request is none from outside, but of this process to itself, or of the server's life.

    LangGraph's client in the process of its server sets a root path that no request from outside can have.
    """
    return scope["type"] not in ("http", "websocket") or scope.get("root_path") == "/noauth"


def path_of(scope: Scope) -> str:
    """The path as the app's routes see it, wherever the app is mounted."""
    return str(scope["path"]).removeprefix(str(scope.get("root_path", "")).rstrip("/"))
