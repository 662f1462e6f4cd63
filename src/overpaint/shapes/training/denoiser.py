"""The denoiser: a small UNet over 8 x 8 latents, told by the text encoder what to paint."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

from overpaint.shapes.training.autoencoder import CHANNELS
from overpaint.shapes.training.pool import Pool
from overpaint.shapes.training.stage import Plan, Say, learn
from overpaint.shapes.training.text import WIDTH

if TYPE_CHECKING:
    import torch
    from torch import Tensor

BATCH = 64
LEVELS = 1000
UNTOLD = 0.1
"""The share of samples without a caption, for classifier-free guidance (Ho and Salimans, arXiv 2207.12598)."""
NOISE = {"num_train_timesteps": LEVELS, "beta_schedule": "squaredcos_cap_v2", "prediction_type": "v_prediction"}


def new_denoiser() -> Any:
    """An untrained UNet2DConditionModel; it looks at the caption at full resolution and in the middle."""
    import torch
    from diffusers import UNet2DConditionModel
    from diffusers.models.attention_processor import AttnProcessor

    model = UNet2DConditionModel(
        sample_size=8,
        in_channels=CHANNELS,
        out_channels=CHANNELS,
        block_out_channels=(128, 128),
        layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        mid_block_type="UNetMidBlock2DCrossAttn",
        cross_attention_dim=WIDTH,
        attention_head_dim=4,
        norm_num_groups=32,
    )
    # At this size the plain processor is half as fast again as the fused one.
    model.set_attn_processor(AttnProcessor())
    return model.to(memory_format=torch.channels_last)


def teach(
    model: Any, text: Any, pool: Pool, steps: int, seed: int, device: torch.device, folder: Path, say: Say
) -> float:
    """Train the denoiser, the text encoder frozen, by v-prediction (Salimans and Ho, arXiv 2202.00512).

    Returns:
        Seconds spent.
    """
    import torch
    from diffusers import DDPMScheduler

    kept = DDPMScheduler(**NOISE).alphas_cumprod.to(device)

    def step(n: int) -> Tensor:
        draw = torch.Generator().manual_seed(random.Random(f"{seed}/denoiser/{n}").getrandbits(60))  # noqa: S311
        clean, tokens = (part.to(device) for part in _batch(pool, draw))
        # One level from each of BATCH strata, so that every batch holds all levels of noise alike.
        share = (torch.arange(BATCH) + torch.rand(BATCH, generator=draw)) / BATCH
        levels = (share * LEVELS).long().to(device)
        noise = torch.randn(clean.shape, generator=draw).to(device)
        signal, spread = kept[levels].view(-1, 1, 1, 1).sqrt(), (1 - kept[levels]).view(-1, 1, 1, 1).sqrt()
        noisy = (signal * clean + spread * noise).contiguous(memory_format=torch.channels_last)
        with torch.autocast(device.type, torch.bfloat16):
            with torch.no_grad():
                told = text(input_ids=tokens).last_hidden_state
            guess = model(noisy, levels, told).sample
        error: Tensor = (guess.float() - (signal * noise - spread * clean)) ** 2
        return error.mean()

    return learn(Plan("denoiser", seed, steps, 0.006, 1e-3), model, step, folder, say)


def _batch(pool: Pool, draw: torch.Generator) -> tuple[Tensor, Tensor]:
    import torch

    scenes = torch.randint(0, len(pool.latents), (BATCH,), generator=draw)
    ways = torch.randint(0, pool.tokens.shape[1], (BATCH,), generator=draw)
    tokens = pool.tokens[scenes, ways].long()
    tokens[torch.rand(BATCH, generator=draw) < UNTOLD] = pool.nothing.long()
    return pool.latents[scenes], tokens
