"""The built-in world: coloured shapes of two sizes on a light ground, and what a brief can ask of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Shape = Literal["circle", "square", "triangle", "diamond", "star", "cross"]
Colour = Literal["red", "orange", "yellow", "green", "blue", "purple", "black"]
Size = Literal["small", "large"]
Relation = Literal["left of", "right of", "above", "below"]

SHAPES: tuple[Shape, ...] = ("circle", "square", "triangle", "diamond", "star", "cross")
COLOURS: tuple[Colour, ...] = ("red", "orange", "yellow", "green", "blue", "purple", "black")
SIZES: tuple[Size, ...] = ("small", "large")
PLACES: tuple[str, ...] = (
    "top left", "top", "top right", "left", "center", "right", "bottom left", "bottom", "bottom right",
)  # fmt: skip
"""The nine places, in reading order: place i is column i % 3 of row i // 3."""

SIDE = 64
"""Width and height of a native picture, in pixels."""
CENTRES = (12, 32, 52)
"""Pixel centres of the three columns and rows."""
GROUND = (244, 243, 238)
PALETTE: dict[Colour, tuple[int, int, int]] = {
    "red": (214, 40, 40),
    "orange": (245, 130, 20),
    "yellow": (240, 205, 30),
    "green": (40, 150, 70),
    "blue": (40, 90, 210),
    "purple": (130, 60, 170),
    "black": (35, 35, 40),
}
RADIUS: dict[Size, float] = {"small": 5.5, "large": 8.5}


@dataclass(frozen=True)
class Thing:
    """One object, fully known: what stands where. `place` is 0 to 8, in the order of PLACES."""

    shape: Shape
    colour: Colour
    size: Size
    place: int


@dataclass(frozen=True)
class Seen:
    """One object as measured in a picture. `shape` is None where no shape fits.

    `box` is (left, top, right, bottom) as fractions of the picture, 0 to 1; `x`, `y` its centre likewise.
    """

    shape: Shape | None
    colour: Colour
    size: Size
    place: int
    x: float
    y: float
    box: tuple[float, float, float, float]
    fit: float


@dataclass(frozen=True)
class Group:
    """`count` objects of one kind that a brief asks for; what it leaves open is None."""

    shape: Shape
    count: int = 1
    colour: Colour | None = None
    size: Size | None = None
    place: int | None = None


@dataclass(frozen=True)
class Link:
    """A relation between two groups, by their index in the scene; every member of one holds it to all of the other."""

    subject: int
    relation: Relation
    target: int


@dataclass(frozen=True)
class Spec:
    """What a brief asks for, parsed: groups, relations between them, and nothing else in the picture."""

    groups: tuple[Group, ...]
    links: tuple[Link, ...] = ()
