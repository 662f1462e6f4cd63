"""Files of JSON lines: appended whole or not at all, by one process at a time."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

from overpaint.tools.faults import BadInput
from overpaint.tools.home import disk_faults

BLOCK = 65_536
"""Bytes read at once when the last line's end is looked for."""


def append_lines(path: Path, rows: Iterable[Any]) -> None:
    """Write rows at the end of a file, several processes in turn; when this returns, they are on disk.

    Raises:
        BadInput: the disk refused.
    """
    with disk_faults(path):
        path.parent.mkdir(exist_ok=True)
        with path.open("a+b") as file:
            _lock(file)
            # What a process wrote that died half-way must not run into the next line.
            file.truncate(_end_of_lines(file))
            file.write("".join(f"{json.dumps(row)}\n" for row in rows).encode())
            file.flush()
            os.fsync(file.fileno())


def _lock(file: IO[bytes]) -> None:
    """Wait until no other process writes to a file; closing it lets others in."""
    try:
        import fcntl
    except ImportError:  # Windows
        return
    fcntl.flock(file, fcntl.LOCK_EX)


def _end_of_lines(file: IO[bytes]) -> int:
    """Bytes up to the end of the last whole line, which is looked for from the end."""
    end = file.seek(0, os.SEEK_END)
    while end:
        start = max(0, end - BLOCK)
        file.seek(start)
        if (newline := file.read(end - start).rfind(b"\n")) >= 0:
            return start + newline + 1
        end = start
    return 0


def read_lines(path: Path) -> list[Any]:
    """The rows of a file, none where it is not there; what follows the last line's end was cut off.

    Raises:
        BadInput: it cannot be read, or a line is no JSON.
    """
    with disk_faults(path):
        lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    return [_read_line(line, path, number) for number, line in enumerate(lines, 1)]


def _read_line(line: bytes, path: Path, number: int) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        raise damaged(path, number) from None


def damaged(path: Path, number: int) -> BadInput:
    """What to say of a line that cannot be used, counted from 1."""
    return BadInput(f"line {number} of {path} is damaged: restore the file from a backup")
