"""Several pictures as one: rows by columns in reading order, on white."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from io import BytesIO

from overpaint.tools.faults import BadInput

Shape = tuple[int, int]
"""Rows and columns."""

MOST = 32
"""Rows, or columns."""
LONGEST = 4096
"""Pixels of a side of the grid; larger pictures are scaled down to fit."""
GAP = 8
"""Pixels between pictures and around them."""
TINY = 160
"""Pictures up to this many pixels a side are enlarged by a whole factor, with square pixels."""
ENLARGED = 256


def grid_shape(given: object, number: int) -> Shape:
    """How many rows and columns a grid of so many pictures has.

    Args:
        given: ROWSxCOLUMNS, such as 2x3; None for the smallest grid that is about square.
        number: how many pictures there are.

    Raises:
        BadInput: it is none, too large, or too small for the pictures.
    """
    if given is None:
        columns = math.isqrt(number - 1) + 1
        return math.ceil(number / columns), columns
    sides = re.fullmatch(r"([1-9]\d?)[xX]([1-9]\d?)", str(given).strip())
    if sides is None or max(rows := int(sides[1]), columns := int(sides[2])) > MOST:
        raise BadInput(f"grid {str(given)[:40]!r} is not ROWSxCOLUMNS, each 1 to {MOST}, such as 2x3")
    if rows * columns < number:
        raise BadInput(f"grid {rows}x{columns} has {rows * columns} places for {number} pictures: give a larger one")
    return rows, columns


def draw_grid(pictures: Sequence[bytes | None], shape: Shape) -> bytes:
    """The grid as PNG; a picture smaller than the largest is in the middle of its place. Blocks.

    Args:
        pictures: encoded pictures in reading order, at least one; None leaves a place empty.
        shape: rows and columns, with a place for each.

    Raises:
        BadInput: a picture is broken.
    """
    from PIL import Image

    from overpaint.tools.decoding import decode

    shown = [None if data is None else decode(data) for data in pictures]
    width, height = (max(image.size[side] for image in shown if image) for side in (0, 1))
    scale = _scale(width, height, shape)
    smooth = Image.Resampling.NEAREST if scale > 1 else Image.Resampling.LANCZOS
    cell = _scaled((width, height), scale)
    rows, columns = shape
    sheet = Image.new("RGB", (columns * (cell[0] + GAP) + GAP, rows * (cell[1] + GAP) + GAP), "white")
    for place, image in enumerate(shown):
        if image is not None:
            small = image.resize(_scaled(image.size, scale), smooth)
            row, column = divmod(place, columns)
            left = GAP + column * (cell[0] + GAP) + (cell[0] - small.width) // 2
            top = GAP + row * (cell[1] + GAP) + (cell[1] - small.height) // 2
            sheet.paste(small, (left, top))
    data = BytesIO()
    sheet.save(data, "PNG")
    return data.getvalue()


def _scale(width: int, height: int, shape: Shape) -> float:
    """What all pictures are enlarged or shrunk by; an enlargement is a whole number."""
    rows, columns = shape
    room = min(((LONGEST - GAP) / columns - GAP) / width, ((LONGEST - GAP) / rows - GAP) / height)
    wanted = ENLARGED // max(width, height) if max(width, height) <= TINY else 1
    return min(wanted, math.floor(room)) if room >= 1 else room


def _scaled(size: tuple[int, int], scale: float) -> tuple[int, int]:
    return max(1, int(size[0] * scale)), max(1, int(size[1] * scale))
