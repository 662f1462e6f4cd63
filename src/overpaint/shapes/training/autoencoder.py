"""The autoencoder: 64 x 64 pixels to 8 x 8 latents of 4 channels and back, sharp enough to measure."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

from overpaint.shapes.training.scenes import crowd, pictures, scaled
from overpaint.shapes.training.stage import Plan, Say, learn

if TYPE_CHECKING:
    import torch
    from torch import Tensor

WIDTH = 32
CHANNELS = 4
"""Latent channels; 4 is what stock inpainting wants."""
BATCH = 64
CROP = 32
NOISE = 0.05
"""Standard deviation of what is added to latents (which have 1), so that the denoiser need not be exact."""
CROWDED = (4, 5, 6, 7, 8, 9)
ANY = (1, 2, 3, 4, 5, 6, 7, 8, 9)


def new_autoencoder() -> Any:
    """An untrained AutoencoderTiny; most of its blocks are at low resolution, where they cost little."""
    import torch
    from diffusers import AutoencoderTiny

    model = AutoencoderTiny(
        encoder_block_out_channels=(WIDTH,) * 4,
        decoder_block_out_channels=(WIDTH,) * 4,
        num_encoder_blocks=(1, 1, 2, 3),
        num_decoder_blocks=(4, 2, 1, 1),
        latent_channels=CHANNELS,
        scaling_factor=1.0,
    )
    return model.to(memory_format=torch.channels_last)


def teach(model: Any, steps: int, seed: int, device: torch.device, folder: Path, say: Say) -> float:
    """Train the whole autoencoder on crops of crowded scenes; seconds spent."""
    import torch

    def step(n: int) -> Tensor:
        rng = random.Random(f"{seed}/autoencoder/{n}")  # noqa: S311
        torch.manual_seed(rng.getrandbits(60))
        whole = n % 8 == 7
        pixels = pictures([crowd(rng, ANY if whole else CROWDED) for _ in range(BATCH // 4)], rng)
        pixels = pixels if whole else _crops(pixels, rng)
        return _loss(model, scaled(pixels.to(device)))

    return learn(Plan("autoencoder", seed, steps, 0.01, 1e-3, flat=0.3), model, step, folder, say)


def _crops(pixels: Tensor, rng: random.Random) -> Tensor:
    """Four crops of each picture, cut along the grid of latents."""
    import torch

    top = pixels.shape[-1] - CROP
    cut = [(8 * rng.randint(0, top // 8), 8 * rng.randint(0, top // 8)) for _ in range(4)]
    return torch.cat([pixels[:, :, y : y + CROP, x : x + CROP] for y, x in cut])


def _loss(model: Any, x: Tensor) -> Tensor:
    import torch

    with torch.autocast(x.device.type, torch.bfloat16):
        z = model.encode(x).latents
        y = model.decode(z + NOISE * torch.randn_like(z)).sample
    z = z.float()
    moments: Tensor = (z.mean((0, 2, 3)) ** 2).mean() + ((z.std((0, 2, 3)) - 1) ** 2).mean()
    return difference(y.float(), x) + 0.02 * moments


def difference(y: Tensor, x: Tensor) -> Tensor:
    """How far a picture is from another: things count five times the ground, and edges are compared too."""
    error = (y - x).abs()
    weight = 1 + 4 * (x - x.amax((2, 3), keepdim=True)).abs().amax(1, keepdim=True).gt(0.15).float()
    return ((error + 2 * error**2) * weight).mean() + _edges(y - x)


def _edges(error: Tensor) -> Tensor:
    across, down = error.diff(dim=-1).abs().mean(), error.diff(dim=-2).abs().mean()
    return across + down
