"""Who holds a lease: a process, named so that another can tell whether it still lives."""

from __future__ import annotations

import os
import socket
import uuid
from functools import cache


def this_process() -> str:
    """Name this process as `host:pid:random`; the random part tells it from an earlier process of the same pid."""
    return f"{socket.gethostname()}:{os.getpid()}:{_token(os.getpid())}"


def is_living(owner: str) -> bool:
    """Whether the process named may still be at work; True where that cannot be told (another host, Windows)."""
    host, pid, token = owner.rsplit(":", 2)
    if host != socket.gethostname() or os.name != "posix":
        return True
    if int(pid) == os.getpid():
        return token == _token(int(pid))
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@cache
def _token(pid: int) -> str:
    # Keyed by pid, because a forked child inherits the cache but is another process.
    return uuid.uuid4().hex[:12]
