"""The headers that tell a browser what an answer may do."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from overpaint.server.refusing import is_inside, path_of

PAGE = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self';"
    " font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""A static page of this server's own files, which talks to this server alone."""

SHEET = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; sandbox"
"""A contact sheet: one file with its style and pictures inside, and no script."""

DOCS = "frame-ancestors 'none'"
"""LangGraph's /docs loads its script from elsewhere, and shows nothing of anybody's."""

_ALWAYS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
}


class SecurityHeaders:
    """Adds to every answer what it does not say itself."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and its answer back with the headers."""
        if is_inside(scope):
            await self.app(scope, receive, send)
            return
        path = path_of(scope)

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                _add(MutableHeaders(scope=message), path)
            await send(message)

        await self.app(scope, receive, with_headers)


def _add(headers: MutableHeaders, path: str) -> None:
    policy = DOCS if path == "/docs" else SHEET if path.endswith("/sheet") else PAGE
    shown = path.startswith("/images/")  # chat pages of other sites show pictures
    wanted = _ALWAYS | {"content-security-policy": policy}
    if not shown:
        wanted |= {"cross-origin-resource-policy": "same-origin", "cache-control": "no-store"}
    for name, value in wanted.items():
        headers.setdefault(name, value)
