"""Paints with any server of OpenAI's images API: one call per picture, no job id, nothing sent twice on its own."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from overpaint.tools.backends.remote import CONNECT_SECONDS, MAX_ANSWER, alive, checked_seconds, decoded, needed_key
from overpaint.tools.download import download
from overpaint.tools.faults import BadInput, ProviderFault
from overpaint.tools.painters import Abilities, PaintRequest, PaintResult, Progress
from overpaint.tools.provider_errors import between_servers, http_status, provider_fault, scrubbed

if TYPE_CHECKING:
    from openai import AsyncOpenAI

RETIRED = frozenset({"gpt-image-1", "dall-e-2", "dall-e-3"})
LIVE = ("gpt-image-2.5-sunburst", "gpt-image-2.5-flare", "gpt-image-2", "gpt-image-1-mini")
"""Both from openai-python 3.52, types/image_model.py, which says what was shut down."""

BLOCKED = frozenset({"moderation_blocked", "content_policy_violation"})

UNSENT = frozenset({"ConnectError", "ConnectTimeout", "PoolTimeout", "UnsupportedProtocol", "LocalProtocolError"})
"""httpx's errors that come before a request is on its way."""


class OpenAIPainter:
    """A painter over `images.generate` of the server at OPENAI_BASE_URL, or OpenAI itself.

    Args:
        model: as the server names it.
        timeout: how many seconds one picture may take, all in all; 600 when left out.
        idempotent: True says that the server pays for one Idempotency-Key once. OpenAI's own does not say so.

    Raises:
        BadInput: no model is named, or the timeout is none.
    """

    def __init__(self, model: str, *, timeout: float | None = None, idempotent: bool = False) -> None:
        if not model:
            raise BadInput(f"openai needs the name of a model: write openai:{LIVE[0]}, or what your server calls it")
        self.name = f"openai:{model}"
        self._model = model
        self._seconds = checked_seconds(timeout)
        self._abilities = Abilities(accepts=frozenset({"size", "timeout", "idempotent"}), client_key=idempotent)

    @property
    def abilities(self) -> Abilities:
        """What this painter can do, settled when it was made."""
        return self._abilities

    async def check(self) -> None:
        """See that there is a key, and that the model was not shut down.

        Raises:
            BadInput: one of them is not so.
        """
        needed_key("OPENAI_API_KEY", self.name)
        if self._model in RETIRED and not os.environ.get("OPENAI_BASE_URL"):
            raise BadInput(f"OpenAI has shut down {self._model}: use one of {', '.join(LIVE)}")

    async def paint(self, request: PaintRequest, progress: Progress | None = None) -> PaintResult:
        """Paint one picture with one request, which is never sent again from here.

        Raises:
            BadInput: as `check`.
            ProviderFault: `unsure` when the request was sent and its answer, or the picture, did not arrive.
        """
        await self.check()
        started = time.perf_counter()
        try:
            async with asyncio.timeout(self._seconds), alive(progress):
                client = await asyncio.to_thread(_client, self.name, self._seconds)
                async with client:
                    result = await self._asked(client, request)
        except TimeoutError:
            late = f"{self.name} did not answer within {self._seconds:g} seconds; the picture may have been paid for."
            raise ProviderFault(late, retryable=True, unsure=True) from None
        return replace(result, seconds=time.perf_counter() - started)

    async def _asked(self, client: AsyncOpenAI, request: PaintRequest) -> PaintResult:
        import openai

        size: dict[str, Any] = {} if request.size is None else {"size": f"{request.size[0]}x{request.size[1]}"}
        headers = {} if request.key is None else {"Idempotency-Key": request.key}
        order: dict[str, Any] = {"model": self._model, "prompt": request.prompt, "n": 1, **size}
        try:
            async with client.images.with_streaming_response.generate(**order, extra_headers=headers) as response:
                body = await _read(response.iter_bytes())
                request_id = response.headers.get("x-request-id")
        except openai.APIStatusError as error:
            if error.code in BLOCKED:
                why = error.body.get("message") if isinstance(error.body, dict) else None
                notes = (scrubbed(str(why or error.code)),)
                return PaintResult("blocked", notes=notes, params={"model": self._model})
            raise self._refused(error) from error
        except (openai.APIConnectionError, OSError) as error:
            raise self._unreached(error) from error
        except _transport_errors() as error:
            raise self._unreached(error) from error
        answer = await asyncio.to_thread(_parsed, body)
        return await self._result(answer, request_id, size)

    async def _result(self, answer: dict[str, Any], request_id: str | None, size: dict[str, str]) -> PaintResult:
        image = _first(answer.get("data"))
        params: dict[str, Any] = {"model": self._model, **size, **_usage(answer)}
        if request_id:
            params["request_id"] = scrubbed(request_id, 100)
        notes: tuple[str, ...] = ()
        if image.get("revised_prompt"):
            notes = (f"the provider painted from its own wording: {scrubbed(str(image['revised_prompt']), 2000)}",)
        data = await self._data(image)
        if data is None:
            notes = (_complaint(answer), *notes)
        return PaintResult("ok", data, params=params, notes=notes)

    async def _data(self, image: dict[str, Any]) -> bytes | None:
        if isinstance(encoded := image.get("b64_json"), str):
            return await asyncio.to_thread(decoded, encoded)
        if isinstance(url := image.get("url"), str):
            if url.startswith("data:"):
                return await asyncio.to_thread(decoded, url)
            return await download(url, allow=os.environ.get("OPENAI_BASE_URL"), seconds=self._seconds)
        return None

    def _refused(self, error: Exception) -> Exception:
        fault = provider_fault(error, self.name)
        if isinstance(fault, ProviderFault) and between_servers(http_status(error)):
            return ProviderFault(str(fault), retryable=True, retry_after=fault.retry_after, unsure=True)
        return fault

    def _unreached(self, error: Exception) -> ProviderFault:
        """The line broke; only where no connection was made is it sure that nothing was accepted."""
        fault = provider_fault(error, self.name)
        names = {cls.__name__ for cls in type(error.__cause__ or error).__mro__}
        return ProviderFault(str(fault), retryable=True, unsure=UNSENT.isdisjoint(names))


