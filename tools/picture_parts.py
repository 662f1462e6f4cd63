"""An encoded picture taken apart and put together again, without decoding a pixel.

Sources: PNG 3rd edition, 5; JPEG, ITU-T T.81 annex B; WebP container specification (RFC 9649, 2).
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

PNG, JPEG, WEBP, GIF = "image/png", "image/jpeg", "image/webp", "image/gif"

REST = ""
"""The kind of what belongs to no part: the signature of a file, what is broken, what comes after its end."""

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_AFTER_SCAN = re.compile(rb"\xff+[^\x00\xd0-\xd7\xff]")
"""A marker that ends the data of a scan: any but stuffed bytes and restarts (T.81, B.1.1.5)."""
_BARE = frozenset({0x01, *range(0xD0, 0xDA)})
"""Markers without a length: TEM, restarts, start and end of the image."""
_NAMES = {0xD8: "SOI", 0xD9: "EOI", 0xDA: "SOS", 0xFE: "COM"} | {0xE0 + n: f"APP{n}" for n in range(16)}


@dataclass(frozen=True)
class Part:
    """A chunk of a PNG or WebP, or a segment of a JPEG with the scan that follows it.

    `kind` is its name (IDAT, EXIF, APP1, SOS), `body` what it holds, `raw` all its bytes in the file.
    """

    kind: str
    body: bytes
    raw: bytes


def mime_of(data: bytes) -> str | None:
    """Which of the formats that are stored the bytes begin like; None for any other."""
    if data.startswith(_SIGNATURE):
        return PNG
    if data.startswith(b"\xff\xd8\xff"):
        return JPEG
    if data.startswith((b"GIF87a", b"GIF89a")):
        return GIF
    return WEBP if data.startswith(b"RIFF") and data[8:12] == b"WEBP" else None


def split(data: bytes) -> list[Part]:
    """Take a PNG, JPEG or WebP apart; the raw bytes of all parts, one after the other, are the file.

    Any bytes will do: from the first thing that is broken on, all is one part of kind `REST`.
    """
    walk = {PNG: _chunks, JPEG: _segments, WEBP: _riff}.get(mime_of(data) or "")
    return list(walk(data)) if walk else [Part(REST, b"", data)]


def png_chunk(kind: str, body: bytes) -> Part:
    """A new chunk for a PNG."""
    named = kind.encode() + body
    return Part(kind, body, struct.pack(">I", len(body)) + named + struct.pack(">I", zlib.crc32(named)))


def jpeg_segment(number: int, body: bytes) -> Part:
    """A new application segment for a JPEG, of at most 65,533 bytes."""
    return Part(f"APP{number}", body, struct.pack(">BBH", 0xFF, 0xE0 + number, len(body) + 2) + body)


def webp_chunk(kind: str, body: bytes) -> Part:
    """A new chunk for a WebP."""
    return Part(kind, body, kind.encode() + struct.pack("<I", len(body)) + body + bytes(len(body) % 2))


def _chunks(data: bytes) -> Iterator[Part]:
    yield Part(REST, b"", _SIGNATURE)
    at, kind = len(_SIGNATURE), ""
    while kind != "IEND" and at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        end = at + 12 + length
        name = data[at + 4 : at + 8]
        if end > len(data) or not name.isalpha():
            break
        kind = name.decode("ascii")
        yield Part(kind, data[at + 8 : end - 4], data[at:end])
        at = end
    yield from _rest(data, at)


def _riff(data: bytes) -> Iterator[Part]:
    yield Part(REST, b"", data[:12])
    at, limit = 12, min(len(data), 8 + int.from_bytes(data[4:8], "little"))
    while at + 8 <= limit:
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        end = at + 8 + length + length % 2
        if end > limit:
            break
        yield Part(data[at : at + 4].decode("latin-1"), data[at + 8 : at + 8 + length], data[at:end])
        at = end
    yield from _rest(data, at)


def _segments(data: bytes) -> Iterator[Part]:
    at, kind = 0, ""
    while kind != "EOI" and (start := _marker(data, at)) is not None:
        marker = data[start]
        kind = _NAMES.get(marker, f"{marker:02X}")
        body, end = start + 1, start + 1
        if marker not in _BARE:
            length = int.from_bytes(data[body : body + 2], "big")
            body, end = body + 2, body + length
            if length < 2 or end > len(data):
                break
        stop = _scanned(data, end) if kind == "SOS" else end
        yield Part(kind, data[body:end], data[at:stop])
        at = stop
    yield from _rest(data, at)


def _marker(data: bytes, at: int) -> int | None:
    """Where the code of the marker at a place is; any number of fill bytes may come before it."""
    code = at
    while data[code : code + 1] == b"\xff":
        code += 1
    return code if at < code < len(data) and data[code] else None


def _scanned(data: bytes, start: int) -> int:
    found = _AFTER_SCAN.search(data, start)
    return found.start() if found else len(data)


def _rest(data: bytes, at: int) -> Iterator[Part]:
    if at < len(data):
        yield Part(REST, b"", data[at:])
