"""Paints with any diffusers model on this machine: from text, from a picture, and inside boxes of a picture."""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace
from functools import cache, partial
from types import MappingProxyType
from typing import Any

from overpaint.tools.backends.loading import (
    OutOfMemory,
    Placement,
    check_installed,
    check_placing,
    computing,
    locate,
    place,
)
from overpaint.tools.backends.model_index import Index, fetch_index, read_index
from overpaint.tools.backends.painting import paint_one
from overpaint.tools.backends.pipelines import Recipe, check_lora, load
from overpaint.tools.backends.prompt_length import readers_in, token_limit, unread_end
from overpaint.tools.faults import BadInput
from overpaint.tools.painters import Abilities, PaintRequest, PaintResult, Progress
from overpaint.tools.refusals import refuse_size

OFFLOADS = ("none", "model", "sequential")
OPTIONS = frozenset({"device", "dtype", "offload", "variant", "scheduler", "lora", "vae_tiling"})
OFFLOADED = "the GPU's memory was too small, so it was painted with offload=model; set that to save the first try"
SIDES = range(8, 8193, 8)
"""Every latent model works on cells of at least 8 pixels; a model that wants more says so when it is loaded."""


class DiffusersPainter:
    """A painter over one model in the diffusers format.

    Nothing is imported or loaded before the first picture. All pictures of a process are painted one after another on
    one thread, so painters share weights, and waiting pictures take no thread from the rest of the program.

    Args:
        model: a folder with model_index.json, or a hub id.
        name: what to call it in records; the model when left out.
        device: auto, cpu, mps, cuda or cuda:<number>. dtype: float32, float16 or bfloat16.
        offload: none, model or sequential: keep weights on the CPU until they are needed (diffusers, "Reduce memory").
        variant, scheduler, lora, vae_tiling: what is changed of the model as it is loaded, see `Recipe`.
        defaults: what to use for size, steps, guidance and strength where a request leaves them open.
        sides: the widths and heights it can paint, in pixels.
        threads: how many of the CPU compute a picture; torch's own choice when None.

    Raises:
        BadInput: a package or the model's folder is missing, or a value is none of the above.
    """

    def __init__(
        self,
        model: str,
        *,
        name: str | None = None,
        device: str | None = None,
        dtype: str | None = None,
        offload: str | None = None,
        variant: str | None = None,
        scheduler: str | None = None,
        lora: str | None = None,
        vae_tiling: bool = False,
        defaults: Mapping[str, Any] = MappingProxyType({}),
        sides: range = SIDES,
        threads: int | None = None,
    ) -> None:
        check_placing(device, dtype)
        if offload is not None and offload not in OFFLOADS:
            raise BadInput(f"offload {offload!r} is unknown: use {', '.join(OFFLOADS)}")
        check_installed()
        if lora is not None:
            check_lora(lora)
        self.name = name or f"diffusers:{model}"
        self._recipe = Recipe(locate(model), variant, scheduler, lora, vae_tiling)
        self._placing = partial(place, device, dtype, offload)
        self._lighter: Placement | None = None
        self._defaults = defaults
        self._sides = sides
        self._threads = threads
        self._abilities = self._able(read_index(self._recipe.model))

    @property
    def abilities(self) -> Abilities:
        """What this painter can do, told by the model's own files; for a hub id the most until those are here."""
        return self._abilities

    def _able(self, index: Index | None) -> Abilities:
        return Abilities(
            accepts=_accepts(index),
            sides=self._sides,
            edit="mask" if index is None else index.edit,
            seeds=True,
            free=True,
            token_limit=None if index is None else token_limit(index),
            price_usd=0.0,
        )

    async def check(self) -> None:
        """See that the device is there and suits the rest; imports torch.

        Raises:
            BadInput: it does not.
        """
        await asyncio.get_running_loop().run_in_executor(_painting_thread(), self._placing)

    async def unread(self, prompt: str) -> str:
        """The end of a prompt that the model will not see; empty when it sees all. Loads tokenizers, no weights.

        Raises:
            ProviderFault: the tokenizers cannot be found, downloaded or read.
        """
        return await asyncio.to_thread(self._unread, prompt)

    async def paint(self, request: PaintRequest, progress: Progress | None = None) -> PaintResult:
        """Paint one picture; the same request with the same seed gives the same bytes on the same machine.

        With `boxes`, only they are repainted and every pixel outside them stays as in the source; strength is then 1
        when left open. A cancelled picture stops at its next step. One that does not fit into a GPU's memory is painted
        again with the weights offloaded, and so are all after it; there is no batch to halve, since it is always 1.

        Raises:
            BadInput: the request asks for something the model or this machine cannot do.
            ProviderFault: the model cannot be found, loaded or run.
        """
        self._check(request)
        loop, stop = asyncio.get_running_loop(), threading.Event()

        def report(step: int, steps: int) -> None:
            if stop.is_set():
                raise asyncio.CancelledError
            if progress is not None:
                loop.call_soon_threadsafe(progress, step, steps)

        job = partial(copy_context().run, self._paint, request, report)
        try:
            return await loop.run_in_executor(_painting_thread(), job)
        except asyncio.CancelledError:
            stop.set()
            raise

    def _check(self, request: PaintRequest) -> None:
        if request.boxes and request.source is None:
            raise BadInput("boxes say where to repaint a source, but no source picture is given")
        if request.source is not None and not 0 <= (1 if request.strength is None else request.strength) <= 1:
            raise BadInput(f"strength {request.strength} is outside 0 to 1")
        if request.steps is not None and request.steps < 1:
            raise BadInput(f"steps {request.steps} is less than 1")
        refuse_size(self, request.size)

    def _known(self) -> Index:
        """The model's index, downloaded if need be; from then on the abilities are those it tells of."""
        index = fetch_index(self._recipe.model)
        self._abilities = self._able(index)
        return index

    def _unread(self, prompt: str) -> str:
        self._known()
        return unread_end(readers_in(self._recipe.model), prompt)[0]

    def _paint(self, request: PaintRequest, report: Callable[[int, int], None]) -> PaintResult:
        seed = secrets.randbelow(2**32) if request.seed is None else request.seed
        placement = self._lighter or self._placing(half=_half(self._known()))

        def attempt(placement: Placement) -> PaintResult:
            loaded = load(self._recipe, placement)
            with computing(self._threads):
                return paint_one(loaded, request, self._defaults, seed, self.name, report)

        try:
            return attempt(placement)
        except OutOfMemory:
            if not placement.device.startswith("cuda") or placement.offload != "none":
                raise
        # Out of the except block, since the error's traceback holds on to what did not fit.
        self._lighter = replace(placement, offload="model")
        result = attempt(self._lighter)
        return replace(result, notes=(*result.notes, OFFLOADED))


