"""One request over HTTP, sent once: always an answer, also where the line broke, and what it means for the money."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any

from overpaint.tools.backends.remote import CONNECT_SECONDS, MAX_ANSWER, Endpoint, alive, led_elsewhere
from overpaint.tools.faults import ProviderFault
from overpaint.tools.http_body import TooLarge, read_body
from overpaint.tools.painters import Progress
from overpaint.tools.provider_errors import between_servers, provider_fault, scrubbed
from overpaint.tools.retry_after import retry_after

if TYPE_CHECKING:
    import aiohttp


@dataclass(frozen=True)
class Answer:
    """What came back.

    Args:
        status: HTTP's; 0 when none came.
        headers: of the answer.
        json: the body where it is a JSON object, else empty.
        picture: the body where the answer says that it is a picture.
        odd: why the body could not be read, though it came; empty when it could.
        trouble: how the line broke; empty when it did not.
        unsent: True when no connection was made, so that nothing can have been accepted.
    """

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    json: dict[str, Any] = field(default_factory=dict)
    picture: bytes | None = field(default=None, repr=False)
    odd: str = ""
    trouble: str = ""
    unsent: bool = False

    @property
    def retry_after(self) -> float | None:
        """For how many seconds the server asked to be left alone."""
        return retry_after(self.headers)

    def error(self) -> Exception:
        """The answer as an exception that `provider_fault` can read."""
        return _Refused(self)


class _Refused(Exception):
    def __init__(self, answer: Answer) -> None:
        super().__init__(said(answer))
        self.status_code, self.headers = answer.status, answer.headers


@asynccontextmanager
async def opened(headers: Mapping[str, str]) -> AsyncIterator[aiohttp.ClientSession]:
    """A session that sends these headers and keeps no connection."""
    aiohttp = await asyncio.to_thread(import_module, "aiohttp")  # it reads certificates from disk
    async with aiohttp.ClientSession(headers=headers, connector=aiohttp.TCPConnector(force_close=True)) as session:
        yield session


@asynccontextmanager
async def one_picture(
    at: Endpoint, headers: Mapping[str, str], progress: Progress | None
) -> AsyncIterator[aiohttp.ClientSession]:
    """A session for one paid request and what belongs to it, with a sign of life now and then.

    Raises:
        ProviderFault: `unsure`, when the block has taken longer than a picture may.
    """
    try:
        async with asyncio.timeout(at.seconds), alive(progress), opened(headers) as session:
            yield session
    except TimeoutError:
        late = f"{at.name} did not answer within {at.seconds:g} seconds; the picture may have been paid for."
        raise ProviderFault(late, retryable=True, unsure=True) from None


async def ask(
    session: aiohttp.ClientSession,
    method: str,
    url: str,
    seconds: float,
    *,
    body: Mapping[str, Any] | None = None,
    form: Mapping[str, str | bytes] | None = None,
) -> Answer:
    """Send one request, once, and read its answer within `seconds`. Redirects are not followed: the key went along.

    Args:
        session: as `opened`.
        method: GET or POST.
        url: where to.
        seconds: for everything.
        body: sent as JSON.
        form: sent as multipart/form-data; bytes are sent as a file.
    """
    import aiohttp

    patience = aiohttp.ClientTimeout(total=seconds, sock_connect=min(CONNECT_SECONDS, seconds))
    data = None if form is None else _multipart(form)
    try:
        async with session.request(
            method, url, json=body, data=data, timeout=patience, allow_redirects=False
        ) as response:
            return await _answer(response)
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL) as error:
        return Answer(trouble=scrubbed(str(error)) or "no connection", unsent=True)
    except (aiohttp.ClientError, OSError) as error:  # TimeoutError is an OSError
        return Answer(trouble=scrubbed(str(error)) or type(error).__name__)


def failure(answer: Answer, name: str) -> Exception | None:
    """What to raise for the answer to a request that costs money; None where it was accepted.

    Args:
        answer: what came.
        name: "provider:model".

    Returns:
        A ProviderFault as `provider_fault` makes it, `unsure` where the work may have been done: no answer came, or a
        gateway lost it.
    """
    if answer.unsent:
        return ProviderFault(f"{name} cannot be reached: {answer.trouble}. Try again later.", retryable=True)
    if answer.trouble:
        lost = f"{name} may have accepted the request, but the line broke ({answer.trouble})."
        return ProviderFault(lost, retryable=True, unsure=True)
    if 300 <= answer.status < 400:
        return led_elsewhere(name, answer.status)
    if answer.status < 400:
        return None
    fault = provider_fault(answer.error(), name)
    if between_servers(answer.status):
        return ProviderFault(str(fault), retryable=True, retry_after=answer.retry_after, unsure=True)
    return fault


def said(answer: Answer) -> str:
    """The provider's own words about what went wrong, on one line."""
    return words(answer.json) or scrubbed(answer.trouble or answer.odd or f"status {answer.status}")


def complaint(answer: Answer) -> str:
    """What a server that accepted the work says in place of a picture."""
    return f"it answered {answer.status}, and {words(answer.json) or scrubbed(answer.odd) or 'no image was in it'}"


def words(body: Mapping[str, Any]) -> str:
    """What the body of an error says, wherever the provider puts it; empty when it says nothing."""
    for name in ("detail", "error", "message", "errors", "title"):
        found = body.get(name)
        if isinstance(found, list) and found:
            found = found[0]
        if isinstance(found, Mapping):
            found = found.get("msg") or found.get("message")
        if isinstance(found, str) and found:
            return scrubbed(found)
    return ""


def _multipart(form: Mapping[str, str | bytes]) -> aiohttp.FormData:
    import aiohttp

    data = aiohttp.FormData(default_to_multipart=True)
    for name, value in form.items():
        data.add_field(name, value, filename=name if isinstance(value, bytes) else None)
    return data


async def _answer(response: aiohttp.ClientResponse) -> Answer:
    try:
        raw = await read_body(response, MAX_ANSWER)
    except TooLarge:
        return Answer(response.status, response.headers, odd="the answer is too large")
    kind = response.headers.get("Content-Type", "")
    if kind.startswith(("image/", "application/octet-stream")) and response.status < 300:
        return Answer(response.status, response.headers, picture=raw)
    try:
        body = await asyncio.to_thread(json.loads, raw)
    except (ValueError, RecursionError):
        odd = f"the answer is no JSON: {scrubbed(raw[:300].decode(errors='replace'), 100)}"
        return Answer(response.status, response.headers, odd=odd)
    return Answer(response.status, response.headers, body if isinstance(body, dict) else {})
