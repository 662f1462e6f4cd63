"""A picture in another format shows the same, and says nothing but its colour profile."""

from __future__ import annotations

import pytest
from PIL import Image, ImageChops, ImageCms

from overpaint.tools.decoding import decode
from overpaint.tools.faults import BadInput
from overpaint.tools.picture_formats import converted
from tests.tools.pictures import MIMES, encoded, opened, picture

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def turned() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


@pytest.mark.parametrize("source", ["PNG", "JPEG", "WEBP", "GIF"])
@pytest.mark.parametrize("target", ["PNG", "JPEG", "WEBP"])
def test_every_format_becomes_every_other(source: str, target: str) -> None:
    options = {} if source == "GIF" else {"exif": turned(), "icc_profile": PROFILE}
    data = encoded(picture(), source, **options)
    image = opened(converted(data, MIMES[target]))
    assert image.format == target
    assert image.size == ((24, 16) if source == "GIF" else (16, 24))
    assert dict(image.getexif()) == {}
    assert image.info.get("icc_profile") == (None if source == "GIF" else PROFILE)
    apart = ImageChops.difference(image.convert("RGB"), decode(data)).tobytes()
    assert max(apart) <= (12 if target == "JPEG" else 0)


def test_transparency_is_kept_where_there_is_any_and_white_in_a_jpeg() -> None:
    clear = encoded(Image.new("RGBA", (8, 8), (255, 0, 0, 0)), "PNG")
    assert opened(converted(clear, "image/webp")).getpixel((4, 4)) == (255, 0, 0, 0)
    assert opened(converted(clear, "image/jpeg")).getpixel((4, 4)) == (255, 255, 255)


def test_a_profile_of_inks_is_left_out() -> None:
    inks = bytearray(PROFILE)
    inks[16:20] = b"CMYK"
    jpeg = encoded(picture("CMYK"), "JPEG", icc_profile=bytes(inks))
    assert "icc_profile" not in opened(converted(jpeg, "image/png")).info


def test_what_a_format_cannot_hold_is_said() -> None:
    with pytest.raises(BadInput, match="16500x1 pixels cannot be made a WEBP"):
        converted(encoded(Image.new("RGB", (16_500, 1)), "PNG"), "image/webp")
