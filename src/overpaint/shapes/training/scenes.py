"""What the painter is shown in training: random scenes, none of them of the kinds kept back for tests."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from overpaint.shapes.drawing import draw
from overpaint.shapes.kept_back import reserved
from overpaint.shapes.scene import COLOURS, SHAPES, SIZES, Thing

if TYPE_CHECKING:
    from torch import Tensor

COUNTS = (1, 2, 3, 4, 5, 6)
WEIGHTS = (0.16, 0.24, 0.2, 0.16, 0.12, 0.12)
"""How often a scene has so many things."""
ALIKE = 0.45
"""The share of scenes where several things are of one kind, so that counting is learned."""


def scene(rng: random.Random) -> list[Thing]:
    """A random scene of 1 to 6 things in random order, of a set of kinds that is not kept back."""
    while True:
        things = _any_scene(rng)
        if not reserved((thing.colour, thing.shape) for thing in things):
            return things


def crowd(rng: random.Random, counts: Sequence[int]) -> list[Thing]:
    """Random things, as many as one of `counts` says, of any kinds: for the autoencoder, which reads no words."""
    return [_thing(rng, place) for place in rng.sample(range(9), rng.choice(counts))]


def _any_scene(rng: random.Random) -> list[Thing]:
    count = rng.choices(COUNTS, WEIGHTS)[0]
    things = [_thing(rng, place) for place in rng.sample(range(9), count)]
    if count > 1 and rng.random() < ALIKE:
        many = count if rng.random() < 0.5 else rng.randint(2, count)
        one_size = rng.random() < 0.6
        things[:many] = [
            replace(things[0], place=t.place, size=things[0].size if one_size else t.size) for t in things[:many]
        ]
    return rng.sample(things, count)


def _thing(rng: random.Random, place: int) -> Thing:
    return Thing(rng.choice(SHAPES), rng.choice(COLOURS), rng.choice(SIZES), place)


def pictures(scenes: Sequence[Sequence[Thing]], rng: random.Random) -> Tensor:
    """Draw scenes: (n, 3, SIDE, SIDE), uint8."""
    import numpy as np
    import torch

    drawn = np.stack([np.asarray(draw(things, rng.getrandbits(32))) for things in scenes])
    return torch.from_numpy(drawn).permute(0, 3, 1, 2)


def scaled(pixels: Tensor) -> Tensor:
    """From 0..255 to -1..1, in the memory layout that convolutions on a CPU like."""
    import torch

    return pixels.float().div(127.5).sub(1).contiguous(memory_format=torch.channels_last)
