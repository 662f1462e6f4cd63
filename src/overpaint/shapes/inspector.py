"""Measures a picture of the built-in world: pixels in, objects with colour, shape, size and place out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from overpaint.shapes.fitting import best_shape
from overpaint.shapes.regions import core, find_regions, grown, nearest_colour
from overpaint.shapes.scene import CENTRES, COLOURS, GROUND, SIDE, Colour, Seen, Size
from overpaint.tools.decoding import decode

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

    Mask = NDArray[np.bool_]
    Pixels = NDArray[np.float32]

TOO_WIDE = 27
"""Pixels; a region wider than this, half as wide again as a large shape, is no shape."""
MIDDLE_RADIUS = 7.0
"""Pixels, between small (5.3 to 5.7) and large (8.2 to 8.8)."""
LEAST_FIT = 0.72
"""Below this no shape fits. Drawn shapes reach 0.90 and more (bench/inspector.py)."""


def inspect(picture: bytes | Image) -> list[Seen]:
    """List the objects of a picture by place, in reading order.

    A picture of another size is first reduced or enlarged to 64 x 64, so places and boxes stay fractions of it.

    Args:
        picture: encoded or decoded, of any size and mode; transparent parts count as ground.

    Returns:
        One Seen per object. A region that is no known shape has `shape` None; specks are left out.

    Raises:
        BadPicture: the bytes cannot be decoded as a picture.
    """
    import numpy as np

    image = decode(picture) if isinstance(picture, bytes) else picture
    pixels = np.asarray(_native(image), np.float32) - np.asarray(GROUND, np.float32)
    regions, foreign = find_regions(pixels)
    seen = [_measure(region, foreign, pixels, image.width / image.height) for region in regions]
    return sorted(seen, key=lambda one: (one.place, one.y, one.x))


def _native(image: Image) -> Image:
    """Make any picture RGB and SIDE x SIDE; averaging over boxes is how the native ones are anti-aliased too."""
    from PIL import Image

    solid = Image.new("RGBA", image.size, (*GROUND, 255))
    solid.alpha_composite(image.convert("RGBA"))
    return solid.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BOX)


def _measure(region: Mask, foreign: Mask, pixels: Pixels, proportion: float) -> Seen:
    """Say all there is to say of one region. `proportion` is width by height of the picture as it came."""
    import numpy as np

    ink = np.median(pixels[core(region)], axis=0)
    cover = _cover(region, foreign, pixels, ink)
    rows, columns = np.flatnonzero((cover > 0.5).any(axis=1)), np.flatnonzero((cover > 0.5).any(axis=0))
    left, top, right, bottom = (float(edge) for edge in (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1))
    shape, fit, radius = best_shape(cover, proportion)
    widest = max(right - left, bottom - top)
    known = fit >= LEAST_FIT and widest <= TOO_WIDE
    x, y = (left + right) / 2, (top + bottom) / 2
    return Seen(
        shape=shape if known else None,
        colour=_colour(ink),
        size=_size(radius if known else widest / 2),
        place=3 * _nearest_centre(y) + _nearest_centre(x),
        x=x / SIDE,
        y=y / SIDE,
        box=(left / SIDE, top / SIDE, right / SIDE, bottom / SIDE),
        fit=round(fit, 3),
    )


def _cover(region: Mask, foreign: Mask, pixels: Pixels, ink: Pixels) -> Pixels:
    """How much of each pixel of a region and its rim the ink fills, by how far it is on the way from ground to ink."""
    import numpy as np

    reach = grown(region) & (region | ~foreign)
    share = np.clip(pixels @ ink / max(1.0, float(ink @ ink)), 0, 1)
    cover = np.where(reach, share, 0).astype(np.float32)
    return cover if (cover > 0.5).any() else region.astype(np.float32)


def _colour(ink: Pixels) -> Colour:
    return COLOURS[int(nearest_colour(ink))]


def _size(radius: float) -> Size:
    return "small" if radius < MIDDLE_RADIUS else "large"


def _nearest_centre(position: float) -> int:
    return min(range(3), key=lambda i: abs(CENTRES[i] - position))
