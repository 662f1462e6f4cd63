"""The scenes that the text encoder and the denoiser learn from, made once and kept as numbers."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from overpaint.shapes.captions import fit
from overpaint.shapes.scene import COLOURS, SHAPES, SIZES, Thing
from overpaint.shapes.training.dialect import caption
from overpaint.shapes.training.scenes import pictures, scaled, scene
from overpaint.shapes.training.stage import Say, same_course
from overpaint.shapes.training.words import LENGTH

if TYPE_CHECKING:
    import torch
    from torch import Tensor

CAPTIONS = 6
"""Captions of each scene; one of them is drawn whenever the scene is."""
AT_ONCE = 256
EMPTY = (0, 0, 0)
"""What an empty cell holds. Kinds count from 1."""


@dataclass(frozen=True)
class Pool:
    """Scenes as the models see them.

    `latents` (n, 4, 8, 8), of standard deviation 1 once multiplied by `scale`, as they are here; `tokens`
    (n, CAPTIONS, LENGTH) int16; `cells` (n, 9, 3) int8: shape, colour and size in each place; `nothing` (LENGTH): the
    empty caption.
    """

    latents: Tensor
    tokens: Tensor
    cells: Tensor
    nothing: Tensor
    scale: float


def fill(path: Path, autoencoder: Any, tokenizer: Any, size: int, seed: int, device: torch.device, say: Say) -> Pool:
    """Make the pool, or read it where it was made before.

    Raises:
        SystemExit: it was made for another course, or with another autoencoder.
    """
    import torch

    course = [seed, size, _print(autoencoder)]
    if not path.exists():
        half = path.with_suffix(".part")
        torch.save({"course": course, **_made(autoencoder, tokenizer, size, seed, device, say)}, half)
        half.replace(path)
    kept = torch.load(path, weights_only=True)
    same_course(path, kept["course"], course)
    latents = kept["latents"].float()
    scale = 1 / latents.std().item()
    return Pool(latents * scale, kept["tokens"], kept["cells"], kept["nothing"], scale)


def _print(model: Any) -> str:
    """A short hash of a model's weights."""
    weights = b"".join(p.detach().cpu().contiguous().numpy().tobytes() for p in model.parameters())
    return hashlib.sha256(weights).hexdigest()[:12]


def _made(autoencoder: Any, tokenizer: Any, size: int, seed: int, device: torch.device, say: Say) -> dict[str, Tensor]:
    import torch

    rng = random.Random(f"{seed}/pool")  # noqa: S311
    parts: list[tuple[Tensor, Tensor, Tensor]] = []
    for start in range(0, size, AT_ONCE):
        scenes = [scene(rng) for _ in range(min(AT_ONCE, size - start))]
        latents = _encoded(autoencoder, pictures(scenes, rng), device)
        cells = torch.tensor([contents(things) for things in scenes], dtype=torch.int8)
        parts.append((latents, _tokens(scenes, tokenizer, rng), cells))
        if start % (AT_ONCE * 40) == 0:
            say(f"pool {start}/{size}")
    latents, tokens, cells = (torch.cat(column) for column in zip(*parts, strict=True))
    return {"latents": latents, "tokens": tokens, "cells": cells, "nothing": _padded([""], tokenizer)[0]}


def contents(things: list[Thing]) -> list[tuple[int, int, int]]:
    """What stands in each of the nine places, as numbers from 1; EMPTY where nothing does."""
    cells = [EMPTY] * 9
    for thing in things:
        kind = SHAPES.index(thing.shape), COLOURS.index(thing.colour), SIZES.index(thing.size)
        cells[thing.place] = (kind[0] + 1, kind[1] + 1, kind[2] + 1)
    return cells


def _encoded(autoencoder: Any, pixels: Tensor, device: torch.device) -> Tensor:
    import torch

    with torch.no_grad(), torch.autocast(device.type, torch.bfloat16):
        latents: Tensor = autoencoder.encode(scaled(pixels.to(device))).latents
        return latents.to("cpu", torch.float16).contiguous()


def _tokens(scenes: list[list[Thing]], tokenizer: Any, rng: random.Random) -> Tensor:
    said = [caption(things, rng) for things in scenes for _ in range(CAPTIONS)]
    lengths = [len(ids) for ids in tokenizer(said, verbose=False).input_ids]
    for n, length in enumerate(lengths):
        if length > LENGTH:
            said[n] = fit(scenes[n // CAPTIONS], LENGTH)
    return _padded(said, tokenizer).view(len(scenes), CAPTIONS, LENGTH)


def _padded(said: list[str], tokenizer: Any) -> Tensor:
    import torch

    ids = tokenizer(said, padding="max_length", truncation=True, max_length=LENGTH).input_ids
    return torch.tensor(ids, dtype=torch.int16)
