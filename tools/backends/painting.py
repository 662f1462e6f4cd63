"""One picture from a loaded pipeline: settles what the request leaves open, calls the pipeline, says what was done."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

from overpaint.tools.backends.loading import faults, quiet
from overpaint.tools.backends.masking import Keep, Rectangle, holds_latents, keep_source, paste_back, rectangles
from overpaint.tools.backends.model_index import Kind, kind_of
from overpaint.tools.backends.pipelines import Loaded
from overpaint.tools.backends.prompt_length import readers_of, unread_end
from overpaint.tools.decoding import decode
from overpaint.tools.faults import BadInput
from overpaint.tools.painters import PaintRequest, PaintResult

if TYPE_CHECKING:
    from PIL.Image import Image

Report = Callable[[int, int], None]
IMAGE_STRENGTH = 0.8
"""How far to leave a source without boxes; diffusers' own default."""
EDIT_STRENGTH = 1.0
FLAGS = ("nsfw_content_detected", "nsfw_detected")
"""What outputs call a safety checker's findings, one for each picture."""


@dataclass(frozen=True)
class Order:
    """A request with everything settled but what the pipeline's own defaults decide (None)."""

    prompt: str
    negative_prompt: str | None
    seed: int
    size: tuple[int, int] | None
    steps: int
    guidance: float | None
    strength: float | None
    source: Image | None
    inside: list[Rectangle]
    notes: tuple[str, ...]


def paint_one(
    loaded: Loaded, request: PaintRequest, defaults: Mapping[str, Any], seed: int, name: str, report: Report
) -> PaintResult:
    """Paint one picture on the calling thread.

    Args:
        loaded: the pipeline.
        request: what to paint.
        defaults: size, steps, guidance and strength for what the request leaves open.
        seed: of the one generator that all noise is drawn from; it is a CPU generator on every device.
        name: the painter's, for messages.
        report: called with (step, steps) after each step; may raise to stop.

    Raises:
        BadInput: the model cannot do what is asked. ProviderFault: it failed.
    """
    with faults(name, "paint with"), quiet():
        pipe = _choose(loaded, request)
        order = settle(pipe, request, defaults, seed)
        started = time.perf_counter()
        arguments = _arguments(kind_of(pipe), order, name)
        output = pipe(**arguments, **_each_step(pipe, order, report))
        image: Image = output.images[0].convert("RGB")
        if order.source is not None and order.inside:
            image = paste_back(order.source, image, order.inside)
        blocked = any((getattr(output, flags, None) or [False])[0] for flags in FLAGS)
        return PaintResult(
            outcome="blocked" if blocked else "ok",
            data=None if blocked else _png(image),
            seed=seed,
            params=_params(pipe, loaded, order, arguments, image.size, name),
            notes=order.notes,
            seconds=time.perf_counter() - started,
        )


def _choose(loaded: Loaded, request: PaintRequest) -> Any:
    """The pipeline for a request."""
    if request.source is None:
        return loaded.pipe
    pipe = loaded.image_to_image or loaded.pipe
    kind = kind_of(pipe)
    # Without an image-to-image pipeline an edit can still be made, from pure noise.
    if "image" not in kind.takes and not (request.boxes and holds_latents(pipe)):
        raise BadInput(f"{kind.name} cannot start from a picture: paint without a source, or use another model")
    if request.strength is not None and "strength" not in kind.takes:
        raise BadInput(f"{kind.name} does not take strength: leave it out")
    return pipe


def settle(pipe: Any, request: PaintRequest, defaults: Mapping[str, Any], seed: int) -> Order:
    """Fill in what a request leaves open, and fit the source to the size.

    Raises:
        BadInput: the size does not fit the model, or the strength leaves no step to paint.
    """
    kind, notes = kind_of(pipe), _unread(pipe, request)
    source = None if request.source is None else decode(request.source)
    size = _size(pipe, request.size or defaults.get("size"), source)
    if source is not None and size is not None and source.size != size:
        notes.append(f"the source of {_by(source.size)} pixels was resized to {_by(size)}")
        source = source.resize(size)
    inside = [] if source is None else rectangles(request.boxes, source.size)
    if inside and not holds_latents(pipe):
        notes.append(f"{kind.name} was not held to the source while painting; it was pasted back outside")
    steps = request.steps or defaults.get("steps") or kind.takes.get("num_inference_steps", 0)
    return Order(
        prompt=request.prompt,
        negative_prompt=request.negative_prompt,
        seed=seed,
        size=size,
        steps=steps,
        guidance=defaults.get("guidance") if request.guidance is None else request.guidance,
        strength=None if source is None else _strength(kind, request, defaults, steps),
        source=source,
        inside=inside,
        notes=tuple(notes),
    )


