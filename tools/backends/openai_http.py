"""One request to a server of OpenAI's images API, by OpenAI's SDK, and what its failures mean."""

from __future__ import annotations

import asyncio
import os
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from overpaint.tools.backends.openai_answers import Answer, Told, blocked_reason, read_answer
from overpaint.tools.backends.openai_orders import FIXED, Order
from overpaint.tools.backends.remote import CONNECT_SECONDS, Endpoint, Options, endpoint, led_elsewhere
from overpaint.tools.faults import ProviderFault
from overpaint.tools.provider_errors import between_servers, http_status, provider_fault, scrubbed
from overpaint.tools.vendors import is_vendors

if TYPE_CHECKING:
    from openai import AsyncOpenAI

KEYS = ("OPENAI_API_KEY",)
VENDOR = "https://api.openai.com/v1"

UNSENT = frozenset({"ConnectError", "ConnectTimeout", "PoolTimeout", "UnsupportedProtocol", "LocalProtocolError"})
"""httpx's errors that come before a request is on its way."""

NO_SUCH_PATH = frozenset({404, 405, 501})


def server_of(name: str, options: Options) -> Endpoint:
    """The server at the base URL in the options, else at OPENAI_BASE_URL, else OpenAI's.

    Args:
        name: "openai:model".
        options: what the user set. Of the fields of `extra_body` that come with each request, null leaves one out.

    Raises:
        BadInput: one of the options cannot be used.
    """
    named = options.base_url is not None
    url = options.base_url or os.environ.get("OPENAI_BASE_URL", "").strip() or VENDOR
    own = None if is_vendors("openai", url) else url
    left_out = {field for field, value in (options.extra_body or {}).items() if value is None}
    reserved = FIXED | (frozenset({"size", "seed"}) - left_out)
    server = endpoint(name, url, KEYS, replace(options, base_url=own), reserved)
    # Both variables together are how OpenAI's SDK is pointed at another server.
    return server if named or options.api_key_env else replace(server, keys=KEYS)


async def exchanged(server: Endpoint, order: Order, key: str | None, told: Told) -> Answer:
    """Send a request, once, and read its answer.

    Args:
        server: whom to ask.
        order: what to ask.
        key: the request's, for servers that pay for one key once.
        told: is told of pictures on their way.

    Returns:
        The answer, with the request's id at the server under `request_id`. A refusal for the sake of content is one.

    Raises:
        BadInput: there is no key.
        ProviderFault: `unsure` when the request was sent and its answer did not arrive.
    """
    import openai

    client = await asyncio.to_thread(_client, server)
    try:
        async with client, _sent(client, order, key) as response:
            answer = await read_answer(response, told)
            request_id = response.headers.get("x-request-id")
    except openai.APIStatusError as error:
        body = error.body if isinstance(error.body, dict) else {}
        if blocked_reason(body) is None:
            raise _refused(error, server.name, order) from None  # it quotes the request's key
        return {"error": body}
    except _broken_lines() as error:
        raise _unreached(error, server.name) from None
    if answer is None:
        broke = f"{server.name} ended its answer before the picture; it may have been paid for."
        raise ProviderFault(broke, retryable=True, unsure=True)
    return {**answer, "request_id": scrubbed(request_id, 100) if request_id else None}


def _client(server: Endpoint) -> AsyncOpenAI:
    """Made in a thread: it reads certificates from disk, and its parts are imported as they are first used."""
    from openai import AsyncOpenAI, DefaultAsyncHttpxClient, Timeout

    client = AsyncOpenAI(
        http_client=DefaultAsyncHttpxClient(follow_redirects=False),
        api_key=server.key() or "none",  # the SDK wants one, also where the server does not
        base_url=server.base,
        max_retries=0,
        timeout=Timeout(server.seconds, connect=min(CONNECT_SECONDS, server.seconds)),
        default_headers={"Connection": "close"},
    )
    _ = client.images.with_streaming_response
    return client


def _sent(client: AsyncOpenAI, order: Order, key: str | None) -> AbstractAsyncContextManager[Any]:
    images = client.images.with_streaming_response
    send: Any = images.generate if order.edit is None else images.edit
    headers = {} if key is None else {"Idempotency-Key": key}
    response: AbstractAsyncContextManager[Any] = send(
        **order.fields, extra_headers=headers, extra_body=order.extra or None
    )
    return response


def _refused(error: Exception, name: str, order: Order) -> Exception:
    if 300 <= (code := getattr(error, "status_code", 0)) < 400:
        return led_elsewhere(name, code)
    status, fault = http_status(error), provider_fault(error, name)
    if order.edit is not None and status in NO_SUCH_PATH:
        told = f"{name} answered {status} to an edit: its server has no /images/edits, or none for this model"
        return ProviderFault(f"{told} | Take edit out of the setting actions, or use another model.")
    if isinstance(fault, ProviderFault) and between_servers(status):
        return ProviderFault(str(fault), retryable=True, retry_after=fault.retry_after, unsure=True)
    return fault


def _unreached(error: Exception, name: str) -> ProviderFault:
    """The line broke; only where no connection was made is it sure that nothing was accepted."""
    fault = provider_fault(error, name)
    names = {cls.__name__ for cls in type(error.__cause__ or error).__mro__}
    return ProviderFault(str(fault), retryable=True, unsure=UNSENT.isdisjoint(names))


def _broken_lines() -> tuple[type[Exception], ...]:
    """What a broken line raises; the SDK wraps what sending does, not reading (by httpx2, formerly httpx)."""
    from openai import APIConnectionError

    clients = [import_module(name) for name in ("httpx2", "httpx") if find_spec(name)]
    reading = [kind for client in clients for kind in (client.TransportError, client.DecodingError)]
    return (APIConnectionError, OSError, *reading)
