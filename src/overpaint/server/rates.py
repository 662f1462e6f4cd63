"""How often a key may ask, and how many runs it may have at work; counted in this process."""

from __future__ import annotations

import asyncio
import math
import os
import re
import sys
import time
from collections import OrderedDict
from contextvars import Context

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from overpaint.server.keys import LOCAL, Caller, TooMany, Unauthorised, caller_of, configured
from overpaint.server.owners import Owners
from overpaint.server.refusing import is_inside, path_of, refuse
from overpaint.tools.database import open_database
from overpaint.tools.faults import BadInput

USUAL = "600/minute"
"""OVERPAINT_RATE where it is not set."""

RUNS = 4
"""OVERPAINT_RUNS_PER_KEY where it is not set; a server runs as many side by side."""

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


async def room_for_run(caller: Caller) -> None:
    """See that a caller may begin one more run.

    Raises:
        TooMany: it has all that it may have.
        BadInput: see `runs_per_key`.
    """
    if caller == LOCAL:
        return
    most = runs_per_key()
    # Without the caller's own context, which LangGraph's client would take to be that of the inner request.
    waiting = asyncio.create_task(_waiting(caller.owner, most), context=Context())
    busy = await Owners(open_database()).at_work(caller.owner) | await waiting
    if len(busy) >= most:
        raise TooMany(f"this key has {len(busy)} runs at work and may have {most}: wait until one is done")


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