def _unread(pipe: Any, request: PaintRequest) -> list[str]:
    """What the model does not see of a request's texts."""
    readers, notes = readers_of(pipe), []
    for what, text in (("prompt", request.prompt), ("negative prompt", request.negative_prompt or "")):
        end, limit = unread_end(readers, text)
        if end:
            notes.append(f"the model reads {limit} tokens of a {what}; it did not see {end.strip()!r}")
    return notes


def _size(pipe: Any, wanted: tuple[int, int] | None, source: Image | None) -> tuple[int, int] | None:
    """Width and height to paint; None leaves it to the pipeline. A source's own is made smaller to fit."""
    processor = getattr(pipe, "image_processor", None)
    cell = int(processor.config.vae_scale_factor if processor else 8) * int(getattr(pipe, "patch_size", 1))
    if wanted is not None and any(side % cell for side in wanted):
        raise BadInput(f"size {_by(wanted)} does not fit {type(pipe).__name__}: give multiples of {cell} pixels")
    if wanted is None and source is not None:
        return max(cell, source.width // cell * cell), max(cell, source.height // cell * cell)
    return wanted


def _strength(kind: Kind, request: PaintRequest, defaults: Mapping[str, Any], steps: int) -> float | None:
    """How far to leave the source; None where the pipeline does not ask."""
    if "strength" not in kind.takes:
        return None
    usual = EDIT_STRENGTH if request.boxes else defaults.get("strength", IMAGE_STRENGTH)
    strength = float(usual if request.strength is None else request.strength)
    if int(steps * strength) < 1:
        raise BadInput(f"strength {strength} of {steps} steps leaves none to paint: raise one of them")
    return strength


def _arguments(kind: Kind, order: Order, name: str) -> dict[str, Any]:
    """What to call the pipeline with; what it would not heed is an error where it was asked for."""
    import torch

    asked = {
        "negative_prompt": order.negative_prompt,
        "num_inference_steps": order.steps or None,
        kind.guidance: order.guidance,
        "strength": order.strength,
    }
    given: dict[str, Any] = {key: value for key, value in asked.items() if value is not None}
    for key in given.keys() - kind.heeds:
        raise BadInput(f"{name} ({kind.name}) does not take {key}: leave it out")
    if kind.guidance == "true_cfg_scale" and given.get(kind.guidance, kind.takes[kind.guidance]) > 1:
        given.setdefault("negative_prompt", " ")  # without one there is no guidance at all
    if order.size is not None and "width" in kind.takes:
        given |= {"width": order.size[0], "height": order.size[1]}
    if order.source is not None and "image" in kind.takes:
        given["image"] = order.source
    if order.inside and "use_resolution_binning" in kind.takes:
        given["use_resolution_binning"] = False  # it would paint another size than the source's
    return {**given, "prompt": order.prompt, "generator": torch.Generator("cpu").manual_seed(order.seed)}


def _each_step(pipe: Any, order: Order, report: Report) -> dict[str, Any]:
    """The pipeline's arguments that have each step told, and the source kept outside the boxes."""
    keep: Keep | None = None
    if order.source is not None and order.inside and holds_latents(pipe):
        keep = keep_source(pipe, order.source, order.inside, order.seed)

    def callback(pipe: Any, step: int, timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        report(step + 1, getattr(pipe, "num_timesteps", order.steps))
        return tensors if keep is None else keep(pipe, step, tensors)

    def old_callback(step: int, timestep: Any, latents: Any) -> None:
        latents.copy_(callback(pipe, step, timestep, {"latents": latents})["latents"])

    takes = kind_of(pipe).takes
    if "callback_on_step_end" in takes:
        return {"callback_on_step_end": callback}
    return {"callback": old_callback, "callback_steps": 1} if "callback" in takes else {}


def _params(
    pipe: Any, loaded: Loaded, order: Order, arguments: Mapping[str, Any], size: tuple[int, int], name: str
) -> dict[str, Any]:
    import diffusers
    import torch

    kind = kind_of(pipe)
    return {
        "model": name,
        "pipeline": kind.name,
        "scheduler": type(getattr(pipe, "scheduler", None)).__name__,
        "size": list(size),
        "steps": order.steps,
        "guidance": arguments.get(kind.guidance, kind.takes.get(kind.guidance)),
        "negative_prompt": order.negative_prompt,
        "strength": order.strength,
        "device": loaded.placement.device,
        "dtype": loaded.placement.dtype,
        "offload": loaded.placement.offload,
        "variant": loaded.recipe.variant,
        "lora": loaded.recipe.lora,
        "vae_tiling": loaded.recipe.vae_tiling,
        "batch": 1,
        "versions": {"diffusers": diffusers.__version__, "torch": str(torch.__version__)},
    }


def _by(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


def _png(image: Image) -> bytes:
    buffer = BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
