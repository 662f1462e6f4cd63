from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from overpaint.graph.places import free_space, overlap, usable

fractions = st.floats(-2, 3, allow_nan=False)


def test_boxes_a_model_garbled_are_dropped() -> None:
    assert usable([[0.1, 0.1, 0.5], [0.5, 0.5, 0.4, 0.9], [0.2, 0.2, 0.2, 0.9], []]) == []
    assert usable([[-1, 0.5, 0.5, 7]]) == [[0.0, 0.5, 0.5, 1.0]]


@given(st.lists(st.lists(fractions, max_size=5), max_size=5))
def test_a_usable_box_lies_inside_the_picture(boxes: list[list[float]]) -> None:
    for left, top, right, bottom in usable(boxes):
        assert 0 <= left < right <= 1
        assert 0 <= top < bottom <= 1


def test_free_space_is_the_emptiest_ninth() -> None:
    assert free_space([]) == [0, 0, 1 / 3, 1 / 3]
    assert free_space([[0, 0, 1, 0.7]]) == [0, 2 / 3, 1 / 3, 1]


def test_overlap_is_an_area() -> None:
    assert overlap([0, 0, 0.5, 0.5], [0.25, 0.25, 1, 1]) == 0.0625
    assert overlap([0, 0, 0.2, 0.2], [0.5, 0.5, 1, 1]) == 0
