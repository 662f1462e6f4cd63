"""Where overpaint keeps its pictures, records and database: the home folder, and what to say when a disk refuses."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from overpaint.tools.faults import BadInput

_chosen: ContextVar[Path | None] = ContextVar("overpaint_home", default=None)

_found: dict[Path, Path] = {}
"""Homes by the absolute paths that name them; grows by one for each home a process uses."""

_ELSEWHERE = "or set OVERPAINT_HOME to a folder elsewhere"
_REMEDIES = {
    errno.ENOSPC: f"the disk is full: free some space, {_ELSEWHERE}",
    errno.EDQUOT: f"your disk quota is used up: free some space, {_ELSEWHERE}",
    errno.EFBIG: f"the file would be larger than this process may write: raise `ulimit -f`, {_ELSEWHERE}",
    errno.EACCES: f"permission denied: give yourself the right to it, {_ELSEWHERE}",
    errno.EPERM: f"permission denied: give yourself the right to it, {_ELSEWHERE}",
    errno.EROFS: f"the disk is read-only: mount it writable, {_ELSEWHERE}",
    errno.EEXIST: f"it is not a folder: move that file away, {_ELSEWHERE}",
    errno.ENOTDIR: f"part of the path is not a folder: correct it, {_ELSEWHERE}",
    errno.ENOENT: f"it is not there and cannot be made: correct the path, {_ELSEWHERE}",
    errno.EMFILE: "too many files are open: raise `ulimit -n`, or run fewer at once",
}


def disk_fault(error: OSError, path: Path) -> BadInput:
    """Say in one line which path the disk refused, why, and what to do next."""
    remedy = _REMEDIES.get(error.errno or 0, f"{error.strerror or error}: check the folder, {_ELSEWHERE}")
    return BadInput(f"cannot use {path}: {remedy}.")


@contextmanager
def disk_faults(path: Path) -> Iterator[None]:
    """Turn every OSError of the block into a BadInput that names `path`.

    Raises:
        BadInput: the disk refused what the block did.
    """
    try:
        yield
    except OSError as error:
        raise disk_fault(error, path) from error


@contextmanager
def use_home(path: str | Path | None) -> Iterator[None]:
    """Make `path` the home of all that is called in the block, tasks and `to_thread` included; None changes nothing."""
    token = _chosen.set(_chosen.get() if path is None else Path(path))
    try:
        yield
    finally:
        _chosen.reset(token)


def known_home() -> Path | None:
    """The home folder where it was found before in this process and is named by an absolute path; asks no file system.

    Nodes of a graph look for it at every step, and a thread each time would cost more than the step.
    """
    return _found.get(_chosen.get() or Path(os.environ.get("OVERPAINT_HOME", "") or ".overpaint"))


def current_home() -> Path:
    """Find the home folder, absolute: that of `use_home`, else OVERPAINT_HOME, else `.overpaint` in the current folder.

    Creates nothing. Asks the file system about links, so on an event loop call it through `asyncio.to_thread`.

    Raises:
        BadInput: the path cannot be one (`~nobody`, a loop of links, a null byte).
    """
    path = _chosen.get() or Path(os.environ.get("OVERPAINT_HOME", "") or ".overpaint")
    try:
        found = path.expanduser().resolve()
        if path.is_absolute():
            _found[path] = found
        return found
    except (OSError, RuntimeError, ValueError) as error:
        raise BadInput(f"the home folder {str(path)!r} is no path ({error}): set OVERPAINT_HOME anew.") from error


def open_home() -> Path:
    """Make the home folder if it is missing (readable by its owner alone), and prove that it can be written.

    Raises:
        BadInput: it cannot be made or written: not a folder, no permission, a full or read-only disk.
    """
    home = current_home()
    with disk_faults(home):
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=home) as probe:
            probe.write(bytes(4096))
            probe.flush()
    return home
