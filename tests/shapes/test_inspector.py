from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from overpaint.shapes.drawing import draw, random_things
from overpaint.shapes.inspector import inspect
from overpaint.shapes.scene import COLOURS, SHAPES, SIZES, Seen, Thing
from overpaint.tools.decoding import BadPicture

things = st.builds(Thing, st.sampled_from(SHAPES), st.sampled_from(COLOURS), st.sampled_from(SIZES), st.integers(0, 8))


def multiset(objects: list[Thing] | list[Seen]) -> list[tuple[str, ...]]:
    return sorted((str(o.shape), o.colour, o.size, str(o.place)) for o in objects)


def exact_share(scenes: int) -> float:
    right = 0
    for seed in range(scenes):
        wanted = random_things(seed, 1 + seed % 6)
        right += multiset(inspect(draw(wanted, seed))) == multiset(wanted)
    return right / scenes


@pytest.mark.slow
def test_reads_drawn_scenes_exactly() -> None:
    assert exact_share(300) >= 0.99


@pytest.mark.slow
@pytest.mark.long
def test_reads_two_thousand_drawn_scenes_exactly() -> None:
    assert exact_share(2000) >= 0.99


@pytest.mark.slow
@given(st.lists(things, max_size=9, unique_by=lambda t: t.place), st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_finds_any_scene_in_reading_order(wanted: list[Thing], seed: int) -> None:
    seen = inspect(draw(wanted, seed))
    assert multiset(seen) == multiset(wanted)
    assert [s.place for s in seen] == sorted(s.place for s in seen)


@pytest.mark.parametrize("side", [64, 96, 100, 256, 512])
def test_reads_a_picture_of_any_size(side: int) -> None:
    wanted = random_things(11, 5)
    assert multiset(inspect(draw(wanted, 2, side=side))) == multiset(wanted)


def test_reads_a_picture_that_is_not_square() -> None:
    wide = Image.new("RGB", (128, 64), (244, 243, 238))
    wide.paste(draw([Thing("circle", "red", "large", 4)], 1), (32, 0))
    (seen,) = inspect(wide)
    assert (seen.shape, seen.colour, seen.place) == ("circle", "red", 4)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_reads_encoded_pictures(kind: str) -> None:
    wanted = random_things(3, 3)
    buffer = BytesIO()
    draw(wanted, 3).save(buffer, kind, lossless=True)
    assert multiset(inspect(buffer.getvalue())) == multiset(wanted)


def test_box_and_centre_are_fractions_around_the_object() -> None:
    (seen,) = inspect(draw([Thing("square", "green", "large", 2)], seed=5))
    left, top, right, bottom = seen.box
    assert left < 52 / 64 < right
    assert top < 12 / 64 < bottom
    assert (seen.x, seen.y) == ((left + right) / 2, (top + bottom) / 2)
    assert right - left == pytest.approx(2 * 0.92 * 8.5 / 64, abs=2 / 64)


def test_soft_edges_do_not_change_what_is_seen() -> None:
    wanted = [Thing("circle", "blue", "large", 0), Thing("square", "yellow", "large", 4)]
    assert multiset(inspect(draw(wanted, 1).filter(ImageFilter.GaussianBlur(0.8)))) == multiset(wanted)


def test_two_colours_in_one_blob_are_two_objects() -> None:
    blob = np.full((64, 64, 3), (244, 243, 238), np.uint8)
    blob[24:40, 24:32], blob[24:40, 32:40] = (214, 40, 40), (40, 90, 210)
    assert sorted(s.colour for s in inspect(Image.fromarray(blob))) == ["blue", "red"]


def test_a_bar_is_no_shape() -> None:
    bar = np.full((64, 64, 3), (244, 243, 238), np.uint8)
    bar[30:34, 24:40] = (214, 40, 40)
    assert [(s.shape, s.colour, s.place) for s in inspect(Image.fromarray(bar))] == [(None, "red", 4)]


def test_an_empty_picture_holds_nothing() -> None:
    assert inspect(draw([], 0)) == []


@pytest.mark.parametrize(
    "mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "HSV", "I", "F", "I;16"]
)
@pytest.mark.parametrize("size", [(1, 1), (64, 64), (3, 200)])
def test_any_mode_and_size_is_read_without_naming_a_shape(mode: str, size: tuple[int, int]) -> None:
    assert all(s.shape is None for s in inspect(Image.new(mode, size)))


@pytest.mark.slow
@given(st.integers(0, 2**32), st.sampled_from([1, 8, 64, 90]), st.sampled_from([8, 64, 255]))
@settings(max_examples=40, deadline=None)
def test_noise_is_read_without_fault(seed: int, side: int, depth: int) -> None:
    noise = np.random.default_rng(seed).integers(0, depth + 1, (side, side, 3), np.uint8)
    for seen in inspect(Image.fromarray(noise)):
        assert 0 <= seen.fit <= 1
        assert all(0 <= edge <= 1 for edge in seen.box)


def test_transparent_parts_are_ground() -> None:
    glass = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
    assert inspect(glass) == []


@pytest.mark.parametrize("data", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n broken"])
def test_bytes_that_are_no_picture_are_refused(data: bytes) -> None:
    with pytest.raises(BadPicture):
        inspect(data)
