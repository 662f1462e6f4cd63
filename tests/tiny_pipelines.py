"""Tiny pipelines of each family with random weights, saved as folders in the diffusers format."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import diffusers
import torch
import transformers

from overpaint.tools.backends.loading import quiet
from tests.tiny_tokenizers import clip_tokenizer, qwen_tokenizer, t5_tokenizer

WIDTH = 32
"""Of every text encoder."""


def stable_diffusion() -> Any:
    """Stable Diffusion 1 and 2: one CLIP, a UNet, an autoencoder."""
    tokenizer = clip_tokenizer()
    return diffusers.StableDiffusionPipeline(
        vae=autoencoder(),
        text_encoder=clip(tokenizer, transformers.CLIPTextModel),
        tokenizer=tokenizer,
        unet=unet(cross_attention_dim=WIDTH),
        scheduler=diffusers.DDIMScheduler(clip_sample=False, steps_offset=1),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def sdxl() -> Any:
    """SDXL: two CLIPs side by side, and the size of the picture told to the UNet."""
    tokenizer = clip_tokenizer()
    return diffusers.StableDiffusionXLPipeline(
        vae=autoencoder(),
        text_encoder=clip(tokenizer, transformers.CLIPTextModel),
        text_encoder_2=clip(tokenizer, transformers.CLIPTextModelWithProjection),
        tokenizer=tokenizer,
        tokenizer_2=clip_tokenizer(),
        unet=unet(
            cross_attention_dim=2 * WIDTH,
            addition_embed_type="text_time",
            addition_time_embed_dim=8,
            projection_class_embeddings_input_dim=6 * 8 + WIDTH,
        ),
        scheduler=diffusers.EulerDiscreteScheduler(steps_offset=1, timestep_spacing="leading"),
    )


def sd3() -> Any:
    """Stable Diffusion 3: two CLIPs, a T5, and a transformer."""
    tokenizer, pieces = clip_tokenizer(), t5_tokenizer()
    return diffusers.StableDiffusion3Pipeline(
        transformer=diffusers.SD3Transformer2DModel(
            sample_size=8,
            patch_size=2,
            in_channels=4,
            num_layers=1,
            attention_head_dim=8,
            num_attention_heads=4,
            caption_projection_dim=WIDTH,
            joint_attention_dim=2 * WIDTH,
            pooled_projection_dim=2 * WIDTH,
            out_channels=4,
        ),
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0),
        vae=autoencoder(shift_factor=0.06, scaling_factor=1.5, use_quant_conv=False, use_post_quant_conv=False),
        text_encoder=clip(tokenizer, transformers.CLIPTextModelWithProjection),
        tokenizer=tokenizer,
        text_encoder_2=clip(tokenizer, transformers.CLIPTextModelWithProjection),
        tokenizer_2=clip_tokenizer(),
        text_encoder_3=t5(pieces, 2 * WIDTH),
        tokenizer_3=pieces,
    )


def flux() -> Any:
    """FLUX: a CLIP for the whole, a T5 for the words, and packed latents."""
    tokenizer, pieces = clip_tokenizer(), t5_tokenizer()
    return diffusers.FluxPipeline(
        transformer=diffusers.FluxTransformer2DModel(
            patch_size=1,
            in_channels=16,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=WIDTH,
            pooled_projection_dim=WIDTH,
            axes_dims_rope=[4, 4, 8],
            guidance_embeds=True,
        ),
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True),
        vae=autoencoder(shift_factor=0.1, scaling_factor=0.4, use_quant_conv=False, use_post_quant_conv=False),
        text_encoder=clip(tokenizer, transformers.CLIPTextModel),
        tokenizer=tokenizer,
        text_encoder_2=t5(pieces, WIDTH),
        tokenizer_2=pieces,
    )


def pixart() -> Any:
    """PixArt-Sigma: a T5 and a transformer that paints sizes of a table alone (here that of 256 pixels)."""
    pieces = t5_tokenizer()
    return diffusers.PixArtSigmaPipeline(
        tokenizer=pieces,
        text_encoder=t5(pieces, WIDTH),
        vae=autoencoder(),
        transformer=diffusers.PixArtTransformer2DModel(
            sample_size=32,
            num_layers=1,
            patch_size=2,
            attention_head_dim=8,
            num_attention_heads=3,
            caption_channels=WIDTH,
            in_channels=4,
            cross_attention_dim=24,
            out_channels=8,
            norm_type="ada_norm_single",
            norm_elementwise_affine=False,
            norm_eps=1e-6,
        ),
        scheduler=diffusers.DPMSolverMultistepScheduler(),
    )


def qwen_image() -> Any:
    """Qwen-Image: a language model that reads, an autoencoder for video, packed latents."""
    tokenizer = qwen_tokenizer()
    text = {
        "vocab_size": len(tokenizer),
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [1, 1, 2]},
        "bos_token_id": None,
        "eos_token_id": None,
    }
    seeing = {"depth": 1, "hidden_size": 16, "intermediate_size": 16, "num_heads": 2, "out_hidden_size": 16}
    config = transformers.Qwen2_5_VLConfig(text_config=text, vision_config=seeing)
    return diffusers.QwenImagePipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True),
        vae=diffusers.AutoencoderKLQwenImage(
            base_dim=24,
            z_dim=4,
            dim_mult=[1, 1, 1, 1],
            num_res_blocks=1,
            temperal_downsample=[False, True, True],
            latents_mean=[0.1, -0.1, 0.2, 0.0],
            latents_std=[1.1, 0.9, 1.0, 1.2],
        ),
        text_encoder=transformers.Qwen2_5_VLForConditionalGeneration(config),
        tokenizer=tokenizer,
        transformer=diffusers.QwenImageTransformer2DModel(
            patch_size=2,
            in_channels=16,
            out_channels=4,
            num_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=16,
            axes_dims_rope=(8, 4, 4),
        ),
    )


FAMILIES: dict[str, Callable[[], Any]] = {
    each.__name__: each for each in (stable_diffusion, sdxl, sd3, flux, pixart, qwen_image)
}


def save(family: str, folder: Path, **options: Any) -> Path:
    """Make a pipeline, the same on every call, and save it."""
    torch.manual_seed(0)
    with quiet():
        FAMILIES[family]().save_pretrained(folder, **options)
    return folder


def unet(**options: Any) -> Any:
    return diffusers.UNet2DConditionModel(
        block_out_channels=(8, 16),
        layers_per_block=1,
        sample_size=8,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        attention_head_dim=8,
        norm_num_groups=4,
        **options,
    )


def autoencoder(**options: Any) -> Any:
    """Of 4 levels, so that a cell is 8 pixels as in the real ones."""
    return diffusers.AutoencoderKL(
        block_out_channels=(4, 4, 4, 4),
        down_block_types=["DownEncoderBlock2D"] * 4,
        up_block_types=["UpDecoderBlock2D"] * 4,
        layers_per_block=1,
        norm_num_groups=2,
        **{"latent_channels": 4, "sample_size": 64, **options},
    )


def clip(tokenizer: Any, kind: Any) -> Any:
    return kind(
        transformers.CLIPTextConfig(
            vocab_size=len(tokenizer),
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
            hidden_size=WIDTH,
            intermediate_size=WIDTH,
            num_attention_heads=2,
            num_hidden_layers=2,
            projection_dim=WIDTH,
        )
    )


def t5(tokenizer: Any, width: int) -> Any:
    config = transformers.T5Config(
        vocab_size=len(tokenizer), d_model=width, d_kv=8, d_ff=width, num_layers=1, num_heads=2
    )
    return transformers.T5EncoderModel(config)
