"""Which routes are open under keys: our own, and those of LangGraph's that a run needs. All others are closed.

LangGraph's server has more than its handlers of authorisation know of, and grows: what is not named here is not there.
"""

from __future__ import annotations

import re

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from overpaint.server.keys import Caller, Unauthorised, caller_of, configured
from overpaint.server.owners import Owners
from overpaint.server.refusing import is_inside, path_of, refuse
from overpaint.tools.database import open_database

_NEVER = re.compile("/(deploy|internal|noauth)(/.*)?", re.DOTALL)
"""Of LangGraph's development server: they ask for no key, and drop all data, show any thread, deploy this folder."""

_NOTHING = "there is nothing here"

_ANYBODYS = re.compile(r"/|/ok|/docs|/openapi\.json|/(page|images)(/.*)?", re.DOTALL)
"""They need no key; links to pictures are signed."""

_OURS = re.compile(r"/(overpaint|v1|mcp)(/.*)?", re.DOTALL)
"""They ask whose a thread is themselves."""

_THREAD, _RUN = "/threads/[^/]+", "/threads/[^/]+/runs/[^/]+"
_OPEN = tuple(
    (frozenset(methods.split()), re.compile(pattern))
    for methods, pattern in (
        ("GET HEAD", "/info"),
        ("POST", "/threads|/threads/search|/threads/count"),
        ("GET HEAD PATCH DELETE", _THREAD),
        ("GET HEAD", f"{_THREAD}/(state(/[^/]+)?|history|stream|runs)"),
        ("POST", f"{_THREAD}/(state/checkpoint|history|runs|runs/stream|runs/wait)"),
        ("GET HEAD DELETE", _RUN),
        ("GET HEAD", f"{_RUN}/(join|stream)"),
        ("POST", f"{_RUN}/cancel"),
        ("POST", "/assistants/(search|count)|/assistants/[^/]+/versions"),
        ("GET HEAD", r"/assistants/[^/]+(/(graph|schemas|subgraphs(/[^/]+)?))?"),
    )
)
_INSTEAD = (
    (r"/threads/[^/]+/(state|copy)", "to go on from another picture, prompt, brief or checklist use"
     " POST /overpaint/threads/{thread}/fork"),
    (r"/threads/[^/]+/(commands|stream/events)", "use POST /threads/{thread}/runs/stream"),
    (r"/threads/prune", "use DELETE /threads/{thread}"),
    (r"/threads/[^/]+/runs/crons|/runs/crons.*", "runs are started by their callers: there are no crons here"),
    (r"/runs/cancel", "use POST /threads/{thread}/runs/{run}/cancel"),
    (r"/runs(/.*)?", "a run needs a thread: POST /threads, then POST /threads/{thread}/runs"),
    (r"/store(/.*)?", "the graph keeps what it needs in its threads: the store is closed"),
    (r"/assistants(/.*)?", "the graph's settings are given with each run, as `context`: assistants cannot be changed"),
    (r"/a2a(/.*)?|/\.well-known/.*", "use /mcp, or the routes of /threads"),
)  # fmt: skip


class OpenRoutes:
    """Turns away requests to closed routes, and those without a key where one is needed. Without keys all pass."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, if its route is open."""
        refused = None if is_inside(scope) else await _refused(scope, path_of(scope))
        if refused is None:
            await self.app(scope, receive, send)
            return
        status, message = refused
        headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
        await refuse(scope, receive, send, status, message, headers)


async def _refused(scope: Scope, path: str) -> tuple[int, str] | None:
    """Why a request goes no further, as a status and a sentence; None when it does."""
    if _NEVER.fullmatch(path):
        return 404, _NOTHING
    if not configured() or _ANYBODYS.fullmatch(path):
        return None
    try:
        caller = caller_of(Headers(scope=scope))
    except Unauthorised as error:
        return 401, str(error)
    if _OURS.fullmatch(path):
        return None
    if scope["type"] == "http" and is_open(scope["method"], path):
        return (404, "there is no such thread") if await _is_anothers(caller, path) else None
    instead = next((text for known, text in _INSTEAD if re.fullmatch(known, path)), None)
    return (403, instead) if instead else (404, _NOTHING)


async def _is_anothers(caller: Caller, path: str) -> bool:
    """Whether a path names a thread that is not the caller's; one that a run is about to make is claimed then."""
    named = re.match("/threads/([^/]+)", path)
    makes = re.fullmatch(f"{_THREAD}/runs(/stream|/wait)?", path)
    if named is None or makes or named[1] in ("search", "count"):
        return False
    return not await Owners(open_database()).may(caller, named[1])


def is_open(method: str, path: str) -> bool:
    """Whether a route of LangGraph's is open to keys."""
    return any(method in methods and known.fullmatch(path) for methods, known in _OPEN)
