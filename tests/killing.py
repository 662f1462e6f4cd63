"""Runs in processes that are killed, and the account of what was paid for and what became of it.

with served("keyed") as server:
    trial = Trial(server, KINDS["keyed"], home)
    trial.killed_after(0.3)       # a process that is killed 0.3 s after it began
    trial.ends()                  # another, which ends the run
    account(home, server)
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import select
import signal
import subprocess
import sys
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from overpaint.result import Run
from tests.accounts import scene
from tests.image_servers import ImageServer, Moment, Reset, fal_queue, openai_images
from tests.servers import Request

BRIEF = "two red circles above a blue square, a small green star on the left and a yellow diamond in the bottom right"
SETTINGS = {"seed": 1, "max_images": 12, "stop_when_passed": False, "patience": None}

HERE = pytest.mark.skipif(sys.platform != "linux", reason="forks, and follows processes by /proc and pidfd")

KINDS: dict[str, dict[str, Any]] = {
    "keyed": {"painter": "openai:test", "idempotent": True},
    "plain": {"painter": "openai:test"},
    "fal": {"painter": "fal:owner/app"},
}
"""The painters, by what they can promise."""


def served(kind: str, **options: Any) -> AbstractContextManager[ImageServer]:
    """The server of a kind of painter, whose pictures can be judged."""
    if kind == "fal":
        return fal_queue(picture=scene, **options)
    return openai_images(picture=scene, idempotent=kind == "keyed", **options)


@dataclass(frozen=True)
class Cut:
    """A function at whose nth call the process sends itself a signal."""

    at: str
    when: str = "after"
    nth: int = 1
    number: int = signal.SIGKILL


@dataclass(frozen=True)
class Struck:
    """A moment of the server at whose nth coming the process is killed."""

    moment: Moment
    nth: int = 1


class Driver:
    """The warm process of `tests/driver.py`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        assert self._told() == {"threads": 1}, "who forks must have one thread alone"

    def order(self, order: dict[str, Any]) -> int:
        """Have a fresh process do something; its id."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return self._told()["pid"]

    def _told(self) -> dict[str, int]:
        assert self._process.stdout is not None
        told: dict[str, int] = json.loads(self._process.stdout.readline())
        return told


@functools.cache
def warm_driver() -> Driver:
    """The one of this test session, which ends with it."""
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "OPENAI_API_KEY": "any"}
    command = [sys.executable, str(Path(__file__).with_name("driver.py"))]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, start_new_session=True
    )
    atexit.register(_end, process)
    return Driver(process)


def _end(process: subprocess.Popen[str]) -> None:
    with process:
        os.killpg(process.pid, signal.SIGKILL)  # those it forked as well, asleep or not


class Worker:
    """One process at work on a run."""

    def __init__(self, pid: int, said: Path) -> None:
        self.pid, self._said = pid, said

    def ended(self, seconds: float) -> bool:
        """Wait until it is gone, for so long at most."""
        try:
            handle = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return True
        try:
            return bool(select.select([handle], [], [], seconds)[0])
        finally:
            os.close(handle)

    def send(self, number: int) -> None:
        """Send it a signal, if it is still there."""
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:
            return

    def stopped(self) -> None:
        """Wait until it is stopped by a signal."""
        deadline = time.monotonic() + 30
        while Path(f"/proc/{self.pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] != "T":
            assert time.monotonic() < deadline, "it goes on"
            time.sleep(0.01)

    def kill(self) -> None:
        """Kill it, and return when it is dead."""
        self.send(signal.SIGKILL)
        assert self.ended(10)

    def said(self) -> dict[str, Any] | None:
        """What came of its work; None when it did not live to tell."""
        assert self.ended(60), "it hangs"
        return json.loads(self._said.read_text("utf-8")) if self._said.exists() else None


@dataclass
class Trial:
    """One run, driven by any number of processes one after the other.

    Args:
        server: what it paints with.
        settings: of the run.
        home: its home; the database is that of OVERPAINT_DATABASE, if it is set.
    """

    server: ImageServer
    settings: dict[str, Any]
    home: Path
    kills: int = 0
    processes: int = 0

    def start(self, cut: Cut | None = None, lease: float = 0.0) -> Worker:
        """A fresh process that takes the run up.

        Args:
            cut: where it sends itself a signal.
            lease: seconds of its leases of run and requests, those of the product when 0.
        """
        self.processes += 1
        said = self.home.with_name(f"{self.home.name}-{self.processes}.json")
        database = os.environ.get("OVERPAINT_DATABASE", "")
        urls = {"OPENAI_BASE_URL": self.server.url, "FAL_BASE_URL": self.server.url, "FAL_KEY": "any"}
        order = {
            "environment": {"OVERPAINT_HOME": str(self.home), "OVERPAINT_DATABASE": database, **urls},
            "brief": BRIEF,
            "settings": {**SETTINGS, **self.settings},
            "said": str(said),
            "lease": lease,
            "cut": None if cut is None else vars(cut),
        }
        return Worker(warm_driver().order(order), said)

    def killed_after(self, seconds: float) -> bool:
        """Drive the run and kill the process after a time; False when it had ended the run by then."""
        worker = self.start()
        if not worker.ended(seconds):
            worker.kill()
        return self._is_killed(worker)

    def killed_at(self, point: Cut | Struck) -> None:
        """Drive the run to a point, and be killed there."""
        if isinstance(point, Cut):
            worker = self.start(point)
        else:
            # The first request comes long after the hook below is in place.
            worker = self.start()
            self.at(point.moment, point.nth, worker.kill, cut=True)
        assert self._is_killed(worker), f"{point} was never reached"
        self.server.hooks.clear()

    def at(self, moment: Moment, nth: int, action: Any, *, cut: bool = False) -> None:
        """Call something at the nth coming of a moment of the server, and cut the line then if wanted."""
        left = nth

        def strike(request: Request) -> None:
            nonlocal left
            with self.server.lock:
                left -= 1
                now = left == 0
            if now:
                action()
                if cut:
                    raise Reset

        self.server.hooks[moment] = strike

    def ends(self) -> dict[str, Any]:
        """Drive the run to its end."""
        said = self.start().said()
        assert said is not None, "the process died by itself"
        assert "fault" not in said, said["trace"]
        return said

    def _is_killed(self, worker: Worker) -> bool:
        said = worker.said()
        assert said is None or "fault" not in said, said["trace"]
        self.kills += said is None
        return said is None


def told(what: str, began: float, trials: list[Trial], *runs: Run) -> None:
    """One line of what was done, for `pytest -s`."""
    kills, processes = sum(trial.kills for trial in trials), sum(trial.processes for trial in trials)
    unknown = sum(run.receipt["unknown"] for run in runs)
    paid = sum(len(trial.server.paid) for trial in trials) - sum(run.receipt["images"] for run in runs) + unknown
    made = f"{len(trials)} runs, {kills} kills, {processes} processes, {unknown} unknown ({paid} of them paid)"
    line = f"{what}: {made}, {time.monotonic() - began:.1f} s"
    sys.stdout.write(f"\n{line}\n")
