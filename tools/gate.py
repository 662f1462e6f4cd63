"""The free gate: what is plainly wrong with a picture is found here, before a paid judge is asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, cast

from PIL import Image, ImageChops, ImageFilter

from overpaint.tools.decoding import BadPicture, decode
from overpaint.tools.refusals import same_shape

Gate = Literal["ok", "blank", "duplicate", "error"]

_EDGE = 512
"""Longest edge, in pixels, at which pictures are compared."""
_BLANK = 20
"""Widest range of levels (of 255) that still counts as one uniform ground.

Measured: bare ground of the built-in painter leaves 1; noise of 6 levels on every pixel, 6 to 15 by size (of 8, up to
22); a lone small object, 177 and more.
"""
_SAME = 12
"""Largest difference of levels (of 255), anywhere, between pictures that count as one.

Measured: noise of 3 levels on every pixel makes 2 to 4; a small circle that becomes a square, 24; a small object's
change between the two nearest colours, 72.
"""

_SHAPE = 1.08
"""Largest factor between two aspect ratios that count as one shape: that of a size and its ratio, and again that of a
ratio and what the provider makes of it."""


def gate(
    data: bytes, *, wanted: tuple[int, int] | None, earlier: Sequence[bytes], exact: bool = True
) -> tuple[Gate, str]:
    """Check that a picture decodes, has its size, shows something, and is not one we have.

    Decodes and compares pictures, so on an event loop call it through `asyncio.to_thread`.

    Args:
        data: the encoded picture.
        wanted: width and height asked for, in pixels; None when any will do.
        earlier: encoded pictures that this one must not repeat. A change of one small object is no repetition.
        exact: False where the painter takes a shape and chooses the pixels itself.

    Returns:
        The outcome, and the reason in a sentence (empty when ok).
    """
    try:
        image = decode(data)
    except BadPicture as fault:
        return "error", str(fault)
    if wanted is not None and not (image.size == tuple(wanted) if exact else same_shape(image.size, wanted, _SHAPE)):
        return "error", f"the picture is {image.width}x{image.height}, not the {wanted[0]}x{wanted[1]} asked for."
    seen = _smoothed(image)
    if max(high - low for low, high in _extrema(seen)) <= _BLANK:
        return "blank", "the picture is blank: one uniform ground, and nothing on it."
    if any(_repeats(data, seen, other) for other in earlier):
        return "duplicate", "the picture repeats an earlier one."
    return "ok", ""


def _smoothed(image: Image.Image) -> Image.Image:
    """At most _EDGE pixels long, and with single-pixel noise evened out."""
    reduced = image.copy()
    reduced.thumbnail((_EDGE, _EDGE), Image.Resampling.BOX)
    return reduced.filter(ImageFilter.BoxBlur(2))


def _extrema(image: Image.Image) -> list[tuple[int, int]]:
    """Lowest and highest level of each channel."""
    return cast("list[tuple[int, int]]", image.getextrema())


def _repeats(data: bytes, seen: Image.Image, other: bytes) -> bool:
    if data == other:
        return True
    try:
        before = _smoothed(decode(other))
    except BadPicture:
        return False
    if before.size != seen.size:
        return False
    return max(high for _, high in _extrema(ImageChops.difference(before, seen))) <= _SAME
