"""SDXL-, SD3- and FLUX-shaped pipelines with random weights, at full size or tiny: nothing is downloaded.

The sizes are those of the configs that the vendors published with SDXL 1.0, Stable Diffusion 3.5 medium and FLUX.1 dev.
"""

from __future__ import annotations

import string
from typing import Any

import diffusers
import torch
import transformers
from tokenizers import pre_tokenizers

CLIP_L = {"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12}
CLIP_G = {"hidden_size": 1280, "intermediate_size": 5120, "num_hidden_layers": 32, "num_attention_heads": 20}
CLIP_TINY = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
T5_XXL = {"d_model": 4096, "d_kv": 64, "d_ff": 10240, "num_layers": 24, "num_heads": 64, "vocab_size": 32128}
T5_TINY = {"d_model": 64, "d_kv": 8, "d_ff": 32, "num_layers": 1, "num_heads": 4, "vocab_size": 200}


def sdxl(tiny: bool) -> Any:
    """2.6 billion parameters in the UNet, two CLIPs."""
    left, right = (CLIP_TINY, CLIP_TINY) if tiny else (CLIP_L, CLIP_G)
    width = right["hidden_size"]
    shape: dict[str, Any] = {
        "block_out_channels": (8, 16, 16) if tiny else (320, 640, 1280),
        "layers_per_block": 1 if tiny else 2,
        "attention_head_dim": (2, 2, 2) if tiny else (5, 10, 20),
        "transformer_layers_per_block": (1, 1, 1) if tiny else (1, 2, 10),
        "norm_num_groups": 4 if tiny else 32,
    }
    unet = diffusers.UNet2DConditionModel(
        sample_size=8 if tiny else 128,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=left["hidden_size"] + width,
        use_linear_projection=True,
        addition_embed_type="text_time",
        addition_time_embed_dim=8 if tiny else 256,
        projection_class_embeddings_input_dim=6 * (8 if tiny else 256) + width,
        **shape,
    )
    return diffusers.StableDiffusionXLPipeline(
        vae=autoencoder(tiny, scaling_factor=0.13025, force_upcast=False),
        text_encoder=clip(left, transformers.CLIPTextModel),
        text_encoder_2=clip(right, transformers.CLIPTextModelWithProjection),
        tokenizer=clip_tokenizer(),
        tokenizer_2=clip_tokenizer(),
        unet=unet,
        scheduler=diffusers.EulerDiscreteScheduler(beta_schedule="scaled_linear", steps_offset=1),
    )


def sd3(tiny: bool) -> Any:
    """2.2 billion parameters in the transformer, two CLIPs and a T5 of 4.8 billion."""
    left, right, pieces = (CLIP_TINY, CLIP_TINY, T5_TINY) if tiny else (CLIP_L, CLIP_G, T5_XXL)
    heads = 4 if tiny else 24
    transformer = diffusers.SD3Transformer2DModel(
        sample_size=8 if tiny else 128,
        num_layers=1 if tiny else 24,
        attention_head_dim=8 if tiny else 64,
        num_attention_heads=heads,
        in_channels=16,
        out_channels=16,
        joint_attention_dim=pieces["d_model"],
        caption_projection_dim=heads * (8 if tiny else 64),
        pooled_projection_dim=left["hidden_size"] + right["hidden_size"],
        pos_embed_max_size=96 if tiny else 384,
    )
    return diffusers.StableDiffusion3Pipeline(
        transformer=transformer,
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0),
        vae=autoencoder(tiny, latent_channels=16, scaling_factor=1.5305, shift_factor=0.0609),
        text_encoder=clip(left, transformers.CLIPTextModelWithProjection),
        tokenizer=clip_tokenizer(),
        text_encoder_2=clip(right, transformers.CLIPTextModelWithProjection),
        tokenizer_2=clip_tokenizer(),
        text_encoder_3=t5(pieces),
        tokenizer_3=t5_tokenizer(),
    )


def flux(tiny: bool) -> Any:
    """12 billion parameters in the transformer, a CLIP and a T5 of 4.8 billion."""
    left, pieces = (CLIP_TINY, T5_TINY) if tiny else (CLIP_L, T5_XXL)
    transformer = diffusers.FluxTransformer2DModel(
        in_channels=64,
        num_layers=1 if tiny else 19,
        num_single_layers=1 if tiny else 38,
        attention_head_dim=16 if tiny else 128,
        num_attention_heads=2 if tiny else 24,
        joint_attention_dim=pieces["d_model"],
        pooled_projection_dim=left["hidden_size"],
        axes_dims_rope=(4, 4, 8) if tiny else (16, 56, 56),
        guidance_embeds=True,
    )
    return diffusers.FluxPipeline(
        transformer=transformer,
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True),
        vae=autoencoder(tiny, latent_channels=16, scaling_factor=0.3611, shift_factor=0.1159),
        text_encoder=clip(left, transformers.CLIPTextModel),
        tokenizer=clip_tokenizer(),
        text_encoder_2=t5(pieces),
        tokenizer_2=t5_tokenizer(),
    )


def build(shape: str, tiny: bool, dtype: str, device: str) -> Any:
    """A pipeline with random weights, made on the device in its precision: on a CPU the large ones take minutes."""
    make = {"sdxl": sdxl, "sd3": sd3, "flux": flux}[shape]
    usual = torch.get_default_dtype()
    torch.set_default_dtype(getattr(torch, dtype))
    torch.manual_seed(0)
    try:
        with torch.device(device):
            return make(tiny)
    finally:
        torch.set_default_dtype(usual)


def autoencoder(tiny: bool, **options: Any) -> Any:
    """Of 4 levels: a cell is 8 pixels."""
    widths = (4, 4, 4, 4) if tiny else (128, 256, 512, 512)
    return diffusers.AutoencoderKL(
        block_out_channels=widths,
        down_block_types=["DownEncoderBlock2D"] * 4,
        up_block_types=["UpDecoderBlock2D"] * 4,
        layers_per_block=1 if tiny else 2,
        norm_num_groups=2 if tiny else 32,
        **{"latent_channels": 4, "sample_size": 64 if tiny else 1024, **options},
    )


def clip(size: dict[str, int], kind: Any) -> Any:
    """A CLIP of a size, with the whole vocabulary."""
    end = len(clip_tokenizer()) - 1
    tokens = {"vocab_size": 49408, "bos_token_id": end - 1, "eos_token_id": end, "pad_token_id": end}
    return kind(transformers.CLIPTextConfig(**tokens, **size, projection_dim=size["hidden_size"]))


def t5(size: dict[str, int]) -> Any:
    """The encoder of a T5 1.1 of a size."""
    return transformers.T5EncoderModel(transformers.T5Config(**size, feed_forward_proj="gated-gelu"))


def clip_tokenizer() -> Any:
    """Reads letter by letter."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens = [*alphabet, *(each + "</w>" for each in alphabet), "<|startoftext|>", "<|endoftext|>"]
    numbered = {token: number for number, token in enumerate(tokens)}
    return transformers.CLIPTokenizer(vocab=numbered, merges=[], model_max_length=77)


def t5_tokenizer() -> Any:
    """Reads letter by letter."""
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *((each, -3.0) for each in "▁" + string.printable[:94])]
    return transformers.T5Tokenizer(vocab=pieces, extra_ids=0, model_max_length=512)
