"""The app that a LangGraph server mounts beside its own routes; any other FastAPI process can mount it without one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.exception_handlers import http_exception_handler
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from overpaint.server import (
    exporting_routes,
    following,
    forking_routes,
    mcp,
    openai_routes,
    openai_running,
    options,
    page_routes,
    pictures,
    uploads,
    views,
)
from overpaint.server.keys import NotThere, TooMany, Unauthorised
from overpaint.server.openai_errors import api_error
from overpaint.server.protection import protect
from overpaint.server.refusing import path_of
from overpaint.server.registering import Registering, register_all
from overpaint.server.served import drained, serving, settle_home, settle_url
from overpaint.server.server_log import untold
from overpaint.tools.faults import BadInput, DatabaseFault, ProviderFault
from overpaint.tools.leases import Held

_logger = logging.getLogger(__name__)
_tool = mcp.Endpoint()
_OWN = ("/overpaint/", "/images/", "/page/", "/mcp")
"""What paths of our own begin with, beside those of /v1."""


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Make known the runs there are; at the end let the runs at work finish their step."""
    await settle_home()
    settle_url()
    serving()
    async with _tool.open():
        registering = asyncio.create_task(register_all())  # thousands of runs take a while; a list of them waits for it
        registering.add_done_callback(_logged)
        try:
            yield
        finally:
            registering.cancel()
            await asyncio.gather(asyncio.wait([registering]), drained(), following.drained())


def _logged(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()):
        _logger.error("the runs that there are could not be made known", exc_info=error)


def refusal(status: int, message: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """An error of our own routes."""
    return JSONResponse({"error": {"message": message}}, status_code=status, headers=headers)


async def told(request: Request, error: Exception) -> JSONResponse:
    """The answer to what a caller did wrong, or to what failed and can be told of."""
    if isinstance(error, DatabaseFault):
        return refusal(503, untold(error))
    if isinstance(error, ProviderFault):
        return refusal(502, str(error))
    if isinstance(error, Unauthorised):
        return refusal(401, str(error), {"WWW-Authenticate": "Bearer"})
    if isinstance(error, NotThere):
        return refusal(404, str(error) or "there is nothing here, or it is another key's")
    if isinstance(error, TooMany):
        return refusal(429, str(error), {"Retry-After": "10"})
    return refusal(409 if isinstance(error, Held) else 400, str(error))


async def unfit(request: Request, error: Exception) -> JSONResponse:
    """The answer to a request whose parts are missing or of another kind: the first one, in a line."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    return refusal(400, f"{place}: {first['msg']}")


async def absent(request: Request, error: Exception) -> Response:
    """The answer to a path or a method that there is not, or a body that cannot be read; LangGraph's paths have its."""
    assert isinstance(error, HTTPException)
    path = path_of(request.scope)
    if path.startswith("/v1/"):
        return api_error(error).response(error.headers)
    if path.startswith(_OWN):
        return refusal(error.status_code, error.detail, error.headers)
    return await http_exception_handler(request, error)


app = FastAPI(title="overpaint", lifespan=lifespan, docs_url=None, redoc_url=None)
for _fault in (BadInput, ProviderFault, Unauthorised, NotThere, TooMany):
    app.add_exception_handler(_fault, told)
app.add_exception_handler(RequestValidationError, unfit)
app.add_exception_handler(HTTPException, absent)
for _routes in (pictures, views, forking_routes, exporting_routes, uploads, options, page_routes):
    app.include_router(_routes.router)
app.include_router(openai_routes.router, prefix="/v1")
for _path in ("/mcp", "/mcp/"):
    # Each by itself: in a LangGraph server nothing leads from one to the other.
    app.router.routes.append(Route(_path, _tool, include_in_schema=False))
app.add_middleware(Registering)
app.add_middleware(openai_running.Stopping)
protect(app, {DatabaseFault: told})
