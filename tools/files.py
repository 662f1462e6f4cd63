"""Content-addressed files: written whole or not at all, and checked against their name when read."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from pathlib import Path

from overpaint.tools.faults import BadInput
from overpaint.tools.home import disk_faults

WRITING, ASIDE = ".writing-", ".removing-"
"""How the names of temporary files begin."""

_RESTORE = "restore it from a backup (overpaint verify names all that is damaged or missing)"
_SHA256 = re.compile(r"[0-9a-f]{64}")


def checked_sha256(text: str) -> str:
    """Return the text when it is a sha256 in lower-case hex; such a name cannot climb out of a folder.

    Raises:
        BadInput: it is anything else.
    """
    if isinstance(text, str) and _SHA256.fullmatch(text):
        return text
    raise BadInput(f"{str(text)[:80]!r} is not a sha256 (64 digits 0-9 a-f): give the one a tool or record named.")


def write_once(path: Path, data: bytes) -> None:
    """Put `data`, whose sha256 is the stem of `path`, on disk: when this returns, it survives a loss of power.

    The bytes go to a temporary file of the same folder that is then renamed, so no reader ever meets half a file. A
    file that is there and whole only gets the time of now; one that was damaged is replaced.

    Raises:
        BadInput: the disk refused.
    """
    with disk_faults(path):
        if _is_there(path):
            return
        if not path.parent.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _flush_folder(path.parent.parent)
        _replace(path, data)
        _flush_folder(path.parent)


def read_checked(path: Path) -> bytes:
    """Read a file named by the sha256 of its bytes.

    Raises:
        BadInput: the file is missing, unreadable, or not what its name says.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise BadInput(f"there is no {path}: check OVERPAINT_HOME, or {_RESTORE}.") from None
    except OSError as error:
        raise BadInput(f"cannot read {path} ({error.strerror}): check the file and its folder.") from error
    if not _is_whole(path, data):
        raise BadInput(f"{path} is damaged, its content does not match its name: {_RESTORE}.")
    return data


def refresh(path: Path) -> bool:
    """Give a file the time of now, as all must who mean to name one that is there already: `remove_if_old` spares it.

    Returns:
        False when it is not there, or may not be touched.
    """
    try:
        os.utime(path)
        # A file moved aside between the look-up of its name and its new time is not kept by that time: look again.
        return path.exists()
    except OSError:
        return False


def remove_if_old(path: Path, before: float) -> bool:
    """Remove a file unless it was written or refreshed since.

    Args:
        path: the file.
        before: a time, in seconds since 1970.

    Returns:
        Whether it was removed.

    Raises:
        BadInput: the disk refused.
    """
    with disk_faults(path):
        if not _is_old(path, before):
            return False
        # Under another name nobody can refresh it between the last look at its time and its end.
        aside = path.with_name(f"{ASIDE}{path.name}")
        path.rename(aside)
        if not _is_old(aside, before):
            aside.rename(path)
            return False
        aside.unlink()
    return True


def is_leftover(path: Path) -> bool:
    """Whether a file is what a process left that died while it wrote or removed another."""
    return path.name.startswith((WRITING, ASIDE))


def _is_old(path: Path, before: float) -> bool:
    try:
        return path.stat().st_mtime < before
    except FileNotFoundError:
        return False


def _is_there(path: Path) -> bool:
    try:
        return _is_whole(path, path.read_bytes()) and refresh(path)
    except FileNotFoundError:
        return False


def _is_whole(path: Path, data: bytes) -> bool:
    return hashlib.sha256(data).hexdigest() == path.stem


def _replace(path: Path, data: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=WRITING)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _flush_folder(folder: Path) -> None:
    if os.name != "posix":  # Windows cannot open a folder to flush it
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
