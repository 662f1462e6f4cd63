"""`transformers serve`, a chat server that nobody here wrote, with a model that the test made."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

STARTS_WITHIN = 60.0
"""Seconds: it imports torch first."""


@dataclass(frozen=True)
class ChatServer:
    """Where it is, and what its one model is called there."""

    base_url: str
    model: str


@contextmanager
def serving(model: Path, scratch: Path) -> Iterator[ChatServer]:
    """Serve the model in a folder.

    Args:
        model: as `save_pretrained` writes it.
        scratch: a folder for its log and its cache, without which it cannot list models.
    """
    (scratch / "hub").mkdir()
    port = _free_port()
    command = [sys.executable, "-m", "transformers.cli.transformers", "serve", str(model)]
    options = ["--host", "127.0.0.1", "--port", str(port), "--device", "cpu"]
    environment = {**os.environ, "HF_HUB_CACHE": str(scratch / "hub"), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    log = scratch / "serve.log"
    with (
        log.open("wb") as told,
        subprocess.Popen([*command, *options], env=environment, stdout=told, stderr=told) as server,
    ):
        try:
            _wait(port, server, log)
            yield ChatServer(f"http://127.0.0.1:{port}/v1", str(model))
        finally:
            server.terminate()
            try:
                server.wait(timeout=10)
            except subprocess.TimeoutExpired:
                server.kill()


def _wait(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + STARTS_WITHIN
    while not _healthy(port):
        assert server.poll() is None, log.read_text(errors="replace")[-2000:]
        assert time.monotonic() < until, log.read_text(errors="replace")[-2000:]
        time.sleep(0.2)


def _healthy(port: int) -> bool:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        line.request("GET", "/health")
        return line.getresponse().status == 200
    except OSError:
        return False
    finally:
        line.close()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
