"""Metadata is written and taken out without touching a pixel, and a signed picture is known as one."""

from __future__ import annotations

import json
import struct
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image, ImageCms, PngImagePlugin

from overpaint.tools.picture_metadata import carries_c2pa, with_texts, without_metadata
from overpaint.tools.picture_parts import jpeg_segment, png_chunk, split
from tests.tools.pictures import encoded, opened, picture, same_pixels, signed

TOLD = "a café\nNegative prompt: fog\nSteps: 4, Seed: 7, Size: 24x16, Model: m"
OWN = json.dumps({"overpaint": 1, "prompt": "ein Café"})
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
KINDS: list[tuple[str, str, dict[str, Any]]] = [
    ("PNG", "RGB", {}),
    ("PNG", "RGBA", {}),
    ("PNG", "P", {}),
    ("PNG", "I;16", {}),
    ("JPEG", "RGB", {"quality": 80}),
    ("JPEG", "L", {"progressive": True}),
    ("JPEG", "CMYK", {}),
    ("WEBP", "RGB", {}),
    ("WEBP", "RGBA", {}),
    ("WEBP", "RGB", {"lossless": True}),
    ("WEBP", "RGBA", {"lossless": True}),
]
EACH = pytest.mark.parametrize(("encoder", "mode", "options"), KINDS)


def read(data: bytes) -> tuple[Any, Any]:
    """The two texts, as Pillow reads them."""
    image = opened(data)
    if image.format == "PNG":
        return image.text.get("parameters"), image.text.get("overpaint")
    notes = image.getexif().get_ifd(0x8769)
    comment, own = notes.get(0x9286, b""), notes.get(0x927C, b"")
    for tag, value in ((0x9286, comment), (0x927C, own)):
        assert not value or struct.pack(">HHI", tag, 7, len(value)) in data
    assert not comment or comment.startswith(b"UNICODE\0")
    return comment[8:].decode("utf-16-be"), own.decode()


def turned(by: int = 6) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = by, "a camera"
    exif.get_ifd(0x8769)[0x9003] = "2026:01:01 00:00:00"
    return exif


@EACH
@pytest.mark.parametrize("told", [TOLD, TOLD.replace("café", "日本の🎨")])
def test_texts_are_readable_and_the_pixels_are_the_same(encoder: str, mode: str, options: Any, told: str) -> None:
    before = encoded(picture(mode), encoder, **options)
    after = with_texts(before, told, OWN)
    assert after is not None
    assert read(after) == (told, OWN)
    assert same_pixels(before, after)


@EACH
def test_texts_of_before_are_replaced(encoder: str, mode: str, options: Any) -> None:
    first = with_texts(encoded(picture(mode), encoder, **options), "old\nSteps: 1", '{"old":1}')
    assert first is not None
    assert b"old" in first.replace(b"\0", b"")
    again = with_texts(first, TOLD, OWN)
    assert again == with_texts(again or b"", TOLD, OWN)
    assert b"old" not in (again or b"").replace(b"\0", b"")


@EACH
def test_a_bare_picture_says_nothing_and_shows_the_same(encoder: str, mode: str, options: Any) -> None:
    before = encoded(picture(mode), encoder, **options, exif=turned(), icc_profile=PROFILE)
    after = without_metadata(with_texts(before, TOLD, OWN) or b"")
    assert same_pixels(before, after)
    image = opened(after)
    assert dict(image.getexif()) == {0x0112: 6}
    assert image.info["icc_profile"] == PROFILE
    assert b"camera" not in after
    assert b"2026" not in after


def test_what_a_provider_says_of_its_picture_stays_unless_all_is_to_go() -> None:
    theirs = PngImagePlugin.PngInfo()
    theirs.add_text("Software", "a server")
    theirs.add_text("parameters", "theirs", zip=True)
    png = encoded(picture(), "PNG", pnginfo=theirs)
    told = opened(with_texts(png, TOLD, OWN) or b"").text
    assert told == {"parameters": TOLD, "overpaint": OWN, "Software": "a server"}
    assert opened(without_metadata(png)).info == {}

    jpeg = encoded(picture(), "JPEG", exif=turned(3), comment=b"a server", xmp=b"<x/>")
    assert [part.kind for part in split(with_texts(jpeg, TOLD, OWN) or b"")][:3] == ["SOI", "APP0", "APP1"]
    after = opened(with_texts(jpeg, TOLD, OWN) or b"")
    assert (after.info["comment"], after.info["xmp"], after.getexif()[0x010F]) == (b"a server", b"<x/>", "a camera")
    assert not {"comment", "xmp"} & set(opened(without_metadata(jpeg)).info)

    webp = encoded(picture(), "WEBP", xmp=b"<x/>")
    assert opened(with_texts(webp, TOLD, OWN) or b"").info["xmp"] == b"<x/>"
    assert "xmp" not in opened(without_metadata(webp)).info


