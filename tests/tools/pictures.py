"""Small pictures in every format, plain and signed, for tests of what a file says beside its pixels."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from PIL import Image

from overpaint.tools.picture_parts import jpeg_segment, png_chunk, split, webp_chunk

MIMES = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp", "GIF": "image/gif"}
MANIFEST = b"JP\0\1\0\0\0\1\0\0\0\x18jumb\0\0\0\x10jumdc2pa"


def picture(mode: str = "RGB") -> Image.Image:
    """A ramp whose corners differ, transparent to the left where the mode allows."""
    ramp = Image.linear_gradient("L").resize((24, 16))
    image = Image.merge("RGB", (ramp, ramp.transpose(Image.Transpose.ROTATE_180), Image.new("L", (24, 16), 90)))
    if mode == "RGBA":
        image.putalpha(ramp.rotate(90).resize((24, 16)))
    return image.convert(mode)


def encoded(image: Image.Image, encoder: str, **options: Any) -> bytes:
    data = BytesIO()
    image.save(data, encoder, **options)
    return data.getvalue()


def opened(data: bytes) -> Any:
    """A picture read by Pillow, its metadata too."""
    image = Image.open(BytesIO(data))
    image.load()
    return image


def same_pixels(one: bytes, other: bytes) -> bool:
    left, right = opened(one), opened(other)
    return bool((left.mode, left.size, left.tobytes()) == (right.mode, right.size, right.tobytes()))


def signed(encoder: str) -> bytes:
    """A picture with the place of a C2PA manifest filled."""
    parts = [part.raw for part in split(encoded(picture(), encoder))]
    if encoder == "PNG":
        return b"".join([*parts[:2], png_chunk("caBX", MANIFEST).raw, *parts[2:]])
    if encoder == "JPEG":
        return b"".join([*parts[:2], jpeg_segment(11, MANIFEST).raw, *parts[2:]])
    if encoder == "WEBP":
        data = b"".join([*parts, webp_chunk("C2PA", MANIFEST).raw])
        return data[:4] + (len(data) - 8).to_bytes(4, "little") + data[8:]
    return b"".join(parts)[:-1] + b"!\xff\x0bC2PA_GIF\1\0\0\4abcd\0;"
