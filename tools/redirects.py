"""Chat clients that go where they were sent and nowhere else: a redirect would take prompt and pictures elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from overpaint.tools.backends.remote import led_elsewhere

if TYPE_CHECKING:
    import ssl

    import aiohttp
    import requests


def openai_without_redirects() -> dict[str, Any]:
    """HTTP clients for ChatOpenAI, whose own follow redirects; of these a redirect comes as a status error."""
    from openai import DefaultAsyncHttpxClient, DefaultHttpxClient

    straight: dict[str, Any] = {"follow_redirects": False, "verify": _certificates()}
    return {
        "http_client": DefaultHttpxClient(**straight),
        "http_async_client": DefaultAsyncHttpxClient(**straight),
    }


@cache
def _certificates() -> ssl.SSLContext:
    """What every such client would take 20 ms to read for itself."""
    library = import_module("httpx2" if find_spec("httpx2") else "httpx")  # OpenAI's SDK from version 3 on, and before
    context: ssl.SSLContext = library.create_ssl_context()
    return context


def nvidia_without_redirects(model: Any, name: str) -> None:
    """Let a ChatNVIDIA follow no redirects.

    It has no setting for it; the factories of its sessions are all that can be reached.

    Args:
        model: the ChatNVIDIA.
        name: "provider:model", to say who redirects.
    """
    one, other = model._client, model._async_client
    one.get_session_fn = _sessions(one.get_session_fn)
    other.get_async_session_fn = _async_sessions(other.get_async_session_fn, name)


def _sessions(create: Callable[[], requests.Session]) -> Callable[[], requests.Session]:
    def session() -> requests.Session:
        made = create()
        made.max_redirects = 0
        return made

    return session


def _async_sessions(create: Callable[[], aiohttp.ClientSession], name: str) -> Callable[[], aiohttp.ClientSession]:
    async def refuse(session: Any, context: Any, redirect: Any) -> None:
        raise led_elsewhere(name, redirect.response.status)

    def session() -> aiohttp.ClientSession:
        import aiohttp

        traces = aiohttp.TraceConfig()
        traces.on_request_redirect.append(refuse)
        traces.freeze()
        made = create()
        made.trace_configs.append(traces)
        return made

    return session
