"""Pictures nobody vouches for: all that can be wrong with the bytes, and what is made of those that are right."""

from __future__ import annotations

import hashlib
import struct
import time
import warnings
import zlib
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from overpaint.tools.decoding import MAX_BYTES, BadPicture, crop, decode, examine, judge_copy
from overpaint.tools.faults import BadInput

Draw = Callable[..., bytes]
DISC = (20, 20, 8, (214, 40, 40))
ENCODINGS = [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp"), ("GIF", "image/gif")]


def png_claiming(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header claims any size."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def opened(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data))
    image.load()
    return image


@pytest.mark.parametrize(("encoding", "mime"), ENCODINGS)
def test_a_picture_is_known_by_its_content(encoding: str, mime: str, draw: Draw) -> None:
    data = draw(DISC, size=(60, 40), encoding=encoding)
    assert examine(data) == {"sha256": hashlib.sha256(data).hexdigest(), "mime": mime, "width": 60, "height": 40}


@pytest.mark.parametrize(("encoding", "mime"), ENCODINGS)
def test_a_broken_off_picture_is_refused(encoding: str, mime: str, draw: Draw) -> None:
    data = draw(DISC, size=(200, 200), encoding=encoding)
    for kept in (12, 40, len(data) // 2):
        with pytest.raises(BadPicture, match=r"broken or cut off|not a picture") as caught:
            examine(data[:kept])
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty"),
        (b"hello, world", "not a picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a picture"),
        (b"BM" + bytes(100), "not a picture"),
        (bytes(MAX_BYTES + 1), "64 MB"),
        ("text", "not str"),
        (None, "not NoneType"),
    ],
)
def test_what_is_no_picture_is_refused(data: Any, message: str) -> None:
    with pytest.raises(BadPicture, match=message):
        examine(data)


@pytest.mark.parametrize("size", [(9000, 9000), (12_000, 12_000), (60_000, 60_000), (2**31 - 1, 2**31 - 1)])
def test_a_bomb_is_refused_from_its_header_at_once_and_without_a_warning(size: tuple[int, int]) -> None:
    started = time.monotonic()
    with warnings.catch_warnings(record=True) as leaked:
        warnings.simplefilter("always")
        with pytest.raises(BadPicture, match="scale it down"):
            examine(png_claiming(*size))
    assert leaked == []
    assert time.monotonic() - started < 1


def test_a_gif_that_claims_too_much_is_refused(draw: Draw) -> None:
    data = bytearray(draw(DISC, encoding="GIF"))
    data[6:10] = struct.pack("<HH", 65_000, 65_000)
    with pytest.raises(BadPicture, match="scale it down"):
        examine(bytes(data))


def test_the_first_frame_of_an_animation_counts(draw: Draw) -> None:
    frames = [Image.new("RGB", (32, 32), colour) for colour in ("red", "blue")]
    for encoding in ("GIF", "WEBP", "PNG"):
        buffer = BytesIO()
        frames[0].save(buffer, encoding, save_all=True, append_images=frames[1:])
        red, _, blue = decode(buffer.getvalue()).getpixel((5, 5))  # type: ignore[misc]
        assert red > 200 > 50 > blue
        shown, _ = judge_copy(buffer.getvalue())
        assert getattr(opened(shown), "n_frames", 1) == 1


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 3), at=st.integers(0, 400), junk=st.binary(min_size=1, max_size=8))
def test_damaged_bytes_are_decoded_or_refused_and_nothing_else(seed: int, at: int, junk: bytes) -> None:
    buffer = BytesIO()
    Image.linear_gradient("L").resize((40, 30)).convert("RGB").save(buffer, ENCODINGS[seed][0])
    data = bytearray(buffer.getvalue())
    data[at : at + len(junk)] = junk
    with suppress(BadPicture):
        assert decode(bytes(data)).mode == "RGB"


def test_a_plain_picture_that_fits_is_sent_as_it_is(draw: Draw) -> None:
    for encoding, mime in ENCODINGS[:2]:
        data = draw(DISC, encoding=encoding)
        assert judge_copy(data) == (data, mime)


def test_other_kinds_become_png_while_small(draw: Draw) -> None:
    for encoding, _ in ENCODINGS[2:]:
        copy, mime = judge_copy(draw(DISC, encoding=encoding))
        assert (mime, opened(copy).size) == ("image/png", (64, 64))


