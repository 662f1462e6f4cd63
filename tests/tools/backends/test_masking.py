import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from overpaint.tools.backends.masking import paste_back, rectangles
from overpaint.tools.faults import BadInput
from overpaint.tools.painters import Box

edges = st.tuples(st.floats(0, 1), st.floats(0, 1)).filter(lambda pair: pair[0] != pair[1]).map(sorted)
boxes = st.tuples(edges, edges).map(lambda xy: (xy[0][0], xy[1][0], xy[0][1], xy[1][1]))
sizes = st.tuples(st.integers(1, 40), st.integers(1, 40))


@given(st.lists(boxes, min_size=1, max_size=4), sizes)
def test_rectangles_hold_their_boxes_and_at_most_a_pixel_more(given_: list[Box], size: tuple[int, int]) -> None:
    for box, rectangle in zip(given_, rectangles(given_, size), strict=True):
        exact = [edge * size[i % 2] for i, edge in enumerate(box)]
        assert rectangle[0] <= exact[0]
        assert rectangle[3] >= exact[3]
        assert all(abs(a - b) <= 1 for a, b in zip(rectangle, exact, strict=True))


@given(st.lists(boxes, max_size=4), sizes, st.integers(0, 2**32))
@settings(deadline=None)
def test_pasting_back_takes_painted_pixels_inside_and_source_pixels_outside(
    given_: list[Box], size: tuple[int, int], seed: int
) -> None:
    dice = np.random.default_rng(seed)
    source, painted = (dice.integers(0, 256, (size[1], size[0], 3), np.uint8) for _ in range(2))
    inside = np.zeros((size[1], size[0], 1), bool)
    for left, top, right, bottom in given_:
        rows = slice(math.floor(top * size[1]), math.ceil(bottom * size[1]))
        inside[rows, math.floor(left * size[0]) : math.ceil(right * size[0])] = True
    result = paste_back(Image.fromarray(source), Image.fromarray(painted), rectangles(given_, size))
    assert (np.asarray(result) == np.where(inside, painted, source)).all()


@pytest.mark.parametrize(
    "box", [(0.5, 0, 0.5, 1), (0, 0.6, 1, 0.5), (-0.1, 0, 1, 1), (0, 0, 1, 1.01), (math.nan, 0, 1, 1)]
)
def test_a_box_that_is_none_is_refused(box: Box) -> None:
    with pytest.raises(BadInput, match="give fractions"):
        rectangles([box], (64, 64))
