"""A real `overpaint serve` on a free port of loopback, for tests that talk to it as its users do."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

STARTING_SECONDS = 90.0
_INHERITED = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV")


@dataclass
class Served:
    """A server at work.

    Args:
        url: its address.
        process: its process.
        log: what it prints.
    """

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def end(self, number: int = signal.SIGTERM, seconds: float = 60.0) -> None:
        """Send a signal and wait until the process is gone."""
        self.process.send_signal(number)
        self.process.wait(seconds)


@contextmanager
def live_server(home: Path, env: Mapping[str, str] | None = None, *options: str) -> Iterator[str]:
    """The address of a server that keeps everything in `home`; it is ended at the end of the block."""
    with live_process(home, env, *options) as served:
        yield served.url


@contextmanager
def live_process(home: Path, env: Mapping[str, str] | None = None, *options: str) -> Iterator[Served]:
    """The same with its process, for tests that end or kill it.

    Args:
        home: its home folder; a server that was ended may be followed by another with the same.
        env: environment variables; of this process' own only what a program needs is passed on.
        options: of `overpaint serve`.
    """
    port, log = free_port(), home.parent / f"{home.name}.log"
    environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    # A call that blocks the event loop is a fault of the run that makes it, as under `langgraph dev`.
    environment |= {
        "OVERPAINT_HOME": str(home),
        "LANGGRAPH_ALLOW_BLOCKING": "false",
        "OMP_NUM_THREADS": "1",
        "LANGGRAPH_STRICT_MSGPACK": "true",
    }
    command = [sys.executable, "-m", "overpaint", "serve", "--port", str(port), *options]
    with log.open("ab") as out:
        process = subprocess.Popen(
            command, cwd=home.parent, env=environment | dict(env or {}), stdout=out, stderr=subprocess.STDOUT
        )
    served = Served(f"http://127.0.0.1:{port}", process, log)
    try:
        _wait_until_up(served)
        yield served
    finally:
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_up(served: Served) -> None:
    deadline = time.monotonic() + STARTING_SECONDS
    while not _answers(served.url):
        if served.process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError(f"the server did not start:\n{served.log.read_text()}")
        time.sleep(0.1)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/ok", timeout=1).status_code == 200
    except httpx.TransportError:
        return False
