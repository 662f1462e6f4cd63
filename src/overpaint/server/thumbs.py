"""Small copies of pictures: still, free of metadata, of a few widths, made by two threads beside the event loop."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import cache, lru_cache
from io import BytesIO
from pathlib import Path

from PIL import Image

from overpaint.tools.decoding import decode
from overpaint.tools.files import read_checked

WIDTHS = (64, 160, 320, 640, 1024)
"""Pixels. A width that is asked for becomes the next of these, so that few copies of a picture are ever made."""

MIME = "image/webp"
KEPT = 512
"""Copies held in memory, which browsers ask for once: about 50 MB of the widest, 5 MB of what the page shows."""

_SMALL = 256 * 256


async def thumb(file: Path, width: int) -> bytes:
    """A copy of a stored picture as WebP, at most as wide as asked for and never wider than the picture.

    Args:
        file: of the picture, named by its sha256.
        width: in pixels, one of WIDTHS.

    Raises:
        BadInput: the file is gone or damaged.
    """
    return await asyncio.get_running_loop().run_in_executor(_threads(), _made, file, width)


def snapped(width: int) -> int:
    """The width of the copy for one that was asked for."""
    return next((known for known in WIDTHS if known >= width), WIDTHS[-1])


@cache
def _threads() -> ThreadPoolExecutor:
    """Few, because a picture of 64 million pixels takes 200 MB to decode."""
    return ThreadPoolExecutor(2, "thumbs")


@lru_cache(KEPT)
def _made(file: Path, width: int) -> bytes:
    image = decode(read_checked(file))
    image.thumbnail((width, 4 * width), Image.Resampling.LANCZOS)  # WebP takes 16,383 pixels a side at most
    buffer = BytesIO()
    # What is small is often drawn, and lossy WebP has half the resolution in colour.
    image.save(buffer, "WEBP", lossless=image.width * image.height <= _SMALL, quality=85)
    return buffer.getvalue()
