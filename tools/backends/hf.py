"""Paints through Hugging Face's inference providers, or an endpoint of one's own: one call per picture.

huggingface_hub finds the provider's address and the shape of its request. Its `text_to_image` is not used: it decodes
the picture and hands out pixels, fetches addresses wherever they lead, and cannot be cancelled. So the request is sent
here.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

from overpaint.tools.backends.fal_answers import blocked_reason, is_nsfw
from overpaint.tools.backends.remote import OPTIONS, Options, decoded, endpoint
from overpaint.tools.backends.rest import Answer, ask, complaint, failure, one_picture
from overpaint.tools.faults import BadInput, ProviderFault
from overpaint.tools.painters import Abilities, PaintRequest, PaintResult, Progress
from overpaint.tools.provider_errors import provider_fault, scrubbed

BASE = "https://router.huggingface.co"
KEYS = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")
RESERVED = frozenset({"prompt", "inputs", "seed", "n", "num_images", "width", "height"})
HOSTED = ("fal-ai", "hf-inference", "nscale", "replicate", "together")
"""Those that answer with the picture. The others answer with a job, which only huggingface_hub could wait for."""

_NAMED = re.compile(r"[a-z-]+(?:/(?!\.+(?:/|$))[A-Za-z0-9._-]+){1,2}")


@dataclass(frozen=True)
class _Order:
    url: str
    headers: dict[str, str]
    body: dict[str, Any]


class HuggingFacePainter:
    """A painter over one model at one provider, or over the endpoint at a base URL.

    Args:
        model: provider/owner/model; with a base URL, hf-inference/ and any name.
        options: how to reach it.

    Raises:
        BadInput: the name is none, the provider cannot be used, or an option cannot be.
    """

    def __init__(self, model: str, options: Options | None = None) -> None:
        some = "hf:fal-ai/black-forest-labs/FLUX.1-dev"
        if not _NAMED.fullmatch(model):
            raise BadInput(f"hf has no model {model!r}: write hf:provider/owner/model, such as {some}")
        self.name = f"hf:{model}"
        self._provider, _, self._model = model.partition("/")
        if self._provider not in HOSTED:
            raise BadInput(f"hf cannot use the provider {self._provider!r}: use one of {', '.join(HOSTED)}")
        self._at = at = endpoint(self.name, BASE, KEYS, options or Options(), RESERVED)
        if at.own and self._provider != "hf-inference":
            raise BadInput(f"{self.name} with a base URL: an endpoint of yours is called hf:hf-inference/NAME")
        # nscale's part of huggingface_hub drops the steps in silence.
        takes = {"size", "guidance", "negative_prompt"} | (set() if self._provider == "nscale" else {"steps"})
        self._abilities = at.declared(Abilities(accepts=OPTIONS | {"local_urls"} | takes, seeds=True))

    @property
    def abilities(self) -> Abilities:
        """What this painter can do, settled when it was made."""
        return self._abilities

    async def check(self) -> None:
        """See that there is a key and huggingface_hub, neither of which an endpoint of one's own needs.

        Raises:
            BadInput: one is missing.
        """
        await asyncio.to_thread(self._at.key)
        if not self._at.own:
            await asyncio.to_thread(_helper, self._provider, self._model)

    async def paint(self, request: PaintRequest, progress: Progress | None = None) -> PaintResult:
        """Paint one picture with one request, which is never sent again from here.

        Raises:
            BadInput: as `check`, or the provider does not have the model.
            ProviderFault: `unsure` when the request was sent and its answer, or the picture, did not arrive.
        """
        key, started = await asyncio.to_thread(self._at.key), time.perf_counter()
        order = await asyncio.to_thread(self._order, request, key)
        async with one_picture(self._at, order.headers, progress) as session:
            answer = await ask(session, "POST", order.url, self._at.seconds, body=order.body)
            result = await self._result(answer, request)
        return replace(result, seconds=time.perf_counter() - started)

    def _order(self, request: PaintRequest, key: str | None) -> _Order:
        """What to send and where; asks the hub for the provider's name of the model, once in a process."""
        width, height = request.size or (None, None)
        given = {
            "negative_prompt": request.negative_prompt,
            "width": width,
            "height": height,
            "num_inference_steps": request.steps,
            "guidance_scale": request.guidance,
            "seed": request.seed,
        }
        parameters = {name: value for name, value in given.items() if value is not None} | dict(self._at.extra)
        headers = {"Accept": "image/png"}
        if self._at.own:
            authorized = {"Authorization": f"Bearer {key}"} if key else {}
            return _Order(self._at.base, headers | authorized, {"inputs": request.prompt, "parameters": parameters})
        helper = _helper(self._provider, self._model)
        try:
            ready = helper.prepare_request(
                inputs=request.prompt, parameters=parameters, headers={}, model=self._model, api_key=key
            )
        except ValueError as error:
            raise BadInput(f"{self.name} cannot be used: {scrubbed(str(error))}") from None
        except Exception as error:  # noqa: BLE001  of the hub's client: nothing was sent to the provider yet
            raise provider_fault(error, self.name) from None
        return _Order(ready.url, headers | ready.headers, ready.json)

    async def _result(self, answer: Answer, request: PaintRequest) -> PaintResult:
        params: dict[str, Any] = {"model": self._model, "provider": self._provider}
        params |= {"size": list(request.size)} if request.size else {}
        if reason := blocked_reason(answer):
            return PaintResult("blocked", params=params, notes=(reason,))
        if fault := failure(answer, self.name):
            raise fault
        body = answer.json
        if body.get("status") in ("starting", "processing"):
            # replicate waits for a minute, and paints on after it.
            raise ProviderFault(f"{self.name} was not done in time and paints on; it will be paid for.", unsure=True)
        seed = body["seed"] if isinstance(body.get("seed"), int) else request.seed
        if is_nsfw(body):
            return PaintResult("blocked", None, seed, params, ("it was taken for unsafe",))
        if answer.picture is not None:
            return PaintResult("ok", answer.picture, seed, params)
        encoded, address = _found(body)
        if encoded is not None:
            return PaintResult("ok", await asyncio.to_thread(decoded, encoded), seed, params)
        if address is not None:
            return PaintResult("ok", await self._at.picture(address), seed, params)
        return PaintResult("ok", None, seed, params, (complaint(answer),))


