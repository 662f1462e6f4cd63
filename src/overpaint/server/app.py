"""The app that a LangGraph server mounts beside its own routes; any other FastAPI process can mount it without one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse

from overpaint.server import (
    exporting_routes,
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
from overpaint.server.protection import protect
from overpaint.server.registering import Registering, register_all
from overpaint.server.served import drained, settle_home
from overpaint.tools.faults import BadInput
from overpaint.tools.leases import Held

_tool = mcp.app()


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Make known the runs there are; at the end let the runs at work finish their step."""
    await settle_home()
    async with _tool.router.lifespan_context(_tool):
        registering = asyncio.create_task(register_all())  # thousands of runs take a while; a list of them waits for it
        yield
        registering.cancel()
        await asyncio.gather(drained(), openai_running.drained())


def refusal(status: int, message: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """An error of our own routes."""
    return JSONResponse({"error": {"message": message}}, status_code=status, headers=headers)


async def told(request: Request, error: Exception) -> JSONResponse:
    """The answer to what a caller did wrong."""
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


app = FastAPI(title="overpaint", lifespan=lifespan, docs_url=None, redoc_url=None)
for _fault in (BadInput, Unauthorised, NotThere, TooMany):
    app.add_exception_handler(_fault, told)
app.add_exception_handler(RequestValidationError, unfit)
for _routes in (pictures, views, forking_routes, exporting_routes, uploads, options, page_routes):
    app.include_router(_routes.router)
app.include_router(openai_routes.router, prefix="/v1")
app.mount("/mcp", _tool)
app.add_middleware(Registering)
protect(app)
