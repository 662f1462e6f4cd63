"""Grids of pictures: their shape, what is where, and how large they get."""

from __future__ import annotations

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from overpaint.grid import GAP, LONGEST, draw_grid, grid_shape
from overpaint.tools.faults import BadInput

COLOURS = [(200, 0, 0), (0, 200, 0), (0, 0, 200), (90, 90, 90)]


def plain(colour: tuple[int, int, int], size: tuple[int, int] = (300, 300)) -> bytes:
    buffer = BytesIO()
    Image.new("RGB", size, colour).save(buffer, "PNG")
    return buffer.getvalue()


def drawn(data: bytes) -> Image.Image:
    return Image.open(BytesIO(data)).convert("RGB")


@given(st.integers(1, 32))
def test_the_default_is_about_square_and_no_row_or_column_is_empty(number: int) -> None:
    rows, columns = grid_shape(None, number)
    assert rows <= columns <= rows + 1
    assert (rows - 1) * columns < number <= rows * columns


@pytest.mark.parametrize(("given", "shape"), [("2x3", (2, 3)), (" 1X4 ", (1, 4)), ("32x32", (32, 32))])
def test_a_shape_that_is_given_holds(given: str, shape: tuple[int, int]) -> None:
    assert grid_shape(given, 4) == shape


@pytest.mark.parametrize("given", ["", "2", 4, "2x", "0x4", "2x-3", "2x3x4", "33x1", "999999999x1", "axb", True])
def test_what_is_no_shape_is_refused(given: object) -> None:
    with pytest.raises(BadInput, match="is not ROWSxCOLUMNS"):
        grid_shape(given, 1)


def test_a_grid_too_small_is_refused_with_the_numbers() -> None:
    with pytest.raises(BadInput, match="grid 1x3 has 3 places for 4 pictures"):
        grid_shape("1x3", 4)


def test_pictures_stand_in_reading_order_and_a_missing_one_leaves_its_place_white() -> None:
    sheet = drawn(draw_grid([plain(COLOURS[0]), plain(COLOURS[1]), None, plain(COLOURS[3])], (2, 3)))
    assert sheet.size == (3 * 300 + 4 * GAP, 2 * 300 + 3 * GAP)
    middles = [
        sheet.getpixel((GAP + 150 + c * (300 + GAP), GAP + 150 + r * (300 + GAP))) for r in (0, 1) for c in range(3)
    ]
    assert middles == [COLOURS[0], COLOURS[1], (255,) * 3, COLOURS[3], (255,) * 3, (255,) * 3]


def test_a_smaller_picture_is_centred_and_a_tiny_one_enlarged_without_smoothing() -> None:
    sheet = drawn(draw_grid([plain(COLOURS[0], (64, 64)), plain(COLOURS[1], (64, 32))], (1, 2)))
    assert sheet.size == (2 * 256 + 3 * GAP, 256 + 2 * GAP)
    assert set(sheet.get_flattened_data()) == {(255, 255, 255), COLOURS[0], COLOURS[1]}
    right = GAP + 256 + GAP + 128
    assert [sheet.getpixel((right, GAP + y)) for y in (63, 64, 191, 192)] == [
        (255,) * 3, COLOURS[1], COLOURS[1], (255,) * 3,
    ]  # fmt: skip


@pytest.mark.parametrize("shape", [(1, 32), (32, 1), (32, 32), (2, 2)])
def test_no_side_is_longer_than_the_limit(shape: tuple[int, int]) -> None:
    sheet = drawn(draw_grid([plain(COLOURS[0], (3000, 500))], shape))
    assert max(sheet.size) <= LONGEST