def open_painter(
    model: str,
    *,
    device: str | None = None,
    dtype: str | None = None,
    offload: str | None = None,
    variant: str | None = None,
    scheduler: str | None = None,
    lora: str | None = None,
    vae_tiling: bool = False,
) -> DiffusersPainter:
    """Make the painter behind "diffusers:<folder or hub id>".

    Raises:
        BadInput: as DiffusersPainter.
    """
    return DiffusersPainter(
        model,
        device=device,
        dtype=dtype,
        offload=offload,
        variant=variant,
        scheduler=scheduler,
        lora=lora,
        vae_tiling=vae_tiling,
    )


def _accepts(index: Index | None) -> frozenset[str]:
    """The settings it honours; all of them while the model is unknown, which then refuses by itself."""
    settings = {"size", "steps", "guidance", "negative_prompt", "strength"}
    if index is None or not index.kind.takes:
        return OPTIONS | settings
    kind = index.kind
    pipeline_calls = {"steps": "num_inference_steps", "guidance": kind.guidance, "negative_prompt": "negative_prompt"}
    idle = {setting for setting, argument in pipeline_calls.items() if argument not in kind.heeds}
    return OPTIONS | settings - idle - (set() if index.takes_strength else {"strength"})


def _half(index: Index) -> str:
    # Transformers are trained in bfloat16, and float16 is too narrow for some; most UNets come in float16.
    return "bfloat16" if "transformer" in index.parts else "float16"


@cache
def _painting_thread() -> ThreadPoolExecutor:
    # Not asyncio.to_thread: pictures that wait for their turn would fill the pool that file and database work needs.
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="overpaint-painting")
