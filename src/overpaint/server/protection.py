"""All that a request passes before any route sees it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

from starlette.applications import Starlette
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.responses import Response

from overpaint.server.allowed import caps
from overpaint.server.headers import SecurityHeaders
from overpaint.server.hosts import Hosts
from overpaint.server.inline_pictures import InlinePictures
from overpaint.server.keys import configured
from overpaint.server.limits import Limits
from overpaint.server.rates import Rates, Room, allowed_rate, runs_per_key
from overpaint.server.routes import OpenRoutes

Handler = Callable[[Request, Exception], Awaitable[Response]]


def protect(app: Starlette, handlers: Mapping[type[Exception], Handler] = MappingProxyType({})) -> None:
    """Put the middlewares around an app and, where a LangGraph server mounts it, around that server's own routes.

    From the outside in: the cheap ones first, so that a body is read only for who may send one.

    Args:
        app: to protect.
        handlers: what answers an error that a middleware or a route of LangGraph's raises, by its kind.
    """
    for middleware in (Room, InlinePictures, Limits, OpenRoutes, Rates):
        app.add_middleware(middleware)
    app.add_middleware(ExceptionMiddleware, handlers=handlers)
    for outer in (Hosts, SecurityHeaders):
        app.add_middleware(outer)


def check_environment() -> None:
    """Read what the operator has set, so that a mistake in it is told when a server starts.

    Raises:
        BadInput: naming the variable.
    """
    configured()
    allowed_rate()
    runs_per_key()
    caps()
