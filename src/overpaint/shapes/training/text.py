"""The text encoder, taught to read before it is taught to paint: from a caption to what stands in each of nine places.

Taught by the denoiser alone, it left captions unread for the first 38,000 samples.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from overpaint.shapes.scene import COLOURS, SHAPES, SIZES
from overpaint.shapes.training.pool import Pool
from overpaint.shapes.training.stage import Plan, Say, learn
from overpaint.shapes.training.words import LENGTH

if TYPE_CHECKING:
    import torch
    from torch import Tensor

WIDTH = 128
BATCH = 128
BUCKETS = 32
"""Batches drawn together and sorted by length; padding after a caption changes nothing, since CLIP reads forward."""
KINDS = (len(SHAPES) + 1, len(COLOURS) + 1, len(SIZES) + 1)
GROUND_WEIGHT = 0.3
"""What an empty cell counts in the loss."""


def new_text_encoder(tokenizer: Any) -> Any:
    """An untrained CLIPTextModel of three layers."""
    from transformers import CLIPTextConfig, CLIPTextModel

    config = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=WIDTH,
        intermediate_size=4 * WIDTH,
        projection_dim=WIDTH,
        num_hidden_layers=3,
        num_attention_heads=4,
        max_position_embeddings=LENGTH,
        hidden_act="gelu",
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        attn_implementation="eager",
    )
    return CLIPTextModel(config)


def teach(model: Any, pool: Pool, steps: int, seed: int, device: torch.device, folder: Path, say: Say) -> float:
    """Train a text encoder, with a reading head that is thrown away afterwards; seconds spent."""
    import torch

    ends = (pool.tokens[:, :, 1:] == pool.nothing[-1]).int().argmax(-1) + 2
    both = torch.nn.ModuleDict({"text": model, "head": _head().to(device)})
    drawn: dict[int, tuple[Tensor, ...]] = {}

    def step(n: int) -> Tensor:
        if n // BUCKETS not in drawn:
            drawn.clear()
            drawn[n // BUCKETS] = _buckets(pool, ends, f"{seed}", n // BUCKETS)
        rows = drawn[n // BUCKETS][n % BUCKETS]
        scenes, ways = rows // pool.tokens.shape[1], rows % pool.tokens.shape[1]
        length = int(ends[scenes, ways].max())
        tokens = pool.tokens[scenes, ways, :length].long().to(device)
        padded = (torch.arange(length) >= ends[scenes, ways][:, None]).to(device)
        return reading_loss(both, tokens, padded, pool.cells[scenes].long().to(device))

    return learn(Plan("text", seed, steps, 0.006, 1e-3), both, step, folder, say)


def reading_loss(both: Any, tokens: Tensor, padded: Tensor, cells: Tensor) -> Tensor:
    """How badly the head tells from the encoder's output what stands where. `cells` is (n, 9, 3)."""
    import torch
    from torch.nn.functional import cross_entropy

    with torch.autocast(tokens.device.type, torch.bfloat16):
        read = both["text"](input_ids=tokens).last_hidden_state
        told = both["head"](read, padded)
    weight = torch.where(cells[..., 0] > 0, 1.0, GROUND_WEIGHT)
    losses = [
        cross_entropy(guess.flatten(0, 1), cells[..., k].flatten(), reduction="none").view_as(weight)
        for k, guess in enumerate(torch.split(told.float(), list(KINDS), dim=-1))
    ]
    return torch.stack([(loss * weight).sum() / weight.sum() for loss in losses]).sum()


def _buckets(pool: Pool, ends: Tensor, seed: str, turn: int) -> tuple[Tensor, ...]:
    import random

    import torch

    rng = random.Random(f"{seed}/text/{turn}")  # noqa: S311
    draw = torch.Generator().manual_seed(rng.getrandbits(60))
    rows = torch.randint(0, ends.numel(), (BATCH * BUCKETS,), generator=draw)
    batches = list(rows[ends.flatten()[rows].argsort()].chunk(BUCKETS))
    rng.shuffle(batches)
    return tuple(batches)


def _head() -> Any:
    """Nine queries, one for each place, that look at the encoder's output."""
    import torch
    from torch import nn

    class Head(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed = nn.Parameter(torch.randn(9, WIDTH) * 0.5)
            layer = nn.TransformerDecoderLayer(WIDTH, 4, 2 * WIDTH, 0.0, "gelu", batch_first=True, norm_first=True)
            self.look = nn.TransformerDecoder(layer, 1)
            self.conv_out = nn.Linear(WIDTH, sum(KINDS))

        def forward(self, read: Tensor, padded: Tensor) -> Tensor:
            queries = self.embed.expand(len(read), -1, -1)
            told: Tensor = self.conv_out(self.look(queries, read, memory_key_padding_mask=padded))
            return told

    return Head()
