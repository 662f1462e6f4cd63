"""Paints with any diffusers model on this machine: from text, from a picture, and inside boxes of a picture."""

from __future__ import annotations

import asyncio
import re
import secrets
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import cache, partial
from types import MappingProxyType
from typing import Any

from overpaint.tools.backends.loading import check_installed, load, locate, place
from overpaint.tools.backends.painting import paint_one
from overpaint.tools.backends.prompt_length import token_limit
from overpaint.tools.faults import BadInput
from overpaint.tools.painters import Abilities, PaintRequest, PaintResult, Progress, refuse_size

DEVICES = re.compile(r"auto|cpu|mps|cuda(:\d+)?")
DTYPES = ("float32", "float16", "bfloat16")
OFFLOADS = ("none", "model", "sequential")
ACCEPTS = frozenset({"size", "steps", "guidance", "negative_prompt", "device", "dtype", "offload"})
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
        defaults: what to use for size, steps, guidance and strength where a request leaves them open.
        sides: the widths and heights it can paint, in pixels.

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
        defaults: Mapping[str, Any] = MappingProxyType({}),
        sides: range = SIDES,
    ) -> None:
        if device is not None and not DEVICES.fullmatch(device):
            raise BadInput(f"device {device!r} is unknown: use auto, cpu, mps, cuda or cuda:<number>")
        _check_choice("dtype", dtype, DTYPES)
        _check_choice("offload", offload, OFFLOADS)
        check_installed()
        self.name = name or f"diffusers:{model}"
        self._model = locate(model)
        self._placing = partial(place, device, dtype, offload)
        self._defaults = defaults
        self._abilities = Abilities(
            accepts=ACCEPTS,
            sides=sides,
            edit="mask",
            seeds=True,
            free=True,
            token_limit=token_limit(self._model),
            price_usd=0.0,
        )

    @property
    def abilities(self) -> Abilities:
        """What this painter can do, settled when it was made."""
        return self._abilities

    async def check(self) -> None:
        """See that the device is there and suits the rest; imports torch.

        Raises:
            BadInput: it does not.
        """
        await asyncio.get_running_loop().run_in_executor(_painting_thread(), self._placing)

    async def paint(self, request: PaintRequest, progress: Progress | None = None) -> PaintResult:
        """Paint one picture; the same request with the same seed gives the same bytes on the same machine.

        With `boxes`, only they are repainted and every pixel outside them stays as in the source; strength is then 1
        when left open. A cancelled picture stops at its next step.

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

    def _paint(self, request: PaintRequest, report: Callable[[int, int], None]) -> PaintResult:
        loaded = load(self._model, self._placing())
        seed = secrets.randbelow(2**32) if request.seed is None else request.seed
        return paint_one(loaded, request, self._defaults, seed, self.name, report)


def open_painter(
    model: str, *, device: str | None = None, dtype: str | None = None, offload: str | None = None
) -> DiffusersPainter:
    """Make the painter behind "diffusers:<folder or hub id>".

    Raises:
        BadInput: as DiffusersPainter.
    """
    return DiffusersPainter(model, device=device, dtype=dtype, offload=offload)


def _check_choice(setting: str, value: str | None, choices: tuple[str, ...]) -> None:
    if value is not None and value not in choices:
        raise BadInput(f"{setting} {value!r} is unknown: use {', '.join(choices)}")


@cache
def _painting_thread() -> ThreadPoolExecutor:
    # Not asyncio.to_thread: pictures that wait for their turn would fill the pool that file and database work needs.
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="overpaint-painting")
