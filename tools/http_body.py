"""Reading the body of an answer without trusting its length."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import aiohttp


class TooLarge(ValueError):
    """A body is larger than what was allowed."""


async def read_body(response: aiohttp.ClientResponse, limit: int) -> bytes:
    """Read a whole body of at most `limit` bytes; neither its declared nor its real length may exceed that.

    Raises:
        TooLarge: it is larger.
        aiohttp.ClientError: the connection broke before its end.
    """
    if (response.content_length or 0) > limit:
        raise TooLarge
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > limit:
            raise TooLarge
    return bytes(body)
