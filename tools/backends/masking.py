"""Repainting inside boxes only: masks for pixels and for latents, and the step that keeps everything else as it was.

No stock inpainting is needed, nor a model trained for it: after each denoising step the latents outside the mask are
set back to the source's, noised to the level of the step. This is the known-region half of RePaint
(Lugmayr et al., arXiv 2201.09865, equation 8), and what diffusers' inpainting does with 4-channel models.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from overpaint.tools.faults import BadInput
from overpaint.tools.painters import Box

if TYPE_CHECKING:
    from PIL.Image import Image

Rectangle = tuple[int, int, int, int]
"""(left, top, right, bottom) in pixels, right and bottom exclusive."""
Keep = Callable[[Any, int, dict[str, Any]], dict[str, Any]]
"""Called with (pipeline, step, tensors) after a step; returns the tensors to go on with."""
PACKING = ["latents", "batch_size", "num_channels_latents", "height", "width"]
"""What FLUX and Qwen-Image pack latents with, each 2x2 cells to one token; others of the same name differ."""


def rectangles(boxes: Sequence[Box], size: tuple[int, int]) -> list[Rectangle]:
    """The pixels that boxes touch, in a picture of `size` (width, height).

    Raises:
        BadInput: a box is not left < right, top < bottom within 0 to 1.
    """
    width, height = size
    for left, top, right, bottom in boxes:
        if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
            box = (left, top, right, bottom)
            raise BadInput(f"the box {box} is not left < right, top < bottom within 0 to 1: give fractions.")
    return [
        (math.floor(left * width), math.floor(top * height), math.ceil(right * width), math.ceil(bottom * height))
        for left, top, right, bottom in boxes
    ]


def paste_back(source: Image, painted: Image, inside: Sequence[Rectangle]) -> Image:
    """Take the painted pixels inside the rectangles and the source's everywhere else; both are RGB of one size."""
    result = source.copy()
    for rectangle in inside:
        result.paste(painted.crop(rectangle), rectangle)
    return result


def keep_source(pipe: Any, source: Image, inside: Sequence[Rectangle], seed: int) -> Keep:
    """Make the step callback that re-imposes the source outside the rectangles.

    Args:
        pipe: a pipeline that `holds_latents`.
        source: RGB, of the size that is painted.
        inside: where to paint; widened to whole latent cells.
        seed: of the noise that the source is given at each level.
    """
    import torch

    clean = _encode(pipe, source)
    cell = source.width // clean.shape[-1]
    mask = torch.zeros(clean.shape[-2:], dtype=clean.dtype, device=clean.device)
    for left, top, right, bottom in inside:
        mask[top // cell : math.ceil(bottom / cell), left // cell : math.ceil(right / cell)] = 1
    noise = torch.randn(clean.shape, generator=torch.Generator("cpu").manual_seed(seed)).to(clean)
    clean, noise, mask = (_packed(pipe, each) for each in (clean, noise, mask.expand(clean.shape)))

    def keep(pipe: Any, step: int, tensors: dict[str, Any]) -> dict[str, Any]:
        latents = tensors["latents"]
        outside = _noised(pipe, clean, noise, step + 1).to(latents)
        return {**tensors, "latents": latents * mask + outside * (1 - mask)}

    return keep


def holds_latents(pipe: Any) -> bool:
    """Tell whether `keep_source` knows a pipeline's latents.

    They are a grid of one picture, scaled as the VAE's config says, plain or packed as FLUX and Qwen-Image do.
    """
    if not all(hasattr(pipe, part) for part in ("vae", "scheduler", "image_processor")):
        return False
    if hasattr(pipe, "_pack_latents") and list(inspect.signature(pipe._pack_latents).parameters) != PACKING:
        return False
    return bool({"scaling_factor", "latents_mean"} & pipe.vae.config.keys())


def _packed(pipe: Any, grid: Any) -> Any:
    """A grid (1, channels, ..., rows, columns) in the shape that the pipeline's steps have it."""
    if not hasattr(pipe, "_pack_latents"):
        return grid
    return pipe._pack_latents(grid.contiguous(), 1, grid.shape[1], grid.shape[-2], grid.shape[-1])


def _encode(pipe: Any, source: Image) -> Any:
    """Latents of a picture, scaled as the denoiser expects; the most likely ones where the encoder gives a range."""
    import torch

    vae, config = pipe.vae, pipe.vae.config
    pixels = pipe.image_processor.preprocess(source).to(pipe._execution_device)
    if _is_video(vae):
        pixels = pixels.unsqueeze(2)
    usual = vae.dtype
    # SDXL's encoder overflows in float16 and says so in its config, as its own pipelines heed.
    upcast = usual == torch.float16 and getattr(config, "force_upcast", False)
    with torch.no_grad():
        if upcast:
            vae.to(torch.float32)
        encoded = vae.encode(pixels.to(vae.dtype))
        if upcast:
            vae.to(usual)
    return _scaled(_most_likely(encoded), config).to(usual)


def _is_video(vae: Any) -> bool:
    """Whether a VAE takes (1, 3, frames, height, width), as Qwen-Image's does."""
    return hasattr(vae.config, "temperal_downsample")


def _most_likely(encoded: Any) -> Any:
    if hasattr(encoded, "latent_dist"):
        return encoded.latent_dist.mode()
    return encoded.latents if hasattr(encoded, "latents") else encoded.latent


def _scaled(latents: Any, config: Any) -> Any:
    """As the pipelines do it: by one factor, and where the VAE states them by each channel's mean and deviation."""
    import torch

    shift, factor = getattr(config, "shift_factor", None) or 0.0, getattr(config, "scaling_factor", None) or 1.0
    if getattr(config, "latents_mean", None) is None:
        return (latents - shift) * factor
    shape = (1, -1, *[1] * (latents.ndim - 2))
    mean, deviation = (torch.tensor(each).view(shape).to(latents) for each in (config.latents_mean, config.latents_std))
    return (latents - mean) * factor / deviation


def _noised(pipe: Any, clean: Any, noise: Any, step: int) -> Any:
    """Noise latents to the level at which `step` begins; past the last step they are clean."""
    scheduler = pipe.scheduler
    first = len(scheduler.timesteps) - getattr(pipe, "num_timesteps", len(scheduler.timesteps))
    level = scheduler.timesteps[first + step : first + step + 1]
    if len(level) == 0:
        return clean
    if hasattr(scheduler, "scale_noise"):
        return scheduler.scale_noise(clean, level, noise)
    return scheduler.add_noise(clean, noise, level)
