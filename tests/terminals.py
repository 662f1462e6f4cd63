"""A real terminal for the command: a session of its own on a pseudo-terminal that can be typed on, read, and closed."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence

_CHILD = """
import fcntl, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
from overpaint.cli import main
sys.exit(main(sys.argv[1:]))
"""
_CONTROLS = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\r")


class Terminal:
    """`overpaint` with these arguments on a terminal of its own."""

    def __init__(self, argv: Sequence[str], env: Mapping[str, str]) -> None:
        self.master, slave = pty.openpty()
        self.seen = ""
        self._read_to = 0
        self.process = subprocess.Popen(
            [sys.executable, "-c", _CHILD, *argv],
            env={**env, "TERM": "xterm", "COLUMNS": "200", "LINES": "50"},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)

    def read_until(self, text: str, seconds: float = 60.0) -> str:
        """What the terminal showed since the last time, up to this text."""
        end = time.monotonic() + seconds
        while text not in self.seen[self._read_to :]:
            assert time.monotonic() < end, f"{text!r} never came after {self.seen[-2000:]!r}"
            if not self._read_more():
                break
        end_of_it = self.seen.find(text, self._read_to) + len(text)
        assert end_of_it >= len(text), f"{text!r} is not in {self.seen[-2000:]!r}"
        shown, self._read_to = self.seen[self._read_to : end_of_it], end_of_it
        return shown

    def type(self, line: str) -> None:
        """Type a line."""
        os.write(self.master, line.encode() + b"\n")

    def press(self, key: bytes) -> None:
        """Press a key, such as Ctrl-C (b"\\x03") or Ctrl-D (b"\\x04")."""
        os.write(self.master, key)

    def wait(self, seconds: float = 60.0) -> int:
        """Read to the end; the exit code."""
        end = time.monotonic() + seconds
        while self._read_more():
            assert time.monotonic() < end
        return self.process.wait(timeout=seconds)

    def close(self) -> None:
        """Close the window: the kernel hangs up, and every later write fails."""
        if self.master >= 0:
            os.close(self.master)
            self.master = -1

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
        try:
            self.process.wait(timeout=30)
        finally:
            self.process.kill()

    def _read_more(self) -> bool:
        if not select.select([self.master], [], [], 0.2)[0]:
            return True
        try:
            data = os.read(self.master, 65536)
        except OSError:  # what Linux says once nobody has the other end open
            return False
        self.seen += _CONTROLS.sub("", data.decode(errors="replace"))
        return bool(data)
