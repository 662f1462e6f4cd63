"""Errors of the images API, in the shape in which the clients of OpenAI's API know them."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from overpaint.server.keys import NotThere, TooMany, Unauthorised
from overpaint.server.server_log import untold
from overpaint.tools.faults import BadInput, DatabaseFault, ProviderFault
from overpaint.tools.leases import Held

_USER, _SERVER = "invalid_request_error", "server_error"
_CODES = {
    400: "invalid_value",
    401: "invalid_api_key",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "request_too_large",
    429: "rate_limit_exceeded",
    502: "provider_failed",
    503: "unavailable",
}
_STATUSES: tuple[tuple[type[Exception], int], ...] = (
    (Unauthorised, 401), (NotThere, 404), (Held, 409), (BadInput, 400), (TooMany, 429),
    (ProviderFault, 502),
)  # fmt: skip
"""The status of each of our errors; the first that fits counts."""

_logger = logging.getLogger(__name__)


class ApiError(Exception):
    """An error of the images API.

    Args:
        message: what was wrong and what to do next.
        status: of HTTP.
        param: the parameter that is to blame, if one is.
        code: a word for programs; the usual one of the status when None.
    """

    def __init__(self, message: str, *, status: int = 400, param: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.message, self.param = _sendable(message), param and _sendable(param)
        self.status, self.code = status, code or _CODES.get(status)

    @property
    def body(self) -> dict[str, Any]:
        """As OpenAI's API words it."""
        kind = "rate_limit_error" if self.status == 429 else _USER if self.status < 500 else _SERVER
        return {"error": {"message": self.message, "type": kind, "param": self.param, "code": self.code}}

    def response(self, headers: Mapping[str, str] | None = None) -> JSONResponse:
        """The answer to the request; it asks clients not to send it again by themselves, which may paint anew."""
        own = {} if self.status == 429 else {"x-should-retry": "false"}
        return JSONResponse(self.body, self.status, {**own, **(headers or {})})


class OpenAIRoute(APIRoute):
    """A route whose errors, whatever raises them, have this shape."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with its errors answered."""
        handle = super().get_route_handler()

        async def answered(request: Request) -> Response:
            try:
                return await handle(request)
            except Exception as error:  # noqa: BLE001  the last place where this shape can be given to a fault of ours
                return api_error(error).response(getattr(error, "headers", None))

        return answered


def api_error(error: Exception) -> ApiError:
    """The error to answer with; a fault of ours is logged, and says nothing."""
    if isinstance(error, ApiError):
        return error
    if isinstance(error, RequestValidationError):
        return _unfit(error.errors()[0])
    if isinstance(error, DatabaseFault):
        return ApiError(untold(error), status=503)
    status = _status(error)
    if status == 500:
        _logger.error("a request of the images API failed", exc_info=error)
        return ApiError("the server failed: see its log", status=500)
    message = str(getattr(error, "detail", error)) or "there is nothing here, or it is another key's"
    return ApiError(message, status=status, param=_setting_in(message) if status == 400 else None)


def _sendable(text: str) -> str:
    """A text as UTF-8 can have it: what was asked for may hold half of a surrogate pair."""
    return text.encode("utf-8", "replace").decode()


def _status(error: Exception) -> int:
    if isinstance(error, HTTPException):
        return error.status_code
    return next((status for kind, status in _STATUSES if isinstance(error, kind)), 500)


def _unfit(first: Mapping[str, Any]) -> ApiError:
    """What is wrong with a part of a request, without what was sent."""
    param = ".".join(str(part) for part in first["loc"][1:]) or None
    if first["type"] == "json_invalid" or param is None:
        return ApiError("the body is no JSON object: send one with a `prompt`", code="invalid_json")
    if first["type"] == "missing":
        return ApiError(f"Missing required parameter: '{param}'.", param=param, code="missing_required_parameter")
    if first["type"] == "extra_forbidden":
        return ApiError(
            f"Unknown parameter: '{param[:60]}'. docs/images-api.md lists what there is.",
            param=param[:60],
            code="unknown_parameter",
        )
    said = first["msg"].removeprefix("Value error, ")
    return ApiError(f"Invalid value for '{param}': {said}.", param=param)


def _setting_in(message: str) -> str | None:
    """The setting that one of our own errors is about."""
    found = re.match(r"(?:setting '|there is no (?=preset)|\S+ cannot paint (?=size))(\w+)", message)
    return found and found[1]
