"""The images API of OpenAI over our loop: the official client works against it (docs/images-api.md)."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from langgraph.runtime import RunControl
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from overpaint.events import Event, run_at_end
from overpaint.graph.settings import describe_preset, preset_names
from overpaint.graph.state import Candidate
from overpaint.result import Run
from overpaint.server.allowed import check_settings
from overpaint.server.following import followed
from overpaint.server.keys import Caller, TooMany, current_caller
from overpaint.server.openai_answers import Answer, sse
from overpaint.server.openai_errors import ApiError, OpenAIRoute, api_error
from overpaint.server.openai_request import MODEL, Asked, Order, model_not_found, order_of, read_form
from overpaint.server.openai_running import unless_gone
from overpaint.server.running import refine_for
from overpaint.tools.faults import BadInput, ProviderFault

AT_ONCE = 4
"""Runs of one request that are at work at the same time."""

router = APIRouter(route_class=OpenAIRoute, tags=["images"])
Own = Annotated[Caller, Depends(current_caller)]


@router.get("/models")
async def models(caller: Own) -> dict[str, Any]:
    """The models: overpaint, which is the default preset, and one for every preset."""
    return {"object": "list", "data": await asyncio.to_thread(_models)}


@router.get("/models/{model:path}")
async def one_model(model: str, caller: Own) -> dict[str, Any]:
    """One model by its id."""
    for known in await asyncio.to_thread(_models):
        if known["id"] == model:
            return known
    raise model_not_found(model)


@router.post("/images/generations", response_model=None)
async def generate(request: Request, asked: Asked, caller: Own) -> Response:
    """Paint what the prompt says, judge it and paint again; the answer has the champion of each run."""
    return await _answered(request, asked, caller, None)


@router.post("/images/edits", response_model=None, openapi_extra={"requestBody": {"content": {
    "multipart/form-data": {"schema": {"type": "object", "required": ["image", "prompt"], "properties": {
        "image": {"type": "string", "format": "binary"}, "prompt": {"type": "string"}}}}}}})  # fmt: skip
async def edit(request: Request, caller: Own) -> Response:
    """The same from a picture, which is the first candidate; the prompt says what the whole picture is to show."""
    asked, image = await read_form(request)
    return await _answered(request, asked, caller, image)


@router.api_route("/{path:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"], include_in_schema=False)
async def nothing(path: str, caller: Own) -> None:
    """Whatever else OpenAI's API has."""
    raise ApiError("there are /v1/images/generations, /v1/images/edits and /v1/models here", status=404)


async def _answered(request: Request, asked: Asked, caller: Caller, image: bytes | None) -> Response:
    order = await asyncio.to_thread(_ordered, caller, asked)
    answer = Answer(asked, os.environ.get("OVERPAINT_URL", "").rstrip("/") or str(request.base_url).rstrip("/"))
    if asked.stream:
        events = _run(caller, asked, order, 0, image)
        await unless_gone(request, _begun(events))
        return Stream(events, answer, "image_generation" if image is None else "image_edit")
    runs, failed = await unless_gone(request, _all(caller, asked, order, image))
    return JSONResponse(await answer.response(runs, varied=order.varied, failed=failed))


def _ordered(caller: Caller, asked: Asked) -> Order:
    check_settings(caller, asked.settings or {})  # before a file that they name is read
    return order_of(asked)


def _run(caller: Caller, asked: Asked, order: Order, place: int, image: bytes | None) -> AsyncGenerator[Event, None]:
    control = RunControl()
    events = refine_for(
        caller,
        asked.prompt,
        image=image,
        checklist=asked.checklist,
        preset=order.preset,
        settings=order.settings[place],
        control=control,
    )
    return followed(events, control)


async def _all(caller: Caller, asked: Asked, order: Order, image: bytes | None) -> tuple[list[Run], list[str]]:
    """The runs of a request, and why others failed.

    Raises:
        BadInput, ProviderFault, TooMany: all failed; the first of their faults.
    """
    room = asyncio.Semaphore(AT_ONCE)

    async def one(place: int) -> Run:
        async with room:
            return await run_at_end(_run(caller, asked, order, place, image))

    ended = await asyncio.gather(*map(one, range(len(order.settings))), return_exceptions=True)
    runs = [run for run in ended if isinstance(run, Run)]
    faults = [fault for fault in ended if isinstance(fault, BaseException)]
    for fault in faults:
        if not runs or not isinstance(fault, (BadInput, ProviderFault, TooMany)):
            raise fault
    return runs, [str(fault) for fault in faults]


async def _begun(events: AsyncGenerator[Event, None]) -> None:
    """Listen until the run has an id; what is wrong with a request is found before."""
    async for event in events:
        if event["kind"] == "started":
            break


class Stream(StreamingResponse):
    """One run as server-sent events; when the client leaves, were it before the first line, nobody listens any more."""

    def __init__(self, events: AsyncGenerator[Event, None], answer: Answer, kind: str) -> None:
        lines = _lines(events, answer, kind)
        super().__init__(lines, media_type="text/event-stream", headers={"Cache-Control": "no-store"})
        self.events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the lines."""
        async with aclosing(self.events):
            await super().__call__(scope, receive, send)


async def _lines(events: AsyncGenerator[Event, None], answer: Answer, kind: str) -> AsyncIterator[str]:
    """The stream of one run: new champions as far as they were asked for, then the last one, or an error."""
    painted: dict[str, Candidate] = {}
    sent = 0
    try:
        async for event in events:
            if event["kind"] == "idle":
                yield ": still at work\n\n"
            elif event["kind"] == "judged":
                painted[event["candidate"]["id"]] = event["candidate"]
            elif event["kind"] == "champion" and sent < (answer.asked.partial_images or 0):
                crowned = painted.get(event["id"])
                if crowned and crowned["image"] and crowned["action"] != "given":
                    told = {"candidate": crowned["id"], "score": crowned["score"]}
                    yield sse(await answer.partial(crowned["image"], sent, kind, told))
                    sent += 1
            elif event["kind"] == "done":
                yield sse(await answer.completed(event["run"], kind))
    except Exception as error:  # noqa: BLE001  the answer has begun: nobody above could still tell the client
        yield sse({"type": "error", **api_error(error).body})


def _models() -> list[dict[str, Any]]:
    named = {MODEL: "default", **{f"{MODEL}/{name}": name for name in preset_names()}}
    return [
        {"id": id_, "object": "model", "created": 0, "owned_by": "overpaint", "description": describe_preset(preset)}
        for id_, preset in named.items()
    ]
