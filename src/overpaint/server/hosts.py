"""Whose requests are answered: those to a name of this server, and of pages that it trusts.

A browser sends requests to this machine for any page that it shows. Without keys such a page could spend what the
operator's models cost. It is told apart by what browsers alone set, `Origin` and `Sec-Fetch-Site`, and by the name in
`Host`, which a page whose name was made to mean this machine (DNS rebinding) cannot change.
"""

from __future__ import annotations

import ipaddress
import os
from contextlib import suppress
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from overpaint.server.keys import configured
from overpaint.server.refusing import is_inside, path_of, refuse

_EXPOSED = ("content-location", "location", "retry-after", "x-pagination-next", "x-pagination-total")
"""Headers that LangGraph's client reads."""


class Hosts:
    """Turns away requests to other names than this server's, and of other sites' pages.

    OVERPAINT_HOSTS lists further names that the server is reached by, OVERPAINT_CORS_ORIGINS the origins
    (`https://chat.example.com`) whose pages may call it. Both are lists with commas, empty by default.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, unless it is such a one."""
        if is_inside(scope):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin", "").rstrip("/")
        if not is_known(host):
            await refuse(scope, receive, send, 421, "this server is not called so: name it in OVERPAINT_HOSTS")
        elif origin in _listed("OVERPAINT_CORS_ORIGINS"):
            await _shared(self.app, origin)(scope, receive, send)
        elif _foreign(host, origin, headers, scope):
            message = "a page of another site asked: list its origin in OVERPAINT_CORS_ORIGINS if it may"
            await refuse(scope, receive, send, 403, message)
        else:
            await self.app(scope, receive, send)


def is_known(host: str) -> bool:
    """Whether the `Host` of a request names this server: a loopback name, or one of the operator's.

    Under keys every name will do where OVERPAINT_HOSTS lists none: a page of another site has no key to send.
    """
    listed = _listed("OVERPAINT_HOSTS")
    if configured() and not listed:
        return True
    name = _name(host)
    return _is_loopback(name) or name in {*listed, urlsplit(os.environ.get("OVERPAINT_URL", "")).hostname}


def _foreign(host: str, origin: str, headers: Headers, scope: Scope) -> bool:
    """Whether a page of another site sent a request that it has no business with."""
    if origin:
        return origin.partition("://")[2].casefold() != host.casefold() and origin != _url()
    if headers.get("sec-fetch-site", "none") in ("none", "same-origin"):
        return False
    # Links and pictures may be followed and shown from anywhere.
    safe = scope.get("method") in ("GET", "HEAD")
    linked = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    return not (safe and (linked or path_of(scope).startswith("/images/")))


def _shared(app: ASGIApp, origin: str) -> ASGIApp:
    return CORSMiddleware(
        app, allow_origins=[origin], allow_methods=["*"], allow_headers=["*"], expose_headers=_EXPOSED
    )


def _listed(variable: str) -> list[str]:
    return [entry.strip().rstrip("/").casefold() for entry in os.environ.get(variable, "").split(",") if entry.strip()]


def _url() -> str:
    parts = urlsplit(os.environ.get("OVERPAINT_URL", ""))
    return f"{parts.scheme}://{parts.netloc}"


def _name(host: str) -> str:
    with suppress(ValueError):
        return urlsplit(f"//{host}").hostname or ""
    return ""


def _is_loopback(name: str) -> bool:
    with suppress(ValueError):
        return ipaddress.ip_address(name).is_loopback
    return name == "localhost" or name.endswith(".localhost")