def open_painter(
    model: str,
    *,
    timeout: float | None = None,
    base_url: str | None = None,
    api_key_env: str | None = None,
    extra_body: Mapping[str, Any] | None = None,
    local_urls: bool | None = None,
) -> HuggingFacePainter:
    """Make the painter behind "hf:<provider>/<owner>/<model>".

    Raises:
        BadInput: as HuggingFacePainter.
    """
    return HuggingFacePainter(model, Options(timeout, base_url, api_key_env, extra_body, local_urls))


def _helper(provider: str, model: str) -> Any:
    """What huggingface_hub knows of a provider.

    Raises:
        BadInput: it is not installed.
    """
    try:
        providers = import_module("huggingface_hub.inference._providers")
    except ImportError as error:
        raise BadInput("hf: needs a package that is missing: pip install huggingface_hub") from error
    return providers.get_provider_helper(provider, task="text-to-image", model=model)


def _found(body: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """The picture of an answer as base64, or its address: under images, data, output or image, whoever answered."""
    held: Any = next((body[name] for name in ("images", "data", "output", "image") if body.get(name)), None)
    first = held[0] if isinstance(held, list) else held
    if isinstance(first, dict):
        encoded, address = first.get("b64_json"), first.get("url")
    elif isinstance(first, str) and first.startswith(("http://", "https://", "data:")):
        encoded, address = None, first
    else:
        encoded, address = first, None
    return encoded if isinstance(encoded, str) else None, address if isinstance(address, str) else None
