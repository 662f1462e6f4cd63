"""Who holds a lease: a process, named so that another can tell whether it still lives."""

from __future__ import annotations

import hashlib
import os
import socket
import uuid
from contextlib import suppress
from functools import cache
from pathlib import Path


def this_process() -> str:
    """Name this process as `host:pid:place-random`.

    The place tells machines and containers of one name apart, the random part an earlier process of the same pid.
    """
    return f"{socket.gethostname()}:{os.getpid()}:{_place(os.getpid())}-{_random(os.getpid())}"


def host_and_pid(owner: str) -> tuple[str, int]:
    """The host and the process id of a name from `this_process`, for people to read."""
    host, pid, _ = owner.rsplit(":", 2)
    return host, int(pid)


def is_living(owner: str) -> bool:
    """Whether the process named may still be at work; True where that cannot be told (another host, Windows)."""
    host, pid = host_and_pid(owner)
    place, _, random = owner.rpartition(":")[2].partition("-")
    if (host, place) != (socket.gethostname(), _place(os.getpid())) or os.name != "posix":
        return True
    if pid == os.getpid():
        return random == _random(pid)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


# Keyed by pid, because a forked child inherits the caches but is another process.
@cache
def _random(pid: int) -> str:
    return uuid.uuid4().hex[:12]


@cache
def _place(pid: int) -> str:
    """Within which process ids mean the same: this boot of this machine, and its namespace of process ids."""
    told = []
    with suppress(OSError):
        told = [Path("/proc/sys/kernel/random/boot_id").read_text("utf-8"), str(Path("/proc/self/ns/pid").readlink())]
    return hashlib.sha256("".join(told).encode()).hexdigest()[:8]
