"""How good the parts are, by the inspector: pictures through the autoencoder, and pictures painted from captions."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from overpaint.shapes.captions import detailed, grouped
from overpaint.shapes.inspector import inspect
from overpaint.shapes.scene import Seen, Thing
from overpaint.shapes.training.scenes import COUNTS, crowd, pictures, scaled

if TYPE_CHECKING:
    import torch
    from torch import Tensor

AT_ONCE = 32
STEPS = 10
GUIDANCE = 2.0


def round_trip(model: Any, count: int, seed: int, device: torch.device) -> float:
    """The share of scenes of 1 to 9 things that come through the autoencoder exactly: kinds, sizes and places."""
    import torch

    rng = random.Random(f"{seed}/round trip")  # noqa: S311
    right = 0
    for start in range(0, count, AT_ONCE):
        scenes = [crowd(rng, range(1, 10)) for _ in range(min(AT_ONCE, count - start))]
        with torch.no_grad():
            there = model.encode(scaled(pictures(scenes, rng).to(device))).latents
            back = model.decode(there).sample
        right += sum(same(things, inspect(image)) for things, image in zip(scenes, _images(back), strict=True))
    return right / count


def by_number(pipe: Any, count: int, seed: int) -> dict[str, dict[str, float]]:
    """The share of pictures painted right, by how many things they hold, from full captions and from kinds alone."""
    wordings: dict[str, tuple[Callable[[Sequence[Thing]], str], Callable[[Sequence[Thing], Sequence[Seen]], bool]]] = {
        "full caption": (detailed, same),
        "kinds and numbers": (grouped, same_kinds),
    }
    table: dict[str, dict[str, float]] = {}
    for name, (word, right) in wordings.items():
        table[name] = {}
        for number in (*COUNTS, 7, 8):
            rng = random.Random(f"{seed}/{number}")  # noqa: S311
            scenes = [crowd(rng, [number]) for _ in range(count)]
            painted = _painted(pipe, [word(things) for things in scenes], seed)
            table[name][str(number)] = sum(map(right, scenes, map(inspect, painted))) / count
    return table


def same(things: Sequence[Thing], seen: Sequence[Seen]) -> bool:
    """Whether exactly these things are seen, each in its place."""
    wanted = sorted((t.shape, t.colour, t.size, t.place) for t in things)
    return wanted == sorted((str(s.shape), s.colour, s.size, s.place) for s in seen)


def same_kinds(things: Sequence[Thing], seen: Sequence[Seen]) -> bool:
    """Whether exactly these kinds are seen, wherever they stand."""
    return sorted((t.shape, t.colour) for t in things) == sorted((str(s.shape), s.colour) for s in seen)


def _painted(pipe: Any, captions: Sequence[str], seed: int) -> list[Any]:
    import torch

    images: list[Any] = []
    for start in range(0, len(captions), AT_ONCE):
        batch = list(captions[start : start + AT_ONCE])
        seeds = [torch.Generator("cpu").manual_seed(seed + start + n) for n in range(len(batch))]
        images += pipe(batch, num_inference_steps=STEPS, guidance_scale=GUIDANCE, generator=seeds).images
    return images


def _images(batch: Tensor) -> list[Any]:
    from PIL import Image

    levels = batch.clamp(-1, 1).add(1).mul(127.5).round().byte().permute(0, 2, 3, 1).cpu().numpy()
    return [Image.fromarray(level) for level in levels]
