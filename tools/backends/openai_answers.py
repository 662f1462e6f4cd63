"""Reading what a server of OpenAI's images API answers: JSON, or a stream of events with pictures on their way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

from overpaint.tools.backends.remote import MAX_ANSWER
from overpaint.tools.http_body import TooLarge
from overpaint.tools.painters import Progress
from overpaint.tools.prices import MILLION, PictureTokens
from overpaint.tools.provider_errors import scrubbed

MOST_PARTIAL = 3
"""Pictures on their way that may be asked for (types/image_generate_params.py, partial_images)."""

BLOCKED = frozenset({"moderation_blocked", "content_policy_violation"})

Answer = dict[str, Any]


class Told:
    """How far a picture is, told at once and again as a sign of life.

    Args:
        progress: whom to tell, if anybody.
        partial: how many pictures on their way were asked for.
    """

    def __init__(self, progress: Progress | None, partial: int) -> None:
        self._progress, self._step, self._steps = progress, 0, partial + 1

    def again(self, *_: int) -> None:
        """Tell where it stands."""
        if self._progress is not None:
            self._progress(self._step, self._steps)

    def arrived(self) -> None:
        """A picture on its way has come; more of them than were asked for count for nothing."""
        self._step = min(self._step + 1, self._steps - 1)
        self.again()


async def read_answer(response: Any, told: Told) -> Answer | None:
    """Read a whole answer, of a bounded size; None when a stream ended without one.

    Args:
        response: of the SDK's `with_streaming_response`, its status good and its body unread.
        told: is told of each picture on its way.

    Returns:
        What an answer in one piece holds. Of a stream, what its last event holds, in the same shape. What cannot be
        used is under `error`.
    """
    try:
        if "text/event-stream" in response.headers.get("content-type", ""):
            return await _streamed(_bounded(response.iter_bytes(), MAX_ANSWER * (MOST_PARTIAL + 1)), told)
        body = b"".join([chunk async for chunk in _bounded(response.iter_bytes(), MAX_ANSWER)])
    except TooLarge:
        return {"error": f"an answer of more than {MAX_ANSWER // 10**6} MB"}
    return await asyncio.to_thread(_parsed, body)


def image_of(answer: Answer) -> dict[str, Any]:
    """The first picture of an answer, however it is given; empty when there is none."""
    images = answer.get("data")
    return images[0] if isinstance(images, list) and images and isinstance(images[0], dict) else {}


def blocked_reason(error: Any) -> str | None:
    """Why the provider will not paint this, where the `error` of its answer says so; else None."""
    if not isinstance(error, dict) or error.get("code") not in BLOCKED:
        return None
    return scrubbed(str(error.get("message") or error["code"]))


def complaint(answer: Answer) -> str:
    """What a server that said 200 says in place of a picture."""
    error: Any = answer.get("error") or answer.get("detail") or "no image was in it"
    said = error.get("message", error) if isinstance(error, dict) else error
    return f"it answered 200, and {scrubbed(str(said))}"


def usage_of(answer: Answer) -> dict[str, int]:
    """The tokens that were counted, as far as they are told."""
    return _counts(answer.get("usage"), "input_tokens", "output_tokens")


def usd_of(answer: Answer, price: PictureTokens | None) -> float | None:
    """What a picture cost by its tokens, in dollars; None where the answer or the price does not tell.

    Tokens sent of which the answer does not tell the kind count as the dearer one.
    """
    usage, counts = answer.get("usage"), usage_of(answer)
    if price is None or len(counts) < 2:
        return None
    kinds = _counts(isinstance(usage, dict) and usage.get("input_tokens_details"), "text_tokens", "image_tokens")
    text, image = kinds.get("text_tokens", 0), kinds.get("image_tokens", 0)
    untold = max(0, counts["input_tokens"] - text - image)
    sent = text * price.text + image * price.image + untold * max(price.text, price.image)
    return (sent + counts["output_tokens"] * price.output) / MILLION


def _counts(usage: Any, *names: str) -> dict[str, int]:
    told: Mapping[str, Any] = usage if isinstance(usage, dict) else {}
    return {name: told[name] for name in names if isinstance(told.get(name), int)}


async def _bounded(chunks: AsyncIterator[bytes], most: int) -> AsyncIterator[bytes]:
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if size > most:
            raise TooLarge
        yield chunk


async def _streamed(chunks: AsyncIterator[bytes], told: Told) -> Answer | None:
    async for data in _events(chunks):
        if data.strip() == b"[DONE]":
            break
        event = await asyncio.to_thread(_parsed, data)
        kind = str(event.get("type", ""))
        if kind.endswith(".partial_image"):
            told.arrived()
        elif "b64_json" in event:
            return {**event, "data": [event]}
        elif "data" in event:
            return event
        elif kind == "error" or "error" in event:
            return {"error": event.get("error") or event}
    return None


async def _events(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The data of server-sent events (WHATWG HTML, 9.2.6); one that breaks off is none."""
    data: list[bytes] = []
    async for line in _lines(chunks):
        if line.startswith(b"data:"):
            data.append(line.removeprefix(b"data:"))
        elif not line and data:
            yield b"\n".join(data)
            data = []


async def _lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    line = bytearray()
    async for chunk in chunks:
        first, *others = chunk.split(b"\n")
        line += first
        for other in others:
            yield bytes(line).removesuffix(b"\r")
            line = bytearray(other)


def _parsed(body: bytes) -> Answer:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return {"error": f"no JSON: {scrubbed(body[:300].decode(errors='replace'), 100)}"}
    return answer if isinstance(answer, dict) else {}
