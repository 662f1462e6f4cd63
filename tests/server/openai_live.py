"""The images API and the pictures behind it on a real uvicorn in a thread, for the official client."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI
from openai import OpenAI
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from overpaint.server import openai_routes, pictures
from overpaint.server.keys import NotThere
from tests.server.live import free_port


@contextmanager
def pictures_server() -> Iterator[str]:
    """The address of a server with these two routers; home and keys are those of the test that asks."""
    app = FastAPI()
    app.add_exception_handler(NotThere, _absent)
    app.include_router(openai_routes.router, prefix="/v1")
    app.include_router(pictures.router)
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    deadline = time.monotonic() + 30
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(30)


def client_of(url: str, key: str = "none", *, retries: int = 0) -> OpenAI:
    """The official client, which sends nothing twice unless asked to."""
    return OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=retries, timeout=60)


async def _absent(request: Request, error: Exception) -> PlainTextResponse:
    return PlainTextResponse("not there", 404)
