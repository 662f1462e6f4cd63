"""One picture in another format: PNG and WebP without loss, JPEG at quality 95 with transparency on white."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from PIL import Image, ImageOps

from overpaint.tools.decoding import decode
from overpaint.tools.faults import BadInput
from overpaint.tools.picture_parts import JPEG, PNG, WEBP

_OPTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    PNG: ("PNG", {"optimize": True}),
    JPEG: ("JPEG", {"quality": 95, "subsampling": 0}),
    WEBP: ("WEBP", {"lossless": True, "exact": True}),
}


def converted(data: bytes, mime: str) -> bytes:
    """Encode a picture anew: its first frame, upright, 8 bits a channel, with its colour profile and no other metadata.

    Args:
        data: a whole PNG, JPEG, WebP or GIF.
        mime: image/png, image/jpeg or image/webp.

    Raises:
        BadInput: the picture is broken, or larger than the format allows.
    """
    encoder, options = _OPTIONS[mime]
    with Image.open(BytesIO(data)) as image:
        shown = _with_alpha(image) if mime != JPEG and image.has_transparency_data else decode(data)
        profile = _fitting(image.info.get("icc_profile"))
    buffer = BytesIO()
    try:
        shown.save(buffer, encoder, icc_profile=profile, **options)
    except (OSError, ValueError) as error:
        raise BadInput(f"the picture of {_sides(shown)} pixels cannot be made a {encoder} ({error}).") from error
    return buffer.getvalue()


def _with_alpha(image: Image.Image) -> Image.Image:
    upright = ImageOps.exif_transpose(image).convert("RGBA")
    upright.info.clear()
    return upright


def _fitting(profile: bytes | None) -> bytes | None:
    """A colour profile of RGB (ICC.1:2022, 7.2.6); one of greys or inks would distort the colours."""
    return profile if profile and profile[16:20] == b"RGB " else None


def _sides(image: Image.Image) -> str:
    return f"{image.width}x{image.height}"