def open_painter(model: str, *, timeout: float | None = None, idempotent: bool | None = None) -> OpenAIPainter:
    """Make the painter behind "openai:<model>".

    Raises:
        BadInput: as OpenAIPainter.
    """
    # Half a second, which must not lie between the claim of a request and its sending: who dies there may have paid.
    import_module("openai.resources.images")
    return OpenAIPainter(model, timeout=timeout, idempotent=bool(idempotent))


def _client(name: str, seconds: float) -> AsyncOpenAI:
    """Made in a thread: it reads certificates from disk, and its parts are imported as they are first used."""
    from openai import AsyncOpenAI, Timeout

    client = AsyncOpenAI(
        api_key=needed_key("OPENAI_API_KEY", name),
        max_retries=0,
        timeout=Timeout(seconds, connect=min(CONNECT_SECONDS, seconds)),
        default_headers={"Connection": "close"},
    )
    _ = client.images.with_streaming_response
    return client


def _transport_errors() -> tuple[type[Exception], ...]:
    """What reading a body raises; the SDK wraps only what sending does, and is built on httpx2, formerly on httpx."""
    clients = [import_module(name) for name in ("httpx2", "httpx") if find_spec(name)]
    return tuple(kind for client in clients for kind in (client.TransportError, client.DecodingError))


async def _read(chunks: Any) -> bytes:
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > MAX_ANSWER:
            return b""  # no picture that could be used is so large
    return bytes(body)


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return {"error": f"no JSON: {scrubbed(body[:300].decode(errors='replace'), 100)}"}
    return answer if isinstance(answer, dict) else {}


def _first(images: Any) -> dict[str, Any]:
    return images[0] if isinstance(images, list) and images and isinstance(images[0], dict) else {}


def _usage(answer: Mapping[str, Any]) -> dict[str, int]:
    usage = answer.get("usage")
    counts = usage if isinstance(usage, dict) else {}
    return {name: counts[name] for name in ("input_tokens", "output_tokens") if isinstance(counts.get(name), int)}


def _complaint(answer: Mapping[str, Any]) -> str:
    """What a server that said 200 says in place of a picture."""
    error: Any = answer.get("error") or answer.get("detail") or "no image was in it"
    said = error.get("message", error) if isinstance(error, dict) else error
    return f"it answered 200, and {scrubbed(str(said))}"