@pytest.mark.slow
def test_a_large_picture_is_scaled_within_both_bounds() -> None:
    buffer = BytesIO()
    Image.effect_noise((3000, 1000), 80).convert("RGB").save(buffer, "JPEG", quality=95)
    copy, mime = judge_copy(buffer.getvalue(), max_edge=1568, max_bytes=3_500_000)
    assert mime == "image/jpeg"
    assert opened(copy).size == (1568, 523)
    copy, _ = judge_copy(buffer.getvalue(), max_bytes=20_000)
    assert len(copy) <= 20_000
    with pytest.raises(BadPicture, match="allow more"):
        judge_copy(buffer.getvalue(), max_bytes=100)


def test_a_thread_of_pixels_survives_scaling() -> None:
    buffer = BytesIO()
    Image.new("RGB", (1, 20_000), "red").save(buffer, "PNG")
    assert opened(judge_copy(buffer.getvalue())[0]).size == (1, 1568)


def test_a_turned_photo_is_shown_upright_and_without_its_metadata() -> None:
    image = Image.new("RGB", (80, 40), "white")
    image.paste("red", (0, 0, 20, 20))
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "taken at home"
    buffer = BytesIO()
    image.save(buffer, "JPEG", exif=exif, comment=b"secret", quality=95)
    copy, _ = judge_copy(buffer.getvalue())
    shown = opened(copy)
    assert shown.size == (40, 80)
    assert shown.getpixel((35, 5))[1] < 60  # type: ignore[index]
    assert not shown.getexif()
    assert b"home" not in copy
    assert b"secret" not in copy
    assert (examine(buffer.getvalue())["width"], decode(buffer.getvalue()).width) == (80, 40)


def test_text_in_a_png_is_not_sent(draw: Draw) -> None:
    note = PngImagePlugin.PngInfo()
    note.add_text("parameters", "my secret prompt")
    copy, mime = judge_copy(draw(DISC, pnginfo=note))
    assert mime == "image/png"
    assert b"secret" not in copy


@pytest.mark.parametrize(
    ("mode", "ground", "expected"),
    [
        ("RGBA", (255, 0, 0, 0), (255, 255, 255)),
        ("LA", (0, 0), (255, 255, 255)),
        ("I;16", 0x8080, (128, 128, 128)),
        ("1", 1, (255, 255, 255)),
        ("P", 0, (0, 0, 0)),
    ],
)
def test_every_mode_is_shown_as_a_viewer_would(
    mode: str, ground: Any, expected: tuple[int, int, int], draw: Draw
) -> None:
    assert decode(draw(mode=mode, ground=ground)).getpixel((3, 3)) == expected


def test_a_crop_shows_the_place_enlarged(draw: Draw) -> None:
    part = opened(crop(draw(DISC), (8 / 64, 8 / 64, 32 / 64, 32 / 64)))
    assert part.size == (264, 264)
    assert part.getpixel((132, 132)) == (214, 40, 40)
    assert set(part.get_flattened_data()) == {(214, 40, 40), (244, 243, 238)}


def test_a_crop_of_a_large_picture_is_not_enlarged_beyond_need(draw: Draw) -> None:
    data = draw((500, 500, 90, "red"), size=(1000, 1000))
    assert opened(crop(data, (0.4, 0.4, 0.6, 0.6))).size == (256, 256)
    assert opened(crop(data, (0.2, 0.2, 0.8, 0.8))).size == (600, 600)
    assert opened(crop(data, (0, 0, 1, 1))).size == (1000, 1000)


@given(st.tuples(*[st.floats(0, 1)] * 4))
@settings(max_examples=60, deadline=None)
def test_any_box_gives_a_crop_or_a_clear_refusal(box: tuple[float, float, float, float]) -> None:
    buffer = BytesIO()
    Image.new("RGB", (30, 20), "red").save(buffer, "PNG")
    left, top, right, bottom = box
    if left < right and top < bottom:
        assert max(opened(crop(buffer.getvalue(), box)).size) >= 256
    else:
        with pytest.raises(BadInput, match="fractions"):
            crop(buffer.getvalue(), box)


@pytest.mark.parametrize("box", [(-0.1, 0, 1, 1), (0, 0, 1.2, 1), (0, 0, float("nan"), 1), (0, 0, 64, 64)])
def test_a_box_outside_is_refused(box: tuple[float, float, float, float], draw: Draw) -> None:
    with pytest.raises(BadInput, match="fractions"):
        crop(draw(DISC), box)
