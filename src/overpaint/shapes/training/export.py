"""Puts the trained parts together as a folder that stock diffusers loads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from overpaint.shapes.training.denoiser import NOISE


def write_pipeline(folder: Path, autoencoder: Any, text: Any, tokenizer: Any, denoiser: Any, scale: float) -> Any:
    """Write a StableDiffusionPipeline in float16.

    Args:
        folder: to write into; what is there is overwritten.
        autoencoder: AutoencoderTiny, trained.
        text: CLIPTextModel, trained.
        tokenizer: CLIPTokenizer.
        denoiser: UNet2DConditionModel, trained.
        scale: what the autoencoder's latents are multiplied by before the denoiser sees them.

    Returns:
        The pipeline, in float32.
    """
    import torch
    from diffusers import DDIMScheduler, StableDiffusionPipeline

    autoencoder.register_to_config(scaling_factor=scale)
    scheduler = DDIMScheduler(
        **NOISE, timestep_spacing="trailing", clip_sample=False, set_alpha_to_one=True, steps_offset=1
    )
    pipe = StableDiffusionPipeline(
        vae=_plain(autoencoder),
        text_encoder=text,
        tokenizer=tokenizer,
        unet=_plain(denoiser),
        scheduler=scheduler,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipe.to(dtype=torch.float16).save_pretrained(folder, safe_serialization=True)
    pipe.to(dtype=torch.float32)
    pipe.set_progress_bar_config(disable=True)
    _load_in_float32(folder / "text_encoder" / "config.json")
    return pipe


def _plain(model: Any) -> Any:
    """Undo the memory layout of training, which safetensors would otherwise refuse."""
    import torch

    return model.to(memory_format=torch.contiguous_format)


def _load_in_float32(config: Path) -> None:
    """Name float32 in the config: transformers would load the dtype it names, and diffusers the rest in float32."""
    config.write_text(config.read_text("utf-8").replace('"dtype": "float16"', '"dtype": "float32"'), "utf-8")
