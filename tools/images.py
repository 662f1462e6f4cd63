"""Where pictures live: content-addressed files, written atomically, named in state by an ImageRef."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

from typing_extensions import TypedDict

from overpaint.tools.decoding import examine
from overpaint.tools.faults import BadInput
from overpaint.tools.files import checked_sha256, read_checked, write_once
from overpaint.tools.home import disk_faults

ROOM = 64_000_000
"""Bytes that must be free on the disk before a picture is paid for."""

SUFFIXES = {"image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp", "image/gif": ".gif"}


class ImageRef(TypedDict):
    """A picture by its content: sha256 of the stored bytes (hex), mime type, size in pixels."""

    sha256: str
    mime: str
    width: int
    height: int


class ImageStore:
    """Pictures in a folder, each at `<first two letters of its sha256>/<sha256>.<png, jpg, webp or gif>`.

    A picture is never changed, so any number of processes may share the folder.

    Args:
        root: the folder; made when the first picture is saved.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, ref: ImageRef) -> Path:
        """Name the file of a picture, whether it is there or not.

        Raises:
            BadInput: `ref` does not name a picture (a sha256 that is none, a mime type that is not stored).
        """
        suffix = SUFFIXES.get(ref["mime"])
        if suffix is None:
            raise BadInput(f"pictures of type {ref['mime']!r} are not stored: give a PNG, JPEG, WebP or GIF.")
        return self._file(checked_sha256(ref["sha256"]), suffix)

    async def save(self, data: bytes) -> ImageRef:
        """Examine a picture and keep it; when this returns, the bytes are on disk. Saving it again changes nothing.

        Raises:
            BadPicture: the bytes are no usable picture.
            BadInput: the disk refused them.
        """
        return await asyncio.to_thread(self._save, data)

    async def name(self, data: bytes) -> ImageRef:
        """Examine a picture and name it, without keeping it.

        Raises:
            BadPicture: the bytes are no usable picture.
        """
        return await asyncio.to_thread(examine, data)

    async def keep(self, ref: ImageRef, data: bytes) -> None:
        """Keep a picture that `name` has named; when this returns, the bytes are on disk.

        Raises:
            BadInput: the disk refused them.
        """
        await asyncio.to_thread(write_once, self.path(ref), data)

    async def need_room(self) -> None:
        """See that there is room on the disk for a picture.

        Raises:
            BadInput: there is less than `ROOM`, or the disk cannot be asked.
        """
        await asyncio.to_thread(self._need_room)

    async def holds(self, ref: ImageRef) -> bool:
        """Whether the picture is there, and whole."""
        try:
            await self.load(ref["sha256"])
        except BadInput:
            return False
        return True

    async def load(self, sha256: str) -> bytes:
        """Read a stored picture, and check it against its name.

        Raises:
            BadInput: no such picture, its file was changed, or the name is no sha256.
        """
        return await asyncio.to_thread(self._load, sha256)

    def _need_room(self) -> None:
        with disk_faults(self.root):
            there = next(folder for folder in (self.root, *self.root.absolute().parents) if folder.exists())
            disk = shutil.disk_usage(there)
        # Some network disks do not tell their size.
        if disk.total and disk.free < ROOM:
            raise BadInput(
                f"the disk of {self.root} has {disk.free / 1e6:.1f} MB left and a picture may need {ROOM / 1e6:.0f}, so"
                " none was asked for: free some space, or set OVERPAINT_HOME to a folder elsewhere."
            )

    def _save(self, data: bytes) -> ImageRef:
        ref = examine(data)
        write_once(self.path(ref), data)
        return ref

    def _load(self, sha256: str) -> bytes:
        checked_sha256(sha256)
        files = [self._file(sha256, suffix) for suffix in SUFFIXES.values()]
        with disk_faults(self.root):
            found = next((file for file in files if file.exists()), None)
        if found is None:
            raise BadInput(
                f"no picture {sha256} in {self.root}: check OVERPAINT_HOME, or restore its file from a backup"
                " (overpaint verify names all that is missing)."
            )
        return read_checked(found)

    def _file(self, sha256: str, suffix: str) -> Path:
        return self.root / sha256[:2] / f"{sha256}{suffix}"
