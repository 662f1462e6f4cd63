"""A CLIP of a few ten thousand random weights, in the format of real ones: what it finds alike is noise."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPModel

from tests.tiny_tokenizers import clip_tokenizer

SHAPE = {
    "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2, "projection_dim": 32,
    # Weights this large let every pixel and every token tell.
    "initializer_range": 0.3, "initializer_factor": 10.0,
}  # fmt: skip


def build_clip(folder: Path) -> Path:
    """Save a CLIP model with its tokenizer and image processor; the same weights each time."""
    reader = clip_tokenizer()
    ends = {name: getattr(reader, name) for name in ("bos_token_id", "eos_token_id", "pad_token_id")}
    config = CLIPConfig(
        text_config={**SHAPE, **ends, "vocab_size": len(reader)},
        vision_config={**SHAPE, "image_size": 32, "patch_size": 8},
        projection_dim=32,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        CLIPModel(config).save_pretrained(folder)
    reader.save_pretrained(folder)
    square = {"height": 32, "width": 32}
    CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size=square).save_pretrained(folder)
    return folder
