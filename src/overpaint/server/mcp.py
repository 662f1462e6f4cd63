"""The tool `refine_image` for MCP clients, over streamable HTTP at /mcp, without sessions.

The low-level server of the SDK: the other one sets up logging for the whole process when it is made.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

from langgraph.errors import GraphDrained
from langgraph.runtime import RunControl
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.types import (
    CallToolRequestParams,
    CallToolResult,
    ContentBlock,
    ListToolsResult,
    PaginatedRequestParams,
    ResourceLink,
    TextContent,
    Tool,
    ToolAnnotations,
)
from pydantic import Field, TypeAdapter, ValidationError
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from overpaint import __version__
from overpaint.agent_tool import DESCRIPTION, NAME, Asked
from overpaint.delivered import Delivered, delivered
from overpaint.events import Event
from overpaint.phrases import percent
from overpaint.result import Run
from overpaint.server.allowed import grant_for, granted
from overpaint.server.following import followed
from overpaint.server.keys import LOCAL, Caller, TooMany, Unauthorised, caller_of
from overpaint.server.running import refine_for
from overpaint.server.server_log import untold
from overpaint.tools.faults import BadInput, DatabaseFault, ProviderFault
from overpaint.tools.home import current_home
from overpaint.tools.images import ImageStore

_ANNOTATIONS = ToolAnnotations(
    title="Refine a picture", read_only_hint=False, destructive_hint=False, idempotent_hint=False, open_world_hint=True
)


class _Wanted(Asked, extra="forbid"):
    image: str | None = Field(None, description="A picture to start from, by the name that the answer with it gave.")


class Endpoint:
    """The ASGI app of /mcp: asks for the caller's key where keys are set, and hands requests to the SDK.

    Whoever routes requests to it opens it first, as often as they like. Which `Host` and `Origin` requests may have,
    the app around it says.
    """

    def __init__(self) -> None:
        self.sessions: StreamableHTTPSessionManager | None = None

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Serve requests inside the block."""
        # One for each lifespan: the SDK's can be run once.
        self.sessions = StreamableHTTPSessionManager(_server(), stateless=True)
        async with self.sessions.run():
            yield

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if self.sessions is None:
            raise RuntimeError("the endpoint of /mcp was not opened: enter the lifespan of the app")
        try:
            caller_of(Headers(scope=scope))
        except Unauthorised as error:
            said = {"error": {"message": str(error)}}
            await JSONResponse(said, 401, {"WWW-Authenticate": "Bearer"})(scope, receive, send)
            return
        await self.sessions.handle_request(scope, receive, send)


def _server() -> Server[Any]:
    return Server(
        "overpaint",
        version=__version__,
        title="Overpaint",
        instructions="Paints pictures from briefs, looks at them, and paints again until they show what was asked.",
        on_list_tools=_list_tools,
        on_call_tool=_call_tool,
    )


async def _list_tools(ctx: ServerRequestContext[Any], params: PaginatedRequestParams | None) -> ListToolsResult:
    tool = Tool(
        name=NAME,
        title="Refine a picture",
        description=DESCRIPTION,
        input_schema=_Wanted.model_json_schema(),
        output_schema=TypeAdapter(Delivered).json_schema(),
        annotations=_ANNOTATIONS,
    )
    return ListToolsResult(tools=[tool])


async def _call_tool(ctx: ServerRequestContext[Any], params: CallToolRequestParams) -> CallToolResult:
    """Refine a picture for the caller; what cannot be done is an answer that the client's model reads."""
    try:
        if params.name != NAME:
            raise BadInput(f"there is no tool {params.name[:60]!r}: use {NAME}")
        caller = caller_of(ctx.request.headers if ctx.request else {})
        run = await _refined(ctx, caller, _wanted(params.arguments or {}))
        text, facts = await asyncio.to_thread(delivered, run)
    except DatabaseFault as fault:
        return _failed(untold(fault))
    except GraphDrained:
        return _failed("the server stops: ask again later")
    except (BadInput, ProviderFault, TooMany) as fault:
        return _failed(str(fault))
    handle = await asyncio.to_thread(_handle, caller, facts["image"]["sha256"])
    shown: list[ContentBlock] = [
        TextContent(text=f"{text}\n\nTo start from this picture, give image={handle}"),
        ResourceLink(uri=facts["url"], name="picture", mime_type=facts["image"]["mime"]),
    ]
    return CallToolResult(content=shown, structured_content=facts)


def _failed(said: str) -> CallToolResult:
    return CallToolResult(content=[TextContent(text=said)], is_error=True)


def _wanted(arguments: dict[str, Any]) -> _Wanted:
    try:
        return _Wanted.model_validate(arguments)
    except ValidationError as error:
        first = error.errors()[0]
        raise BadInput(f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}") from None


async def _refined(ctx: ServerRequestContext[Any], caller: Caller, wanted: _Wanted) -> Run:
    data = None if wanted.image is None else await _picture(caller, wanted.image)
    settings = {} if wanted.max_images is None else {"max_images": wanted.max_images}
    told, control = 0, RunControl()
    run_events = refine_for(caller, wanted.brief, image=data, settings=settings, control=control)
    async with aclosing(followed(run_events, control)) as events:
        async for event in events:
            if event["kind"] == "done":
                run: Run = event["run"]
            elif message := _progress(event):
                told += 1
                await ctx.session.report_progress(told, message=message)
    return run


def _progress(event: Event) -> str:
    """What a person who waits is told; empty for what would only be noise."""
    match event["kind"]:
        case "checklist":
            return f"looking for: {'; '.join(requirement['text'] for requirement in event['checklist'])}"
        case "painted":
            return f"picture {event['candidate']} is painted"
        case "judged":
            lacks = "; ".join(event["failed"])
            return f"picture {event['candidate']['id']}: {f'lacks {lacks}' if lacks else 'shows everything'}"
        case "champion":
            return f"the best so far is {event['id']}, {percent(event['score'])}"
    return ""


def _handle(caller: Caller, sha256: str) -> str:
    """How a caller names a picture to start from: under keys with the proof that it was shown to them."""
    return sha256 if caller == LOCAL else f"{sha256}.{grant_for(caller, sha256)}"


async def _picture(caller: Caller, handle: str) -> bytes:
    sha256, _, grant = handle.partition(".")
    images = ImageStore(await asyncio.to_thread(current_home) / "images")
    unknown = BadInput(f"there is no picture {sha256[:64]!r}: give the `image` that an answer named")
    try:
        data = await images.load(sha256)
    except BadInput:
        raise unknown from None
    if not await asyncio.to_thread(granted, caller, await images.name(data), grant or None):
        raise unknown
    return data
