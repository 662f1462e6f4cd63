"""Pictures that chat clients send inline are stored before a LangGraph server sees the request.

The server keeps the input of a run with its other books, and hands it on to workers; the graph itself can only keep
pictures out of what is written after that. So the bodies of requests that start runs or change states are read here,
and each picture in a message becomes a reference to the image store, with a grant of its own where keys are set.
"""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from overpaint.graph.messages import noted, picture_bytes, reference
from overpaint.server.allowed import grant_for, granted
from overpaint.server.keys import LOCAL, Caller, Unauthorised, caller_of
from overpaint.server.refusing import is_inside, path_of, refuse
from overpaint.tools.faults import BadInput
from overpaint.tools.home import open_home
from overpaint.tools.images import ImageRef, ImageStore

_PATHS = re.compile(r"/(?:threads|runs|a2a)(?:/.*)?")
"""LangGraph's routes whose bodies may hold messages."""
_INLINE = frozenset(("data", "base64", "file"))
"""Keys of blocks that hold other files, which nobody here can use."""


class InlinePictures:
    """ASGI middleware; belongs inside the one that bounds how large and deep a body may be."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on without bytes of pictures in it, or refuse a picture that cannot be used."""
        if (
            is_inside(scope)
            or scope.get("method") not in ("POST", "PUT", "PATCH")
            or not _PATHS.fullmatch(path_of(scope))
        ):
            await self.app(scope, receive, send)
            return
        body = await _whole(receive)
        try:
            body = await without_pictures(body, caller_of(Headers(scope=scope)))
        except Unauthorised:
            pass  # the server refuses it, and keeps nothing
        except BadInput as fault:
            await refuse(scope, receive, send, 400, str(fault))
            return
        headers = MutableHeaders(raw=list(scope["headers"]))
        headers["content-length"] = str(len(body))
        await self.app({**scope, "headers": headers.raw}, _replay(body, receive), send)


async def without_pictures(body: bytes, caller: Caller) -> bytes:
    """A request's body with references in the place of pictures; without any it stays as it is, byte for byte.

    Raises:
        BadInput: a picture cannot be used, or is not the caller's.
    """
    try:
        said, inline, files = await asyncio.to_thread(_read, body, caller)
    except BadInput:
        raise
    except ValueError:  # no JSON, or a number of thousands of digits: the server refuses it
        return body
    for block, data in inline:
        ref = await _stored(data, caller)
        block.clear()
        block.update(reference(ref))
    return await asyncio.to_thread(lambda: json.dumps(said).encode()) if inline or files else body


def _read(body: bytes, caller: Caller) -> tuple[Any, list[tuple[dict[str, Any], bytes]], bool]:
    """What a body says, its inline pictures, and whether it held other files, which are left out of it at once."""
    said = json.loads(body.decode())  # bytes might be taken for UTF-16, whose brackets nobody has counted
    inline, files, waiting = [], False, [said]
    while waiting:
        value = waiting.pop()
        if not isinstance(value, dict):
            waiting.extend(value if isinstance(value, list) else ())
            continue
        if "picture" in value:
            _check(value["picture"], caller)
        if (data := picture_bytes(value)) is not None:
            inline.append((value, data))
        elif value.get("type") in ("file", "audio", "video", "input_audio") and _INLINE & value.keys():
            note, files = noted(value), True
            value.clear()
            value.update(note)
        waiting.extend(value.values())
    return said, inline, files


def _check(ref: Any, caller: Caller) -> None:
    """A reference that the client made itself names a picture that the caller may use.

    Raises:
        BadInput: it does not.
    """
    said = ref if isinstance(ref, dict) else {}
    sha256, grant = said.get("sha256"), said.get("grant")
    named = ImageRef(sha256=str(sha256), mime="", width=0, height=0)
    if not isinstance(sha256, str) or not granted(caller, named, grant if isinstance(grant, str) else None):
        raise BadInput("a message names a picture that is not there or not yours: send the picture itself")


async def _stored(data: bytes, caller: Caller) -> dict[str, Any]:
    home = await asyncio.to_thread(open_home)
    ref = await ImageStore(home / "images").save(data)
    if caller == LOCAL:
        return {**ref}
    return {**ref, "grant": await asyncio.to_thread(grant_for, caller, ref["sha256"])}


async def _whole(receive: Receive) -> bytes:
    parts, more = [], True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


def _replay(body: bytes, receive: Receive) -> Receive:
    """The body once, and after it whatever else the client sends, such as that it is gone."""
    left: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return left.pop() if left else await receive()

    return replay
