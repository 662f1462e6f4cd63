"""A request of the images API is worked on for as long as its client waits."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from overpaint.server.openai_errors import ApiError
from overpaint.server.refusing import path_of

T = TypeVar("T")


async def unless_gone(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """Do what a request asks for as long as there is somebody to answer.

    Raises:
        ApiError: the client went away; the work was cancelled, and nobody hears of this.
    """
    job, gone = asyncio.create_task(work), asyncio.create_task(_gone(request))
    try:
        await asyncio.wait({job, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not job.done():
            raise ApiError("the client went away", status=499)
        return job.result()
    finally:
        job.cancel()
        gone.cancel()


class Stopping:
    """Middleware: who still waits when the server stops is told, and asked not to send the same again.

    uvicorn cancels such requests. Their runs end after the step at work. No route can tell it: LangGraph's middlewares,
    which are between, drop what a cancelled one answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, receive, sending)
        except asyncio.CancelledError:
            if begun or scope["type"] != "http" or not path_of(scope).startswith("/v1/"):
                raise
            said = "the server stops: what was painted is kept, and `overpaint resume` goes on with the run"
            await ApiError(said, status=503, code="interrupted").response()(scope, receive, send)


async def _gone(request: Request) -> None:
    """Wait until the client goes away; the body has been read."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
