"""Paints with any server of OpenAI's images API: one call per picture, no job id, nothing sent twice on its own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from typing import Any
from urllib.parse import urljoin

from overpaint.tools.backends.openai_answers import (
    MOST_PARTIAL,
    Answer,
    Told,
    blocked_reason,
    complaint,
    image_of,
    usage_of,
    usd_of,
)
from overpaint.tools.backends.openai_http import exchanged, server_of
from overpaint.tools.backends.openai_models import LIVE, LONGEST_PROMPT, RETIRED, is_openais, sides, wrong_size
from overpaint.tools.backends.openai_orders import SETTINGS, Order, make_order
from overpaint.tools.backends.remote import OPTIONS, Endpoint, Options, alive, decoded
from overpaint.tools.faults import BadInput, ProviderFault
from overpaint.tools.painters import Abilities, PaintRequest, PaintResult, Progress
from overpaint.tools.provider_errors import scrubbed


class OpenAIPainter:
    """A painter over `images.generate` and `images.edit` of a server.

    Args:
        model: as the server names it.
        options: the server, its key, and what is added to each request; see `server_of`.
        partial_images: how many pictures on their way to ask for, 0 to 3; each is told as progress.
        edits: whether the server can edit; None says that it can where the model is one of OpenAI's.
        idempotent: True says that the server pays for one Idempotency-Key once. OpenAI's own does not say so.

    Raises:
        BadInput: no model is named, or an option cannot be used.
    """

    def __init__(
        self,
        model: str,
        options: Options,
        *,
        partial_images: int = 0,
        edits: bool | None = None,
        idempotent: bool = False,
    ) -> None:
        if not model:
            raise BadInput(f"openai needs the name of a model: write openai:{LIVE[0]}, or what your server calls it")
        if partial_images not in range(MOST_PARTIAL + 1):
            raise BadInput(f"partial_images {partial_images!r} cannot be asked for: give 0 to {MOST_PARTIAL}")
        self.name = f"openai:{model}"
        self._model, self._partial = model, partial_images
        self._server = server = server_of(self.name, options)
        self._taken, price = _taken(model, server), server.price()
        self._tokens = None if price is None else price.tokens
        settings = {"local_urls", "partial_images", "edits", "idempotent", "size"} | self._taken
        self._abilities = server.declared(
            Abilities(
                accepts=OPTIONS | (settings - {"seed"}),
                sides=sides(model),
                edit="mask" if (is_openais(model) if edits is None else edits) else None,
                seeds="seed" in self._taken,
                prompt_characters=LONGEST_PROMPT if is_openais(model) or not server.own else None,
                client_key=idempotent,
            )
        )

    @property
    def abilities(self) -> Abilities:
        """What this painter can do, settled when it was made.

        OpenAI's models take no seed, steps, guidance or negative prompt, wherever they are served. All others are said
        to, and to paint the same again from the same seed: that is what vLLM-Omni and SGLang promise.
        """
        return self._abilities

    async def check(self) -> None:
        """See that there is a key, and that the model was not shut down.

        Raises:
            BadInput: one of them is not so.
        """
        await asyncio.to_thread(self._server.key)
        if self._model in RETIRED and not self._server.own:
            raise BadInput(f"OpenAI has shut down {self._model}: use one of {', '.join(LIVE)}")

    def refuse(self, request: PaintRequest) -> None:
        """Refuse a size that the model does not paint. A picture that is changed is fitted to one that it does.

        Raises:
            BadInput: naming what it paints.
        """
        size = request.size
        if size is not None and request.source is None and (instead := wrong_size(self._model, size)):
            raise BadInput(f"{self._model} cannot paint {size[0]}x{size[1]}: it takes {instead}")

    async def paint(self, request: PaintRequest, progress: Progress | None = None) -> PaintResult:
        """Paint one picture with one request, which is never sent again from here.

        Raises:
            BadInput: as `check` and `refuse`, or the source cannot be used.
            ProviderFault: `unsure` when the request was sent and its answer, or the picture, did not arrive.
        """
        await self.check()
        self.refuse(request)
        server, told, started = self._server, Told(progress, self._partial), time.perf_counter()
        order = await asyncio.to_thread(
            make_order, request, self._model, taken=self._taken, extra=server.extra, partial=self._partial
        )
        try:
            async with asyncio.timeout(server.seconds), alive(told.again):
                answer = await exchanged(server, order, request.key, told)
                result = await self._result(order, answer)
        except TimeoutError:
            late = f"{self.name} did not answer within {server.seconds:g} seconds; the picture may have been paid for."
            raise ProviderFault(late, retryable=True, unsure=True) from None
        return replace(result, usd=usd_of(answer, self._tokens), seconds=time.perf_counter() - started)

    async def _result(self, order: Order, answer: Answer) -> PaintResult:
        if (why := blocked_reason(answer.get("error"))) is not None:
            return PaintResult("blocked", notes=(why,), params=order.params)
        image = image_of(answer)
        data, notes = await _data(image, self._server), self._notes(order, image)
        if data is None:
            notes = (complaint(answer), *notes)
        elif order.edit is not None:
            data, made = await asyncio.to_thread(order.edit.finished, data)
            notes = (*notes, *made)
        request_id = {"request_id": answer["request_id"]} if answer["request_id"] else {}
        return PaintResult(
            "ok",
            data,
            seed=order.params.get("seed"),
            params={**order.params, **usage_of(answer), **request_id},
            notes=notes,
        )

    def _notes(self, order: Order, image: Mapping[str, Any]) -> tuple[str, ...]:
        notes = () if self._server.own else unknown_model(self._model)
        said = image.get("revised_prompt")
        if said and said != order.fields["prompt"]:
            notes = (*notes, f"the provider painted from its own wording: {scrubbed(str(said), 2000)}")
        return notes


def unknown_model(model: str) -> tuple[str, ...]:
    """The note on a model of OpenAI's that is newer than what is known here; it is let through."""
    return () if model in LIVE else (f"{model} is none of the models of OpenAI's that are known here",)


def _taken(model: str, server: Endpoint) -> frozenset[str]:
    """The settings of SETTINGS that are sent."""
    if is_openais(model) or not server.own:
        return frozenset()
    left_out = {field for field, value in server.extra.items() if value is None}
    return frozenset(name for name, field in SETTINGS.items() if field not in left_out)


async def _data(image: Mapping[str, Any], server: Endpoint) -> bytes | None:
    if isinstance(encoded := image.get("b64_json"), str):
        return await asyncio.to_thread(decoded, encoded)
    if isinstance(url := image.get("url"), str):
        # SGLang names the path alone.
        return await server.picture(urljoin(server.base, url) if url.startswith("/") else url)
    return None


def open_painter(
    model: str,
    *,
    base_url: str | None = None,
    api_key_env: str | None = None,
    extra_body: Mapping[str, Any] | None = None,
    partial_images: int = 0,
    local_urls: bool | None = None,
    edits: bool | None = None,
    timeout: float | None = None,
    idempotent: bool = False,
) -> OpenAIPainter:
    """Make the painter behind "openai:<model>".

    Raises:
        BadInput: as OpenAIPainter.
    """
    options = Options(timeout, base_url, api_key_env, extra_body, local_urls)
    painter = OpenAIPainter(model, options, partial_images=partial_images, edits=edits, idempotent=idempotent)
    # Half a second, which must not lie between the claim of a request and its sending: who dies there may have paid.
    import_module("openai.resources.images")
    return painter
