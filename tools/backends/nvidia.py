"""Paints with NVIDIA's hosted image models, or with a NIM of one's own: one call per picture."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from overpaint.tools.backends.nvidia_models import EDITORS, MODELS, Model
from overpaint.tools.backends.ratios import nearest
from overpaint.tools.backends.remote import OPTIONS, Options, decoded, endpoint, sent_seed
from overpaint.tools.backends.rest import Answer, ask, complaint, failure, one_picture, said
from overpaint.tools.faults import BadInput, ProviderFault
from overpaint.tools.painters import Abilities, PaintRequest, PaintResult, Progress

BASE = "https://ai.api.nvidia.com"
KEYS = ("NVIDIA_API_KEY",)
RESERVED = frozenset({"prompt", "seed", "image", "samples", "width", "height"})
LONGEST = 10_000
HIGHEST_SEED = 2**32 - 2
"""What seed 0 becomes, as 0 has NVIDIA draw one of its own."""

POLL_SECONDS = 1.0
_NAMED = re.compile(r"(?!\.+/)[A-Za-z0-9._-]+/(?!\.+$)[A-Za-z0-9._-]+")
_REQUEST = re.compile(r"[A-Za-z0-9-]{1,64}")


class NvidiaPainter:
    """A painter over one of NVIDIA's visual models: hosted, or a NIM at a base URL (POST <base>/v1/infer).

    Args:
        model: publisher/model, as NVIDIA names it.
        options: how to reach it.

    Raises:
        BadInput: the model's name is none, it paints nothing from words, or an option cannot be used.
    """

    def __init__(self, model: str, options: Options | None = None) -> None:
        if not _NAMED.fullmatch(model):
            some = "nvidia:black-forest-labs/flux.1-dev"
            raise BadInput(f"nvidia has no model {model!r}: write nvidia:publisher/model, such as {some}")
        if model in EDITORS:
            raise BadInput(f"nvidia:{model} only changes pictures and paints none from words: use another model")
        self.name = f"nvidia:{model}"
        self._model, self._takes = model, MODELS.get(model, Model())
        self._at = at = endpoint(self.name, BASE, KEYS, options or Options(), RESERVED)
        self._abilities = at.declared(
            Abilities(
                accepts=OPTIONS | self._takes.takes,
                sides=None if at.own else self._takes.sides,
                ratios=self._takes.ratios,
                seeds=True,
                prompt_characters=LONGEST,
            )
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
            BadInput: as `check`, or the model cannot do this.
            ProviderFault: `unsure` when the request was sent and its answer did not arrive.
        """
        key, started = await asyncio.to_thread(self._at.key), time.perf_counter()
        self.refuse(request)
        body = self._body(request)
        headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
        async with one_picture(self._at, headers, progress) as session:
            answer = await ask(session, "POST", self._url, self._at.seconds, body=body)
            if answer.status == 202:
                answer = await self._waited(session, answer)
        if fault := failure(answer, self.name):
            raise fault
        result = await asyncio.to_thread(self._result, answer, body)
        return replace(result, seconds=time.perf_counter() - started)

    @property
    def _url(self) -> str:
        return f"{self._at.base}/v1/{'infer' if self._at.own else f'genai/{self._model}'}"

    def refuse(self, request: PaintRequest) -> None:
        """Refuse steps and a guidance that the model does not take.

        Raises:
            BadInput: naming what it takes.
        """
        takes = self._takes
        if request.steps is not None and takes.steps is not None and request.steps not in takes.steps:
            raise BadInput(f"{self.name} makes {takes.steps[0]} to {takes.steps[-1]} steps, not {request.steps}")
        if request.guidance is not None and takes.guidance is not None and request.guidance > takes.guidance:
            raise BadInput(f"{self.name} takes a guidance of at most {takes.guidance:g}, not {request.guidance:g}")

    def _body(self, request: PaintRequest) -> dict[str, Any]:
        fields = {"negative_prompt": request.negative_prompt, "steps": request.steps, "cfg_scale": request.guidance}
        body = {"prompt": request.prompt, **self._takes.always}
        body |= {name: value for name, value in fields.items() if value is not None}
        if request.seed is not None:
            body["seed"] = sent_seed(request.seed, HIGHEST_SEED)
        if request.size is not None and self._takes.ratios:
            body["aspect_ratio"] = nearest(request.size, self._takes.ratios)
        elif request.size is not None:
            body["width"], body["height"] = request.size
        return {**body, **self._at.extra}

    async def _waited(self, session: Any, answer: Answer) -> Answer:
        """Ask for the answer to a request that NVIDIA has put aside (202) until it comes, or the time is up."""
        request, root = answer.headers.get("NVCF-REQID", ""), urlsplit(self._at.base)
        if not _REQUEST.fullmatch(request):
            raise ProviderFault(f"{self.name} accepted the request, and did not say its id.", unsure=True)
        url = f"{root.scheme}://{root.netloc}/v1/status/{request}"
        while answer.status == 202 or answer.status >= 500 or answer.status == 429 or answer.trouble:
            await asyncio.sleep(max(POLL_SECONDS, answer.retry_after or 0.0))
            answer = await ask(session, "GET", url, self._at.seconds)
        if answer.status >= 400:
            raise ProviderFault(f"{self.name} accepted the request, and lost it: {said(answer)}.", unsure=True)
        return answer

    def _result(self, answer: Answer, body: Mapping[str, Any]) -> PaintResult:
        """Read either shape: {"artifacts": [{"base64", "finishReason", "seed"}]} and {"image"}."""
        found = _artifact(answer.json)
        params: dict[str, Any] = {"model": self._model}
        params |= {name: body[name] for name in ("seed", "aspect_ratio", "steps") if name in body}
        if "width" in body:
            params["size"] = [body["width"], body["height"]]
        seed = found.get("seed") if isinstance(found.get("seed"), int) else body.get("seed")
        if (found.get("finishReason") or found.get("finish_reason")) == "CONTENT_FILTERED":
            return PaintResult("blocked", None, seed, params, ("the content filter took it for unsafe",))
        encoded = found.get("base64") or found.get("image")
        if not isinstance(encoded, str):
            return PaintResult("ok", None, seed, params, (complaint(answer),))
        return PaintResult("ok", decoded(encoded), seed, params)


def open_painter(
    model: str,
    *,
    timeout: float | None = None,
    base_url: str | None = None,
    api_key_env: str | None = None,
    extra_body: Mapping[str, Any] | None = None,
) -> NvidiaPainter:
    """Make the painter behind "nvidia:<publisher>/<model>".

    Raises:
        BadInput: as NvidiaPainter.
    """
    return NvidiaPainter(model, Options(timeout, base_url, api_key_env, extra_body))


def _artifact(body: Mapping[str, Any]) -> Mapping[str, Any]:
    artifacts = body.get("artifacts")
    first = artifacts[0] if isinstance(artifacts, list) and artifacts else body
    return first if isinstance(first, dict) else {}
