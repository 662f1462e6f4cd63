"""Paints with Stability's REST API (v2beta, stable-image/generate): one call per picture, answered with its bytes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from overpaint.tools.backends.ratios import STABLE, nearest
from overpaint.tools.backends.remote import OPTIONS, Options, decoded, endpoint, sent_seed
from overpaint.tools.backends.rest import Answer, ask, complaint, failure, one_picture, said
from overpaint.tools.faults import BadInput
from overpaint.tools.painters import Abilities, PaintRequest, PaintResult, Progress

BASE = "https://api.stability.ai"
KEYS = ("STABILITY_API_KEY",)
RESERVED = frozenset({"prompt", "seed", "model", "mode", "image"})
LONGEST = 10_000
HIGHEST_SEED = 2**32 - 2
"""The largest that Stability takes, and what seed 0 becomes, as 0 has it draw one of its own."""

SIZED = frozenset({"size", "negative_prompt"})
ENDPOINTS = {
    "core": SIZED,
    "ultra": SIZED | {"strength"},
    "sd3.5-large": SIZED | {"strength", "guidance"},
    "sd3.5-large-turbo": frozenset({"size", "strength"}),
    "sd3.5-medium": SIZED | {"strength", "guidance"},
    "sd3-large": SIZED | {"strength", "guidance"},
    "sd3-large-turbo": frozenset({"size", "strength"}),
    "sd3-medium": SIZED | {"strength", "guidance"},
}
"""The models, and the settings of a picture each honours. A turbo paints without guidance, so nothing is kept out."""


class StabilityPainter:
    """A painter over one of Stability's models, at a base URL or at Stability itself.

    It takes an aspect ratio; the pixels are the provider's choice. From a picture it paints with `strength`.

    Args:
        model: core, ultra, or one of the sd3 family, such as sd3.5-large.
        options: how to reach it.

    Raises:
        BadInput: there is no such model, or an option cannot be used.
    """

    def __init__(self, model: str, options: Options | None = None) -> None:
        if model not in ENDPOINTS:
            raise BadInput(f"stability has no model {model!r}: use one of {', '.join(ENDPOINTS)}")
        self.name = f"stability:{model}"
        self._model = model
        self._at = at = endpoint(self.name, BASE, KEYS, options or Options(), RESERVED)
        for name, value in at.extra.items():
            if isinstance(value, bool) or not isinstance(value, (str, int, float)):
                raise BadInput(f"extra_body, {name}: {self.name} is sent a form, so give text or a number")
        self._abilities = at.declared(
            Abilities(accepts=OPTIONS | ENDPOINTS[model], ratios=STABLE, seeds=True, prompt_characters=LONGEST)
        )

    @property
    def abilities(self) -> Abilities:
        """What this painter can do, settled when it was made."""
        return self._abilities

    async def check(self) -> None:
        """See that there is a key, unless the server is one's own.

        Raises:
            BadInput: there is none.
        """
        await asyncio.to_thread(self._at.key)

    async def paint(self, request: PaintRequest, progress: Progress | None = None) -> PaintResult:
        """Paint one picture with one request, which is never sent again from here.

        Raises:
            BadInput: as `check`, or a picture to start from without a strength.
            ProviderFault: `unsure` when the request was sent and its answer did not arrive.
        """
        key, started = await asyncio.to_thread(self._at.key), time.perf_counter()
        form = self._form(request)
        headers = {"Accept": "image/*"} | ({"Authorization": f"Bearer {key}"} if key else {})
        async with one_picture(self._at, headers, progress) as session:
            answer = await ask(session, "POST", self._url, self._at.seconds, form=form)
        if answer.status == 403 and answer.json.get("name") == "content_moderation":
            return PaintResult("blocked", notes=(said(answer),), params={"model": self._model})
        if fault := failure(answer, self.name):
            raise fault
        result = await asyncio.to_thread(self._result, answer, form)
        return replace(result, seconds=time.perf_counter() - started)

    @property
    def _url(self) -> str:
        kind = self._model if self._model in ("core", "ultra") else "sd3"
        return f"{self._at.base}/v2beta/stable-image/generate/{kind}"

    def _form(self, request: PaintRequest) -> dict[str, str | bytes]:
        form: dict[str, str | bytes] = {"prompt": request.prompt, "output_format": "png"}
        if self._model not in ("core", "ultra"):
            form["model"] = self._model
            form["mode"] = "text-to-image" if request.source is None else "image-to-image"
        if request.seed is not None:
            form["seed"] = str(sent_seed(request.seed, HIGHEST_SEED))
        if request.negative_prompt is not None:
            form["negative_prompt"] = request.negative_prompt
        if request.guidance is not None:
            form["cfg_scale"] = f"{request.guidance:g}"
        if request.source is not None:
            if request.strength is None:
                raise BadInput(f"{self.name} must be told how far to leave a picture: set strength, 0 to 1")
            form["image"], form["strength"] = request.source, f"{request.strength:g}"
        elif request.size is not None:
            form["aspect_ratio"] = nearest(request.size, STABLE)
        return {**form, **{name: str(value) for name, value in self._at.extra.items()}}

    def _result(self, answer: Answer, form: Mapping[str, str | bytes]) -> PaintResult:
        """Read the bytes of a picture, or JSON with a picture in it, which a proxy may answer with."""
        finished = answer.headers.get("finish-reason") or answer.json.get("finish_reason")
        sent = {name: str(form[name]) for name in ("seed", "aspect_ratio") if name in form}
        params: dict[str, Any] = {"model": self._model, **sent}
        if "seed" in sent:
            params["seed"] = int(sent["seed"])
        given = str(answer.headers.get("seed") or answer.json.get("seed") or sent.get("seed", ""))
        seed = int(given) if given.isdecimal() else None
        if finished == "CONTENT_FILTERED":
            return PaintResult("blocked", None, seed, params, ("the content filter took it for unsafe",))
        encoded = answer.json.get("image")
        data = decoded(encoded) if isinstance(encoded, str) else answer.picture
        return PaintResult("ok", data, seed, params, () if data is not None else (complaint(answer),))


def open_painter(
    model: str,
    *,
    timeout: float | None = None,
    base_url: str | None = None,
    api_key_env: str | None = None,
    extra_body: Mapping[str, str | float] | None = None,
) -> StabilityPainter:
    """Make the painter behind "stability:<model>".

    Raises:
        BadInput: as StabilityPainter.
    """
    return StabilityPainter(model, Options(timeout, base_url, api_key_env, extra_body))