def test_bytes_behind_the_end_and_thumbnails_go() -> None:
    for encoder in ("PNG", "JPEG", "WEBP"):
        assert b"hidden" not in without_metadata(encoded(picture(), encoder) + b"hidden")
    jpeg = split(encoded(picture(), "JPEG"))
    thumb = jpeg_segment(0, jpeg[1].body[:12] + b"\1\1" + b"rgb").raw
    assert b"rgb" not in without_metadata(b"".join([jpeg[0].raw, thumb, *(part.raw for part in jpeg[2:])]))


def test_every_frame_of_an_animation_stays() -> None:
    frames = [picture("RGBA"), picture("RGBA").rotate(180)]
    for encoder in ("PNG", "WEBP"):
        moving = encoded(frames[0], encoder, save_all=True, append_images=frames[1:])
        for after in (with_texts(moving, TOLD, OWN) or b"", without_metadata(moving)):
            assert opened(after).n_frames == 2


def test_texts_too_long_for_a_jpeg_are_refused_and_fit_elsewhere() -> None:
    long = "x" * 33_000
    assert with_texts(encoded(picture(), "JPEG"), long, OWN) is None
    assert with_texts(encoded(picture(), "JPEG"), "x" * 32_000, OWN) is not None
    for encoder in ("PNG", "WEBP"):
        assert read(with_texts(encoded(picture(), encoder), long, OWN) or b"") == (long, OWN)


@given(st.binary(max_size=80))
@example(b"MM\0*\0\0\0\x08\0\1\x87\x69\0\4\0\0\0\1\0\0\0\x08\0\0\0\0")
def test_a_broken_exif_block_stops_nothing(block: bytes) -> None:
    jpeg = split(encoded(picture(), "JPEG"))
    data = b"".join([jpeg[0].raw, jpeg_segment(1, b"Exif\0\0" + block).raw, *(part.raw for part in jpeg[1:])])
    told = with_texts(data, TOLD, OWN)
    assert told is not None
    assert [part.kind for part in split(told)].count("APP1") == 1
    assert TOLD.encode("utf-16-be") in told
    bare = without_metadata(data)
    assert len(block) < 30 or block not in bare


@pytest.mark.parametrize("encoder", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_signed_picture_is_known(encoder: str) -> None:
    assert carries_c2pa(signed(encoder))
    assert opened(signed(encoder)).size == (24, 16)
    assert not carries_c2pa(encoded(picture(), encoder))


def test_words_alone_do_not_make_a_signed_picture() -> None:
    words = "caBX C2PA JP jumb c2pa !\x0bC2PA_GIF"
    theirs = PngImagePlugin.PngInfo()
    theirs.add_text("caBX", words)
    assert not carries_c2pa(encoded(picture(), "PNG", pnginfo=theirs))
    assert not carries_c2pa(encoded(picture(), "PNG") + png_chunk("caBX", b"after the end").raw)
    comment = b"\xff\xeb\x00\x10JP" + words.encode()
    assert not carries_c2pa(encoded(picture(), "JPEG", comment=comment))
    assert not carries_c2pa(encoded(picture(), "JPEG") + jpeg_segment(11, b"JP after the end").raw)
    assert not carries_c2pa(encoded(picture(), "WEBP", xmp=words.encode()))
    assert not carries_c2pa(encoded(picture(), "GIF", comment=words.encode()))
    assert not carries_c2pa(words.encode())


def test_another_use_of_app11_is_none() -> None:
    jpeg = split(encoded(picture(), "JPEG"))
    dolby = jpeg_segment(11, b"HDR_RI ver=11")
    assert not carries_c2pa(b"".join([jpeg[0].raw, dolby.raw, *(part.raw for part in jpeg[1:])]))
