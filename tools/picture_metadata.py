"""What an encoded picture says beside its pixels: written into it, taken out of it, or left alone where it is signed.

The pixels are never encoded again. Generation parameters go where the AUTOMATIC1111 web UI puts and looks for them: the
text chunk `parameters` of a PNG, the EXIF UserComment of a JPEG or WebP (its modules/images.py and infotext_utils.py).
"""

from __future__ import annotations

import struct
import warnings
from collections.abc import Iterable
from io import BytesIO

from PIL import Image

from overpaint.tools.picture_parts import (
    GIF,
    JPEG,
    PNG,
    REST,
    WEBP,
    Part,
    jpeg_segment,
    mime_of,
    png_chunk,
    split,
    webp_chunk,
)

WRITABLE = frozenset({PNG, JPEG, WEBP})
"""The formats that metadata can be written into and taken out of."""

_EXIF = b"Exif\x00\x00"
_EXIF_IFD, _ORIENTATION, _MAKER_NOTE, _USER_COMMENT = 0x8769, 0x0112, 0x927C, 0x9286
_UNICODE = b"UNICODE\x00"
"""How a UserComment says that it is UTF-16 (Exif 2.32, 4.6.5)."""
_SEGMENT = 65_533
"""The most bytes a JPEG segment can hold."""

_SHOWN = {
    PNG: {
        "tRNS",
        "cHRM",
        "gAMA",
        "iCCP",
        "sBIT",
        "sRGB",
        "cICP",
        "mDCV",
        "cLLI",
        "bKGD",
        "pHYs",
        "acTL",
        "fcTL",
        "fdAT",
    },
    WEBP: {"VP8X", "VP8 ", "VP8L", "ALPH", "ANIM", "ANMF", "ICCP"},
}
"""Chunks that decide how a picture looks; those of a PNG with a capital letter do so too."""
_ALPHA, _HAS_EXIF, _HAS_XMP = 0x10, 0x08, 0x04
"""Flags of a WebP's VP8X chunk (RFC 9649, 2.7.1)."""


def carries_c2pa(data: bytes) -> bool:
    """Whether a picture carries content credentials, whose signature any change of the file breaks.

    They lie in a PNG's `caBX` chunk, a JPEG's APP11 segments, a WebP's `C2PA` chunk or a GIF's application block (C2PA
    specification 2.2, A.3). Whatever box an APP11 holds counts. Any bytes will do.
    """
    mime = mime_of(data)
    if mime == GIF:
        return b"!\xff\x0bC2PA_GIF" in data
    kind = {PNG: "caBX", JPEG: "APP11", WEBP: "C2PA"}.get(mime or "")
    return any(part.kind == kind and (mime != JPEG or part.body.startswith(b"JP")) for part in split(data))


def with_texts(data: bytes, parameters: str, own: str) -> bytes | None:
    """Write two texts into a PNG, JPEG or WebP; everything else that it says stays, the same texts of before excepted.

    Args:
        data: a whole picture.
        parameters: generation parameters, one text of several lines.
        own: JSON in ASCII; the text chunk `overpaint` of a PNG, the EXIF MakerNote of a JPEG or WebP.

    Returns:
        The picture, or None where the texts do not fit a JPEG, whose EXIF holds at most 64 KB.
    """
    mime, parts = mime_of(data), split(data)
    if mime == PNG:
        return _joined(_png_with(parts, {"parameters": parameters, "overpaint": own}))
    exif = _exif(_exif_of(parts), parameters, own)
    if mime == WEBP:
        return _webp(_extended(parts, data), exif)
    return None if len(exif) > _SEGMENT else _joined(_jpeg_with(parts, exif))


def without_metadata(data: bytes) -> bytes:
    """Take out of a PNG, JPEG or WebP all that is not needed to show it; its orientation and colour profile stay."""
    mime, parts = mime_of(data), split(data)
    exif = _upright(_exif_of(parts))
    if mime == PNG:
        kept = [p for p in parts if p.kind in _SHOWN[PNG] or p.kind[:1].isupper()]
        chunks = [png_chunk("eXIf", exif.removeprefix(_EXIF))] if exif else []
        return _joined([parts[0], *kept[:1], *chunks, *kept[1:]])
    if mime == WEBP:
        return _webp([p for p in parts if p is parts[0] or p.kind in _SHOWN[WEBP]], exif)
    kept = [_bare(p) for p in parts if _shows(p)]
    return _joined(_jpeg_with(kept, exif) if exif else kept)


def _joined(parts: Iterable[Part]) -> bytes:
    return b"".join(part.raw for part in parts)


def _png_with(parts: list[Part], texts: dict[str, str]) -> list[Part]:
    kept = [
        p
        for p in parts
        if p.kind not in ("tEXt", "zTXt", "iTXt") or p.body.split(b"\0")[0].decode("latin-1") not in texts
    ]
    return [*kept[:2], *(_text_chunk(key, text) for key, text in texts.items()), *kept[2:]]


