"""Draws scenes for training, tests and benchmarks, and silhouettes to measure by: no candidate is ever made with it."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import TYPE_CHECKING

from overpaint.shapes.scene import CENTRES, COLOURS, GROUND, PALETTE, RADIUS, SHAPES, SIDE, SIZES, Shape, Thing

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

OVERSAMPLING = 4
JITTER = 1.0
"""How far a centre may lie from its place, in native pixels, each way."""
RADIUS_SPREAD = 0.04
COLOUR_SPREAD = 8.0

Point = tuple[float, float]


def draw(things: Sequence[Thing], seed: int, side: int = SIDE) -> Image:
    """Draw things on the plain ground; the same arguments give the same pixels.

    Args:
        things: what stands where; later ones lie on top.
        seed: of the jitter in centre, radius and colour.
        side: width and height of the picture in pixels.

    Returns:
        An RGB picture of `side` x `side`, anti-aliased by drawing it larger.
    """
    from PIL import Image, ImageDraw

    rng = random.Random(seed)  # noqa: S311
    scale = side * OVERSAMPLING / SIDE
    image = Image.new("RGB", (side * OVERSAMPLING, side * OVERSAMPLING), GROUND)
    pen = ImageDraw.Draw(image)
    for thing in things:
        row, column = divmod(thing.place, 3)
        centre = (CENTRES[column] + rng.uniform(-JITTER, JITTER), CENTRES[row] + rng.uniform(-JITTER, JITTER))
        radius = RADIUS[thing.size] * rng.uniform(1 - RADIUS_SPREAD, 1 + RADIUS_SPREAD)
        ink = tuple(_vary(channel, rng) for channel in PALETTE[thing.colour])
        _fill(pen, thing.shape, (centre[0] * scale, centre[1] * scale), radius * scale, ink)
    return image.reduce(OVERSAMPLING)


def silhouette(shape: Shape, radius: int, side: int) -> Image:
    """Draw one shape white on black in the middle of a picture of mode L, all in pixels: a model to compare with."""
    from PIL import Image, ImageDraw

    image = Image.new("L", (side, side))
    _fill(ImageDraw.Draw(image), shape, (side / 2, side / 2), radius, 255)
    return image


def _fill(pen: ImageDraw, shape: Shape, centre: Point, radius: float, fill: int | tuple[int, ...]) -> None:
    x, y = centre
    if shape == "circle":
        pen.ellipse([x - radius, y - radius, x + radius, y + radius], fill=fill)
    else:
        pen.polygon([(x + dx * radius, y + dy * radius) for dx, dy in outline(shape)], fill=fill)


def outline(shape: Shape) -> list[Point]:
    """Corners of a shape of radius 1 around the origin, y downwards. A circle has none and gives an empty list."""
    if shape == "square":
        return [(-0.92, -0.92), (0.92, -0.92), (0.92, 0.92), (-0.92, 0.92)]
    if shape == "triangle":
        return [(0, -1), (1, 0.85), (-1, 0.85)]
    if shape == "diamond":
        return [(0, -1), (1, 0), (0, 1), (-1, 0)]
    if shape == "star":
        return [_spoke(k) for k in range(10)]
    if shape == "cross":
        arm = 0.34
        quarter = [(arm, -1.0), (arm, -arm), (1.0, -arm)]
        return [_turn(point, turns) for turns in range(4) for point in quarter]
    return []


def _spoke(k: int) -> Point:
    length, angle = 1.08 if k % 2 == 0 else 0.46, math.pi * (k / 5 - 0.5)
    return length * math.cos(angle), length * math.sin(angle)


def _turn(point: Point, turns: int) -> Point:
    x, y = point
    for _ in range(turns):
        x, y = -y, x
    return x, y


def _vary(channel: int, rng: random.Random) -> int:
    return max(0, min(255, int(channel + rng.uniform(-COLOUR_SPREAD, COLOUR_SPREAD))))


def random_things(seed: int, count: int) -> list[Thing]:
    """`count` random things (1 to 9) in places of their own, for tests and benchmarks."""
    rng = random.Random(seed)  # noqa: S311
    places = rng.sample(range(9), count)
    return [Thing(rng.choice(SHAPES), rng.choice(COLOURS), rng.choice(SIZES), place) for place in places]
