"""The free gate: what it lets pass and what it holds back."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from io import BytesIO

import pytest
from PIL import Image, ImageChops

from overpaint.tools.gate import gate

Draw = Callable[..., bytes]
GROUND = (244, 243, 238)
COLOURS = [(214, 40, 40), (245, 130, 20), (240, 205, 30), (40, 150, 70), (40, 90, 210), (130, 60, 170), (35, 35, 40)]


def noisy(data: bytes, sigma: float) -> bytes:
    """The picture with independent noise on every pixel of every channel."""
    image = Image.open(BytesIO(data)).convert("RGB")
    layers = [Image.effect_noise(image.size, sigma) for _ in range(3)]
    buffer = BytesIO()
    ImageChops.add(image, Image.merge("RGB", layers), scale=1, offset=-128).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("colour", COLOURS)
def test_one_small_shape_on_a_plain_ground_passes(colour: tuple[int, int, int], draw: Draw) -> None:
    assert gate(draw((32, 32, 5, colour)), wanted=(64, 64), earlier=[]) == ("ok", "")
    assert gate(draw((600, 300, 40, colour), size=(1024, 768)), wanted=None, earlier=[])[0] == "ok"


@pytest.mark.slow
@pytest.mark.parametrize("sigma", [0, 3, 6])
@pytest.mark.parametrize("size", [(64, 64), (512, 512), (1024, 1024)])
def test_a_plain_ground_with_decoder_noise_is_blank(sigma: float, size: tuple[int, int], draw: Draw) -> None:
    plain = draw(size=size, ground=(120, 130, 140))
    outcome, reason = gate(noisy(plain, sigma) if sigma else plain, wanted=size, earlier=[])
    assert (outcome, "blank" in reason) == ("blank", True)


def test_a_see_through_picture_is_blank(draw: Draw) -> None:
    assert gate(draw(mode="RGBA", ground=(0, 0, 0, 0)), wanted=None, earlier=[])[0] == "blank"


def test_another_size_than_asked_is_an_error(draw: Draw) -> None:
    outcome, reason = gate(draw((9, 9, 5, "red"), size=(32, 64)), wanted=(64, 64), earlier=[])
    assert outcome == "error"
    assert "32x64" in reason
    assert "64x64" in reason


@pytest.mark.parametrize("data", [b"", b"junk", b"\x89PNG\r\n\x1a\n"])
def test_what_does_not_decode_is_an_error(data: bytes) -> None:
    assert gate(data, wanted=None, earlier=[])[0] == "error"


def test_the_same_pixels_are_a_duplicate(draw: Draw) -> None:
    first = draw((20, 20, 8, "red"), (44, 44, 5, "blue"))
    again = draw((20, 20, 8, "red"), (44, 44, 5, "blue"), compress_level=1)
    assert first != again
    for other in (first, again, noisy(first, 3)):
        assert gate(other, wanted=None, earlier=[draw((9, 9, 5, "red")), first])[0] == "duplicate"


@pytest.mark.parametrize("pair", list(itertools.combinations(COLOURS, 2)))
def test_a_small_object_of_another_colour_is_no_duplicate(
    pair: tuple[tuple[int, int, int], tuple[int, int, int]], draw: Draw
) -> None:
    before, after = (draw((20, 20, 8, "red"), (44, 44, 5, colour)) for colour in pair)
    assert gate(after, wanted=None, earlier=[before])[0] == "ok"


def test_a_small_object_moved_added_or_gone_is_no_duplicate(draw: Draw) -> None:
    before = draw((20, 20, 8, "red"), (44, 44, 5, "blue"))
    moved = draw((20, 20, 8, "red"), (44, 40, 5, "blue"))
    added = draw((20, 20, 8, "red"), (44, 44, 5, "blue"), (12, 52, 3, "green"))
    gone = draw((20, 20, 8, "red"))
    for after in (moved, added, gone):
        assert gate(after, wanted=None, earlier=[before])[0] == "ok"


def test_an_earlier_picture_that_broke_or_differs_in_size_is_passed_over(draw: Draw) -> None:
    picture = draw((20, 20, 8, "red"))
    assert gate(picture, wanted=None, earlier=[b"broken", draw((9, 9, 5, "red"), size=(32, 32))])[0] == "ok"