def _text_chunk(keyword: str, text: str) -> Part:
    try:
        return png_chunk("tEXt", keyword.encode() + b"\0" + text.encode("latin-1"))
    except UnicodeEncodeError:
        return png_chunk("iTXt", keyword.encode() + b"\0\0\0\0\0" + text.encode())


def _exif_of(parts: list[Part]) -> bytes | None:
    """The EXIF block of a picture, as a TIFF file after its name."""
    for part in parts:
        if part.kind == "APP1" and part.body.startswith(_EXIF):
            return part.body
        if part.kind in ("eXIf", "EXIF"):
            return _EXIF + part.body.removeprefix(_EXIF)
    return None


def _exif(old: bytes | None, parameters: str, own: str) -> bytes:
    """The same EXIF block with the texts; a new one where it cannot be read."""
    comment = _UNICODE + parameters.encode("utf-16-be")
    try:
        return _with_notes(_read(old), comment, own)
    except Exception:  # noqa: BLE001  EXIF of any origin fails in a dozen ways, and is worth less than the picture
        return _with_notes(Image.Exif(), comment, own)


def _with_notes(exif: Image.Exif, comment: bytes, own: str) -> bytes:
    # Big-endian, since UTF-16 is read in the byte order of the block by some and as big-endian by others.
    exif.endian = ">"
    added = {_USER_COMMENT: comment, _MAKER_NOTE: own.encode("ascii")}
    exif[_EXIF_IFD] = {**exif.get_ifd(_EXIF_IFD), **added}
    with warnings.catch_warnings(action="ignore"):
        block = exif.tobytes()
    # Pillow gives tags that it does not know the type BYTE; piexif, and so the web UI, reads only UNDEFINED as text.
    for tag, value in added.items():
        block = block.replace(_entry(tag, 1, value), _entry(tag, 7, value), 1)
    return block


def _entry(tag: int, type_: int, value: bytes) -> bytes:
    """The entry of a tag in an EXIF directory, up to its value."""
    return struct.pack(">HHI", tag, type_, len(value))


def _upright(old: bytes | None) -> bytes | None:
    """An EXIF block that says how a picture is to be turned and no more; None when it is upright."""
    try:
        turn = _read(old).get(_ORIENTATION, 1)
    except Exception:  # noqa: BLE001  as above; viewers that cannot read it do not turn the picture either
        return None
    if turn not in range(2, 9):
        return None
    exif = Image.Exif()
    exif[_ORIENTATION] = turn
    return exif.tobytes()


def _read(old: bytes | None) -> Image.Exif:
    exif = Image.Exif()
    with warnings.catch_warnings(action="ignore"):
        exif.load(old or b"")
    return exif


def _jpeg_with(parts: list[Part], exif: bytes) -> list[Part]:
    kept = [p for p in parts if not (p.kind == "APP1" and p.body.startswith(_EXIF))]
    place = 2 if len(kept) > 1 and kept[1].kind == "APP0" else 1
    return [*kept[:place], jpeg_segment(1, exif), *kept[place:]]


def _shows(segment: Part) -> bool:
    """Whether a JPEG segment is needed: JFIF says how to read the colours unless Adobe does, APP2 may be a profile."""
    if segment.kind == "APP0":
        return segment.body.startswith(b"JFIF\0")
    if segment.kind == "APP2":
        return segment.body.startswith(b"ICC_PROFILE\0")
    return segment.kind == "APP14" or not (segment.kind == REST or segment.kind.startswith(("APP", "COM")))


def _bare(segment: Part) -> Part:
    """A JFIF segment without its thumbnail."""
    return jpeg_segment(0, segment.body[:12] + b"\0\0") if segment.kind == "APP0" else segment


def _extended(parts: list[Part], data: bytes) -> list[Part]:
    """The parts of a WebP that can take further chunks: one with a VP8X chunk."""
    if any(part.kind == "VP8X" for part in parts):
        return parts
    with Image.open(BytesIO(data)) as image:
        (width, height), flags = image.size, _ALPHA if image.mode == "RGBA" else 0
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return [parts[0], webp_chunk("VP8X", struct.pack("<I", flags) + sides), *parts[1:]]


def _webp(parts: list[Part], exif: bytes | None) -> bytes:
    """A WebP of these parts, with this EXIF block and no other; its header says which kinds of chunks it has."""
    chunks = [p for p in parts[1:] if p.kind not in ("EXIF", REST)]
    if exif:
        chunks.append(webp_chunk("EXIF", exif.removeprefix(_EXIF)))
    has_xmp = any(chunk.kind == "XMP " for chunk in chunks)
    flags = (_HAS_EXIF if exif else 0) | (_HAS_XMP if has_xmp else 0)
    body = b"WEBP" + _joined(_flagged(chunk, flags) for chunk in chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _flagged(chunk: Part, flags: int) -> Part:
    if chunk.kind != "VP8X":
        return chunk
    kept = chunk.body[0] & ~(_HAS_EXIF | _HAS_XMP)
    return webp_chunk("VP8X", bytes([kept | flags]) + chunk.body[1:])
