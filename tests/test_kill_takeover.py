"""Two processes at one run: one works, and the other says so or, when it was taken for dead, stops by itself."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from overpaint.graph.kept import Kept, kept_runs
from overpaint.result import Run
from overpaint.tools.home import use_home
from tests.accounts import account
from tests.image_servers import ImageServer
from tests.killing import HERE, KINDS, Cut, Struck, Trial, Worker, served

pytestmark = [HERE, pytest.mark.slow]

LEDGER = "overpaint.tools.ledger:Ledger"
LEASE = 1.0
"""Seconds for which the process that is stopped holds run and requests."""

STOPS: dict[str, Cut | Struck] = {
    "about to ask for a picture": Cut(f"{LEDGER}.claim", when="before", nth=2),
    "claimed, not asked": Cut(f"{LEDGER}.claim", nth=2),
    "waiting for a picture": Struck("accepted", nth=2),
    "picture stored": Cut(f"{LEDGER}.stored", nth=2),
    "candidate judged": Cut("overpaint.tools.records:RecordStore.write", nth=2),
    "next round decided": Cut("overpaint.graph.nodes.decide:plan", nth=2),
    "about to write a checkpoint": Cut("langgraph.pregel._loop:create_checkpoint", when="before", nth=9),
}


@pytest.fixture
def place(database_url_of: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home whose runs are kept in one of the databases."""
    monkeypatch.setenv("OVERPAINT_DATABASE", database_url_of)
    return tmp_path / "home"


def test_of_two_that_resume_a_run_one_works_and_the_other_says_so(place: Path) -> None:
    with served("keyed", delay=0.2) as server:
        trial = Trial(server, {**KINDS["keyed"], "max_images": 6}, place)
        trial.killed_at(Struck("accepted"))
        workers = [trial.start(), trial.start()]
        said = [worker.said() or {} for worker in workers]
        refused = next(i for i, each in enumerate(said) if "fault" in each)
        assert said[refused]["fault"] == "Held", said[refused]["trace"]
        assert f"process {workers[1 - refused].pid} on " in said[refused]["text"]
        assert said[1 - refused].get("status") in ("passed", "stopped"), said[1 - refused]
        assert account(place, server).receipt["unknown"] == 0


@pytest.mark.parametrize("stop", STOPS)
def test_who_wakes_up_after_another_took_over_stops(stop: str, tmp_path: Path) -> None:
    with served("keyed", delay=0.02) as server:
        _taken_over(server, "keyed", STOPS[stop], tmp_path / "home")
        assert account(tmp_path / "home", server).receipt["unknown"] == 0


@pytest.mark.parametrize("stop", ["claimed, not asked", "waiting for a picture"])
def test_what_was_open_when_another_took_over_is_unknown_and_stays_so(stop: str, tmp_path: Path) -> None:
    with served("plain", delay=0.02) as server:
        run = _taken_over(server, "plain", STOPS[stop], tmp_path / "home")
    assert run.receipt["unknown"] == 1


def test_the_same_on_postgresql(postgres_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERPAINT_DATABASE", postgres_database)
    with served("keyed", delay=0.02) as server:
        _taken_over(server, "keyed", STOPS["picture stored"], tmp_path / "home")
        assert account(tmp_path / "home", server).receipt["unknown"] == 0


def _taken_over(server: ImageServer, kind: str, stop: Cut | Struck, home: Path) -> Run:
    """The run of a process that is stopped at a point, outlives its lease, and wakes when another has ended the run."""
    trial = Trial(server, {**KINDS[kind], "max_images": 4}, home)
    asleep = _put_to_sleep(trial, stop)
    time.sleep(LEASE)
    trial.ends()
    run, kept, paid = account(home, server), _kept(home), len(server.paid)
    asleep.send(signal.SIGCONT)
    said = asleep.said() or {}
    assert said.get("fault") == "Held", said
    assert "took this run over" in said["text"]
    assert (_kept(home), len(server.paid)) == (kept, paid)
    return run


def _put_to_sleep(trial: Trial, stop: Cut | Struck) -> Worker:
    if isinstance(stop, Cut):
        worker = trial.start(replace(stop, number=signal.SIGSTOP), LEASE)
    else:
        worker = trial.start(lease=LEASE)
        trial.at(stop.moment, stop.nth, lambda: worker.send(signal.SIGSTOP))
    worker.stopped()
    # Stopped within a transaction it would keep everybody else waiting; SQLite has no way round that.
    while _is_locked(trial.home / "overpaint.db"):
        worker.send(signal.SIGCONT)
        time.sleep(0.005)
        worker.send(signal.SIGSTOP)
        worker.stopped()
    return worker


def _is_locked(file: Path) -> bool:
    if not file.exists():
        return False
    with closing(sqlite3.connect(file, timeout=0.5, isolation_level=None)) as database:
        try:
            database.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
        database.execute("ROLLBACK")
    return False


def _kept(home: Path) -> Kept:
    """The run's newest checkpoint, with all that is in it."""
    with use_home(home):
        return asyncio.run(kept_runs())[0]
