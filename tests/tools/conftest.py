"""Pictures drawn for tests, and a disk that is soon full."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

Draw = Callable[..., bytes]


@pytest.fixture(scope="session")
def draw() -> Draw:
    """Encode a picture of coloured discs, each (x, y, radius, colour), on a plain ground."""

    def drawn(
        *discs: tuple[int, int, int, Any],
        size: tuple[int, int] = (64, 64),
        mode: str = "RGB",
        ground: Any = (244, 243, 238),
        encoding: str = "PNG",
        **options: Any,
    ) -> bytes:
        image = Image.new(mode, size, ground)
        pen = ImageDraw.Draw(image)
        for x, y, radius, colour in discs:
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
        buffer = BytesIO()
        image.save(buffer, encoding, **options)
        return buffer.getvalue()

    return drawn


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 64 KiB; skips where one may not be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount, umount = shutil.which("mount"), shutil.which("umount")
    if mount is None or umount is None:
        pytest.skip("no mount command here")
    made = subprocess.run([mount, "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], capture_output=True)
    if made.returncode != 0:
        pytest.skip("not allowed to mount here")
    try:
        yield folder
    finally:
        subprocess.run([umount, str(folder)], check=True)
