"""Decoding pictures nobody vouches for: what they are, a copy fit to show a model, a crop for a second look."""

from __future__ import annotations

import hashlib
import math
from io import BytesIO
from typing import TYPE_CHECKING

from PIL import Image
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from overpaint.tools.faults import BadInput
from overpaint.tools.painters import Box

if TYPE_CHECKING:
    from overpaint.tools.images import ImageRef

MAX_BYTES = 64_000_000
MAX_PIXELS = 64_000_000
_PLAIN_MODES = ("L", "RGB")
_PLAIN_INFO = frozenset(
    {"jfif", "jfif_version", "jfif_unit", "jfif_density", "dpi", "adobe", "adobe_transform", "progressive",
     "progression", "gamma", "srgb", "interlace", "aspect"}
)  # fmt: skip
_PLAIN_SEGMENTS = frozenset({"APP0", "APP14"})
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""The turn that undoes each value of the EXIF orientation tag (Exif 2.32, 4.6.4 A)."""


class BadPicture(BadInput):
    """The bytes are no picture that can be used; what is wrong with them is in the message."""


def examine(data: bytes) -> ImageRef:
    """Decode a picture all the way, and name it by its content.

    Of an animated picture the first frame counts. Width and height are those stored, before any EXIF turn.

    Args:
        data: an encoded PNG, JPEG, WebP or GIF.

    Raises:
        BadPicture: empty, too large, another format, broken off, or a decompression bomb.
    """
    mime, image = _load(data)
    return {"sha256": hashlib.sha256(data).hexdigest(), "mime": mime, "width": image.width, "height": image.height}


def decode(data: bytes) -> Image.Image:
    """Decode a picture as a viewer shows it: first frame, upright, RGB of 8 bits, transparency on white, no metadata.

    Raises:
        BadPicture: as `examine`.
    """
    return _shown(_load(data)[1])


def judge_copy(data: bytes, *, max_edge: int = 1568, max_bytes: int = 3_500_000) -> tuple[bytes, str]:
    """Make the copy of a picture to send to a vision model; return it and its mime type.

    A plain PNG or JPEG that fits is returned as it is. Else the picture is turned upright, freed of metadata (a
    photo may say where it was taken), scaled down and encoded: as PNG while it is small, as JPEG otherwise.

    Args:
        data: an encoded picture.
        max_edge: longest edge in pixels; the default is the one above which Claude scales a picture down itself
            (Anthropic, "Vision", image size).
        max_bytes: largest size of the encoded copy.

    Raises:
        BadPicture: as `examine`, or no copy fits `max_bytes`.
    """
    mime, image = _load(data)
    if len(data) <= max_bytes and max(image.size) <= max_edge and _is_plain(image):
        return data, mime
    shown = _shown(image)
    shown.thumbnail((max_edge, max_edge), Image.Resampling.LANCZOS)
    if mime != "image/jpeg" and shown.width * shown.height <= 1 << 20:
        png = _encoded(shown, "PNG")
        if len(png) <= max_bytes:
            return png, "image/png"
    return _as_jpeg(shown, max_bytes), "image/jpeg"


def crop(data: bytes, box: Box) -> bytes:
    """Cut one place out of a picture, enlarged for a second look, as PNG.

    Args:
        data: an encoded picture.
        box: the place, as fractions of the upright picture.

    Returns:
        A PNG of at least 256 pixels on its long edge. Tiny pictures are enlarged by a whole factor without
        smoothing, so that every pixel stays what it was.

    Raises:
        BadPicture: as `examine`.
        BadInput: the box is none, or lies outside the picture.
    """
    left, top, right, bottom = box
    if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
        raise BadInput(f"the box {tuple(box)} is not left < right, top < bottom within 0 to 1: give fractions.")
    image = decode(data)
    width, height = image.size
    part = image.crop(
        (
            math.floor(left * width),
            math.floor(top * height),
            math.ceil(right * width),
            math.ceil(bottom * height),
        )
    )
    return _encoded(_enlarged(part, tiny=max(image.size) <= 256), "PNG")


def _load(data: bytes) -> tuple[str, ImageFile]:
    """Mime type and first frame, decoded."""
    if not isinstance(data, bytes):
        raise BadPicture(f"a picture must be given as bytes, not {type(data).__name__}.")
    if not data:
        raise BadPicture("the picture is empty (0 bytes): give a PNG, JPEG, WebP or GIF.")
    if len(data) > MAX_BYTES:
        raise BadPicture(f"the picture has {len(data) / 1e6:.0f} MB; at most {MAX_BYTES // 10**6} MB are read.")
    mime, plugin = _sniffed(data)
    try:
        image = plugin(BytesIO(data))
        width, height = image.size
        if width * height <= MAX_PIXELS:
            image.load()
            return mime, image
    except Exception as error:  # the decoders meet bytes of any origin and raise some fifteen kinds of error on them
        reason = " ".join(str(error).split()) or type(error).__name__
        raise BadPicture(f"the {mime} picture is broken or cut off ({reason}): give a whole one.") from error
    raise BadPicture(
        f"the picture claims {width}x{height} pixels; at most {MAX_PIXELS // 10**6} million are decoded: scale it down."
    )


def _sniffed(data: bytes) -> tuple[str, type[ImageFile]]:
    # The classes are called themselves, not through Image.open: that one warns about large pictures before it can
    # be asked their size, and reads the several pictures of an MPO photo.
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png", PngImageFile
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg", JpegImageFile
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif", GifImageFile
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "image/webp", WebPImageFile
    raise BadPicture("the bytes are not a picture that can be read: give a PNG, JPEG, WebP or GIF.")


def _turn(image: Image.Image) -> Image.Transpose | None:
    try:
        return _UPRIGHT.get(image.getexif().get(0x0112, 1))
    except Exception:  # noqa: BLE001  a broken EXIF block says nothing about the way up, and is no fault of the picture
        return None


def _is_plain(image: ImageFile) -> bool:
    """Whether the file is RGB or grey, upright, of one frame, and says nothing beside its pixels."""
    if image.format not in ("PNG", "JPEG") or image.mode not in _PLAIN_MODES or not _PLAIN_INFO.issuperset(image.info):
        return False
    segments = {name for name, _ in getattr(image, "applist", ())}
    return segments <= _PLAIN_SEGMENTS and not getattr(image, "private_chunks", ())


def _shown(image: Image.Image) -> Image.Image:
    turn = _turn(image)
    if image.mode.startswith(("I", "F")):
        image = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    image = image.convert("RGB")
    image.info.clear()
    return image if turn is None else image.transpose(turn)


def _encoded(image: Image.Image, encoding: str, **options: int) -> bytes:
    buffer = BytesIO()
    image.save(buffer, encoding, **options)
    return buffer.getvalue()


def _as_jpeg(image: Image.Image, max_bytes: int) -> bytes:
    while True:
        for quality in (90, 75):
            jpeg = _encoded(image, "JPEG", quality=quality)
            if len(jpeg) <= max_bytes:
                return jpeg
        if max(image.size) <= 32:
            raise BadPicture(f"no copy of the picture fits {max_bytes} bytes: allow more.")
        image = image.resize((max(1, image.width * 7 // 10), max(1, image.height * 7 // 10)), Image.Resampling.LANCZOS)


def _enlarged(image: Image.Image, *, tiny: bool, edge: int = 256) -> Image.Image:
    scale = edge / max(image.size)
    if scale <= 1:
        return image
    if tiny:
        factor = math.ceil(scale)
        return image.resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST)
    return image.resize(
        (max(1, round(image.width * scale)), max(1, round(image.height * scale))), Image.Resampling.LANCZOS
    )
