"""Names the shape of a region: each shape is drawn with the region's centre of mass and spread, and compared with it.

A cover is a (rows, columns) array: how much of each pixel, 0 to 1, the region's colour fills.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from overpaint.shapes.drawing import silhouette
from overpaint.shapes.scene import SHAPES, Shape

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]
    Pixels = NDArray[np.float32]

LARGEST_STRETCH = 1.6
"""How much wider than high, or higher than wide, a shape may be."""
UNIT = 100
"""Pixels per radius in the model of a shape; the model is 2.4 radii wide, so that a star's tips leave a rim."""


def best_shape(cover: Pixels, proportion: float = 1.0) -> tuple[Shape, float, float]:
    """Find the shape that covers most nearly the same pixels.

    Args:
        cover: the region, with some ink in it.
        proportion: width by height of the picture before it was made square.

    Returns:
        The shape, its fit (intersection over union, 0 to 1) and its radius in pixels.
    """
    import numpy as np

    cover = _trimmed(cover)
    x, y, spread_x, spread_y = _moments(cover)
    best: tuple[Shape, float, float] = (SHAPES[0], 0.0, 0.0)
    for shape in SHAPES:
        _, at_x, at_y, unit_x, unit_y = _model(shape)
        wide, high = spread_x / unit_x, spread_y / unit_y
        drawn = _template(shape, x - at_x * wide, y - at_y * high, wide, high, cover.shape)
        fit = float(np.minimum(drawn, cover).sum() / np.maximum(drawn, cover).sum())
        if 1 / LARGEST_STRETCH <= proportion * wide / high <= LARGEST_STRETCH and fit > best[1]:
            best = (shape, fit, float((wide * high) ** 0.5))
    return best


def _trimmed(cover: Pixels) -> Pixels:
    """Cut out the part that holds all the ink, and two empty pixels around it."""
    import numpy as np

    rows, columns = np.flatnonzero(cover.any(axis=1)), np.flatnonzero(cover.any(axis=0))
    return np.pad(cover[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], 2)


def _moments(cover: NDArray[Any]) -> tuple[float, float, float, float]:
    """Centre of mass and standard deviation in x and y, in pixels; a pixel's own variance (1/12) is taken off."""
    import numpy as np

    down, across = (np.arange(length) + 0.5 for length in cover.shape)
    mass, columns, rows = cover.sum(), cover.sum(axis=0), cover.sum(axis=1)
    x, y = float(columns @ across / mass), float(rows @ down / mass)
    var_x, var_y = float(columns @ (across - x) ** 2 / mass), float(rows @ (down - y) ** 2 / mass)
    return x, y, max(var_x - 1 / 12, 0.1) ** 0.5, max(var_y - 1 / 12, 0.1) ** 0.5


@lru_cache(maxsize=len(SHAPES))
def _model(shape: Shape) -> tuple[Mask, float, float, float, float]:
    """Draw a shape of radius 1 at the origin: its mask, and in radii its centre of mass and its spread in x and y."""
    import numpy as np

    half = UNIT * 1.2
    mask = np.asarray(silhouette(shape, UNIT, int(2 * half))) > 0
    x, y, spread_x, spread_y = _moments(mask)
    return mask, (x - half) / UNIT, (y - half) / UNIT, spread_x / UNIT, spread_y / UNIT


def _template(shape: Shape, x: float, y: float, wide: float, high: float, extent: tuple[int, ...]) -> Pixels:
    """Cover of a shape at (x, y) with the given radii, in pixels: each pixel is 4 x 4 samples of the shape's model."""
    import numpy as np

    mask = _model(shape)[0]
    rows, columns = extent
    row = _samples(y, high, rows, mask.shape[0])
    column = _samples(x, wide, columns, mask.shape[1])
    sampled: Pixels = mask[np.ix_(row, column)].reshape(rows, 4, columns, 4).mean(axis=(1, 3), dtype=np.float32)
    return sampled


def _samples(centre: float, radius: float, length: int, limit: int) -> NDArray[np.intp]:
    """Where four samples for each of `length` pixels fall in a model of `limit` pixels, whose rim is empty."""
    import numpy as np

    at = (np.arange(4 * length) + 0.5) / 4
    return (((at - centre) / radius + 1.2) * UNIT).clip(0, limit - 1).astype(np.intp)
