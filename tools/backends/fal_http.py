"""One request to a queue server: always an answer, also where the line broke."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any

from overpaint.tools.backends.fal_answers import said
from overpaint.tools.backends.remote import CONNECT_SECONDS, MAX_ANSWER, needed_key
from overpaint.tools.http_body import TooLarge, read_body
from overpaint.tools.provider_errors import scrubbed
from overpaint.tools.retry_after import retry_after

if TYPE_CHECKING:
    import aiohttp


@dataclass(frozen=True)
class Answer:
    """What came back.

    Args:
        status: HTTP's; 0 when none came.
        json: the body where it is a JSON object, else empty.
        headers: of the answer.
        trouble: how the line broke or the body could not be read; empty when all is well.
        unsent: True when no connection was made, so that nothing can have been accepted.
    """

    status: int = 0
    json: dict[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    trouble: str = ""
    unsent: bool = False

    @property
    def retry_after(self) -> float | None:
        """For how many seconds the server asked to be left alone."""
        return retry_after(self.headers)

    @property
    def is_final(self) -> bool:
        """Whether an error is what the job ended with, not one of handing its result out (fal.ai, Request Errors)."""
        return self.status >= 500 and "X-Fal-Error-Type" in self.headers

    def error(self) -> Exception:
        """The answer as an exception that `provider_fault` can read."""
        return _Refused(self)


class _Refused(Exception):
    def __init__(self, answer: Answer) -> None:
        super().__init__(said(answer))
        self.status_code, self.headers = answer.status, answer.headers


@asynccontextmanager
async def opened(name: str) -> AsyncIterator[aiohttp.ClientSession]:
    """A session for the painter `name` that sends the key of FAL_KEY and keeps no connection."""
    aiohttp = await asyncio.to_thread(import_module, "aiohttp")  # it reads certificates from disk
    headers = {"Authorization": f"Key {needed_key('FAL_KEY', name)}"}
    async with aiohttp.ClientSession(headers=headers, connector=aiohttp.TCPConnector(force_close=True)) as session:
        yield session


async def ask(
    session: aiohttp.ClientSession, method: str, url: str, seconds: float, *, body: dict[str, Any] | None = None
) -> Answer:
    """Send one request, once, and read its answer within `seconds`. Redirects are not followed: the key went along."""
    import aiohttp

    patience = aiohttp.ClientTimeout(total=seconds, sock_connect=min(CONNECT_SECONDS, seconds))
    try:
        async with session.request(method, url, json=body, timeout=patience, allow_redirects=False) as response:
            return await _answer(response)
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL) as error:
        return Answer(trouble=scrubbed(str(error)) or "no connection", unsent=True)
    except (aiohttp.ClientError, OSError) as error:  # TimeoutError is an OSError
        return Answer(trouble=scrubbed(str(error)) or type(error).__name__)


async def _answer(response: aiohttp.ClientResponse) -> Answer:
    try:
        raw = await read_body(response, MAX_ANSWER)
    except TooLarge:
        return Answer(response.status, headers=response.headers, trouble="the answer is too large")
    try:
        body = await asyncio.to_thread(json.loads, raw)
    except (ValueError, RecursionError):
        trouble = "" if response.status >= 400 else "the answer is no JSON"
        return Answer(response.status, headers=response.headers, trouble=trouble)
    return Answer(response.status, body if isinstance(body, dict) else {}, response.headers)
