"""How often a key may ask, and how many runs it may have at work; counted in this process."""

from __future__ import annotations

import asyncio
import math
import os
import re
import sys
import time
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from contextvars import Context
from weakref import WeakValueDictionary

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from overpaint.server.keys import LOCAL, Caller, TooMany, Unauthorised, caller_of, configured
from overpaint.server.owners import Owners, canonical
from overpaint.server.refusing import is_inside, path_of, refuse
from overpaint.tools.database import open_database
from overpaint.tools.faults import BadInput

USUAL = "600/minute"
"""OVERPAINT_RATE where it is not set."""

RUNS = 4
"""OVERPAINT_RUNS_PER_KEY where it is not set; a server runs as many side by side."""

_STARTS = re.compile("/threads/([^/]+)/runs(?:/stream|/wait)?")
"""LangGraph's routes that start runs under keys."""

_let_in: dict[str, list[str]] = {}
"""The threads, by their owners, of runs that were let in and may not be listed anywhere yet."""

_turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
"""By owners: whoever asks for room waits for those before, who may get the last of it."""

_SECONDS = {"second": 1.0, "minute": 60.0, "hour": 3600.0}
_MOST_BUCKETS = 10_000


class Rates:
    """Answers 429 to who asks too often: each key, and each address that sends none, for itself.

    OVERPAINT_RATE is `NUMBER/second`, `/minute` or `/hour`; `off` for no limit. Without keys there is none.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, unless its caller asked too often."""
        if is_inside(scope) or not configured() or path_of(scope) == "/ok":
            await self.app(scope, receive, send)
            return
        wait = self.wait(_asking(scope), time.monotonic())
        if wait > 0:
            seconds = str(math.ceil(wait))
            message = f"too many requests: try again in {seconds} s"
            await refuse(scope, receive, send, 429, message, {"Retry-After": seconds})
        else:
            await self.app(scope, receive, send)

    def wait(self, who: str, now: float) -> float:
        """Count a request.

        Args:
            who: who asks.
            now: of `time.monotonic`.

        Returns:
            0 when it may go on, else the seconds until one may; that one was not counted.
        """
        if (rate := allowed_rate()) is None:
            return 0.0
        most, seconds = rate
        left, then = self.buckets.pop(who, (float(most), now))
        left = min(most, left + (now - then) * most / seconds)
        self.buckets[who] = (left - 1 if left >= 1 else left, now)
        while len(self.buckets) > _MOST_BUCKETS:
            self.buckets.popitem(last=False)
        return 0.0 if left >= 1 else (1 - left) * seconds / most


def allowed_rate() -> tuple[int, float] | None:
    """How many requests in how many seconds OVERPAINT_RATE allows; None for any.

    Raises:
        BadInput: it is no rate.
    """
    text = os.environ.get("OVERPAINT_RATE", "").strip() or USUAL
    if text == "off":
        return None
    found = re.fullmatch(r"([1-9]\d{0,6})/(second|minute|hour)", text)
    if found is None:
        raise BadInput(f"OVERPAINT_RATE is {text[:40]!r}: give one such as 120/minute, or off")
    return int(found[1]), _SECONDS[found[2]]


def runs_per_key() -> int:
    """How many runs OVERPAINT_RUNS_PER_KEY lets a key have, waiting or at work.

    Raises:
        BadInput: it is no number.
    """
    text = os.environ.get("OVERPAINT_RUNS_PER_KEY", "").strip() or str(RUNS)
    if not re.fullmatch(r"[1-9]\d{0,3}", text):
        raise BadInput(f"OVERPAINT_RUNS_PER_KEY is {text[:40]!r}: give a number above 0")
    return int(text)


@asynccontextmanager
async def room_for_run(caller: Caller, thread: str) -> AsyncIterator[None]:
    """Let a caller begin one more run, which counts until the end of the block, and after it where it is listed.

    Raises:
        TooMany: it has all that it may have.
        BadInput: see `runs_per_key`.
    """
    if caller == LOCAL:
        yield
        return
    let_in = _let_in.setdefault(caller.owner, [])
    async with _turns.setdefault(caller.owner, asyncio.Lock()):
        busy, most = set(let_in), runs_per_key()
        busy |= await _at_work(caller.owner, most)
        if len(busy) >= most:
            raise TooMany(f"this key has {len(busy)} runs at work and may have {most}: wait until one is done")
        let_in.append(thread)
    try:
        yield
    finally:
        let_in.remove(thread)


class Room:
    """Answers 429 to who asks LangGraph's routes for more runs than a key may have; belongs inside `OpenRoutes`."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, unless it is for one run too many."""
        starts = None if is_inside(scope) or scope.get("method") != "POST" else _STARTS.fullmatch(path_of(scope))
        if starts is None:
            await self.app(scope, receive, send)
            return
        async with AsyncExitStack() as room:

            async def answered(message: Message) -> None:
                await room.aclose()  # the run is listed now, or was refused
                await send(message)

            try:
                await room.enter_async_context(room_for_run(caller_of(Headers(scope=scope)), canonical(starts[1])))
            except TooMany as error:
                await refuse(scope, receive, send, 429, str(error), {"Retry-After": "10"})
            else:
                await self.app(scope, receive, answered)


async def _at_work(owner: str, most: int) -> set[str]:
    """The threads of an owner that a run is in, as far as the leases and LangGraph's server tell of it."""
    # Without the caller's own context, which LangGraph's client would take to be that of the inner request.
    waiting = asyncio.create_task(_waiting(owner, most), context=Context())
    return await Owners(open_database()).at_work(owner) | await waiting


async def _waiting(owner: str, most: int) -> set[str]:
    """The threads of an owner that LangGraph's server has a run of, waiting or at work."""
    if "langgraph_api.server" not in sys.modules:
        return set()
    from langgraph_sdk import get_client

    async with get_client() as client:
        found = await client.threads.search(metadata={"owner": owner}, status="busy", limit=most, select=["thread_id"])
    return {thread["thread_id"] for thread in found}


def _asking(scope: Scope) -> str:
    try:
        return f"key {caller_of(Headers(scope=scope)).owner}"
    except Unauthorised:
        return f"address {(scope.get('client') or ('unknown',))[0]}"
