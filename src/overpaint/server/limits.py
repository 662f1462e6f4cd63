"""How much a request may bring: read in full, and counted, before any route sees it."""

from __future__ import annotations

import asyncio
import re

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from overpaint.server.refusing import is_inside, path_of, refuse

MB = 1_000_000
PICTURE, PICTURES, MESSAGES, ELSE = 20 * MB, 25 * MB, 40 * MB, MB
"""Bytes: of one picture, of a form with pictures, of JSON that may hold pictures as base64, and of all else."""

_PLAIN = (PICTURE, PICTURES)
"""They bring no JSON; everything else is read as such by somebody, whatever type it says it has."""

_CLASSES = (
    (re.compile(r"/overpaint/pictures"), PICTURE),
    (re.compile(r"/v1/images/edits"), PICTURES),
    (re.compile(r"/threads/[^/]+/runs(/stream|/wait)?|/runs(/stream|/wait|/batch)?|/mcp/?.*|/v1/.+"), MESSAGES),
    (re.compile(r"/threads/[^/]+/(commands|state)"), MESSAGES),
)
DEEPEST = 100
"""Lists and objects inside each other, in JSON."""

MOST_PARTS = 200_000
"""Lists and objects of one body."""

_TOKENS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[\[{]|[\]}]', re.DOTALL)
"""A text that is not finished is one token too: without it the search would begin anew at every quote in it."""


class Limits:
    """Answers 413 to bodies that are too large, with a length or without, and 400 to JSON that is too deep."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with its whole body, or refuse it."""
        if is_inside(scope) or scope["type"] == "websocket":
            await self.app(scope, receive, send)
            return
        most = largest(path_of(scope))
        body = None if _declared(Headers(scope=scope)) > most else await _read(receive, most)
        if body is None:
            message = f"the request is too large: it may have {most / MB:g} MB here"
            await refuse(scope, receive, send, 413, message, {"Connection": "close"})
        elif most not in _PLAIN and not await asyncio.to_thread(is_flat, body):
            await refuse(scope, receive, send, 400, "the JSON has too many lists and objects inside each other")
        else:
            await self.app(scope, _replay(body, receive), send)


def largest(path: str) -> int:
    """The bytes that a request to a path may bring."""
    return next((most for known, most in _CLASSES if known.fullmatch(path)), ELSE)


def is_flat(body: bytes) -> bool:
    """Whether JSON is no deeper than `DEEPEST` and has no more than `MOST_PARTS`, so that it can be read at ease."""
    depth = parts = 0
    for token in _TOKENS.finditer(body):
        first = body[token.start()]
        depth += (first in b"[{") - (first in b"]}")
        parts += first in b"[{"
        if depth > DEEPEST or parts > MOST_PARTS:
            return False
    return True


def _declared(headers: Headers) -> int:
    length = headers.get("content-length", "0")
    return int(length) if length.isascii() and length.isdecimal() and len(length) < 20 else 0


async def _read(receive: Receive, most: int) -> bytes | None:
    """The whole body; None when there is more than may be."""
    chunks, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            break  # the client went away; whoever answers will notice
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > most:
            return None
        chunks.append(chunk)
        more = message.get("more_body", False)
    return b"".join(chunks)


def _replay(body: bytes, receive: Receive) -> Receive:
    """What gives the body once, and then whatever else comes."""
    given = False

    async def replayed() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replayed
