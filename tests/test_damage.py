"""Damage and disks that refuse: each command says in one line which file it is and what to do, and harms nothing else."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from overpaint.cli import main
from overpaint.graph.persistence import open_checkpointer
from overpaint.graph.state import WINDOW
from overpaint.marking import image_file, record_file
from tests.face.homes import Written

READERS = (
    ["runs"], ["show"], ["show", "--calls", "2"], ["history"], ["watch"], ["prune", "--keep-days", "0"],
)  # fmt: skip
DRIVERS = (["resume"], ["fork", "run", "--from", "0.0"], ["refine", "a red circle"])
pytestmark = pytest.mark.slow

BRIEF = "two red circles above a blue square"


def one_run(home: Path, rounds: int = 2) -> Written:
    async def write() -> Written:
        async with open_checkpointer() as saver:
            made = Written(saver, home, "run")
            await made.start()
            for number in range(rounds):
                await made.paint(f"{number}.0", f"{number - 1}.0" if number else None, number + 1)
            return made

    return asyncio.run(write())


def contents(home: Path) -> dict[str, str]:
    """Every file but those SQLite keeps beside its own."""
    return {
        str(path.relative_to(home)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in home.rglob("*")
        if path.is_file() and not path.name.endswith(("-wal", "-shm"))
    }


def refused(capsys: pytest.CaptureFixture[str], *command: str) -> str:
    """The one line that a command is refused with."""
    code = main(command)
    out, err = capsys.readouterr()
    assert code == 2, (out, err)
    assert "Traceback" not in err
    lines = [line for line in err.splitlines() if line.startswith("overpaint: ")]
    assert len(lines) == len(err.splitlines()) == 1
    return lines[0]


@pytest.mark.parametrize("command", [*READERS, *DRIVERS], ids=" ".join)
@pytest.mark.parametrize("harm", ["none of SQLite's", "garbage inside"])
def test_a_corrupt_database(harm: str, command: list[str], home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one_run(home)
    file = home / "overpaint.db"
    data = file.read_bytes()
    file.write_bytes(b"x" * 5000 if harm == "none of SQLite's" else data[:4096] + b"\xff" * (len(data) - 4096))
    before = contents(home)
    said = refused(capsys, *command)
    assert str(file) in said
    assert "Restore a copy of it, or move it away" in said
    assert contents(home) == before


def test_a_corrupt_database_is_restored_or_moved_away(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one_run(home)
    file, data = home / "overpaint.db", (home / "overpaint.db").read_bytes()
    file.write_bytes(b"x" * 5000)
    assert main(["verify"]) == 1
    said = capsys.readouterr().out
    assert "estore a copy of it, or move it away (with its -wal and -shm) to begin a new one" in said
    file.write_bytes(data)
    for suffix in ("-wal", "-shm"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)
    assert main(["verify"]) == main(["show"]) == 0
    for old in home.glob("overpaint.db*"):
        old.rename(home.parent / old.name)
    assert main(["verify"]) == main(["runs"]) == 0
    assert main(["refine", "a red circle", "--set", "max_images=1", "--quiet"]) in (0, 1)


@pytest.mark.parametrize("command", [["resume"], ["history"]], ids=" ".join)
@pytest.mark.parametrize("harm", ["missing", "damaged"])
def test_a_record(harm: str, command: list[str], home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = record_file(home / "records", one_run(home).records["0.0"])
    file.unlink() if harm == "missing" else file.write_bytes(b"{}")
    before = contents(home)
    said = refused(capsys, *command)
    assert str(file) in said
    assert "restore it from a backup (overpaint verify" in said
    before.pop("overpaint.db")  # `resume` had taken a lease
    assert before.items() <= contents(home).items()
    assert main(["runs"]) == 0
    capsys.readouterr()
    assert main(["show"]) == 0
    shown = capsys.readouterr().out
    assert "shown without 1 lost record and what only they lead to: see overpaint verify" in shown
    assert "prompt of 1.0" in shown
    assert "prompt of 0.0" not in shown
    assert main(["watch", "--json"]) == 130
    assert [c["id"] for c in json.loads(capsys.readouterr().out)["candidates"]] == ["1.0"]


@pytest.mark.parametrize("harm", ["missing", "truncated"])
def test_a_picture(harm: str, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is only looked at can be looked at without it; what needs it names it, and the run stays as it was."""
    file = image_file(home / "images", f"{one_run(home).images['1.0']['sha256']}.png")
    file.unlink() if harm == "missing" else os.truncate(file, 30)
    before = contents(home)
    for command in (["show"], ["history"], ["runs"], ["prune", "--keep-days", "0", "--dry-run"]):
        assert main(command) == 0
    assert main(["verify"]) == 1
    assert str(file) in capsys.readouterr().out
    assert main(["resume"]) == 2
    err = capsys.readouterr().err
    assert file.stem in err
    assert "overpaint verify" in err
    after = contents(home)
    assert {name: after[name] for name in before if not name.endswith(".db")} == {
        name: sha256 for name, sha256 in before.items() if not name.endswith(".db")
    }
    shown = json.loads(_told(capsys, "show", "--json"))
    assert (shown["status"], len(shown["candidates"])) == ("interrupted", 2)


@pytest.fixture(scope="module")
def painted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a real run of four rounds."""
    folder = tmp_path_factory.mktemp("painted") / "home"
    settings = ["--set", "seed=3", "--set", "max_images=4", "--set", "stop_when_passed=false", "--set", "patience=9"]
    command = [sys.executable, "-m", "overpaint", "refine", BRIEF, *settings, "--quiet"]
    told = subprocess.run(command, env={**os.environ, "OVERPAINT_HOME": str(folder)}, timeout=100)
    assert told.returncode in (0, 1)
    return folder


@pytest.fixture
def ran(painted: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """That run in the home of the test, as `show --json` tells it."""
    shutil.copytree(painted, home)
    shown: dict[str, Any] = json.loads(_told(capsys, "show", "--json"))
    assert len(shown["candidates"]) == 4
    return shown


@pytest.mark.parametrize("harm", ["missing", "damaged"])
def test_a_run_whose_picture_is_lost_is_forked_from_another_candidate(
    harm: str, ran: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """What `verify` says to do, done."""
    best = ran["champion"]["id"]
    _harm(file := Path(ran["champion"]["image"]), harm)
    assert main(["verify"]) == 1
    assert "where a run needs it, fork from another one" in capsys.readouterr().out
    for candidate in ran["candidates"]:
        command = ["fork", ran["run"], "--from", candidate["id"], "--set", "max_images=1", "--json"]
        if candidate["id"] == best:
            assert str(file) in _one_line(capsys, *command)
        else:
            assert main(command) in (0, 1)
            told = json.loads(capsys.readouterr().out)
            assert (told["receipt"]["images"], "error" in told) == (1, False)
    assert main(["runs"]) == 0


@pytest.mark.parametrize("harm", ["missing", "damaged"])
def test_a_run_whose_record_is_lost_is_shown_without_it_and_forked_from_before_it(
    harm: str, home: Path, ran: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    history = json.loads(_told(capsys, "history", "--json"))
    records = {step["id"]: step["record"] for step in history["candidates"]}
    _harm(file := record_file(home / "records", records["2.0"]), harm)
    assert main(["verify"]) == 1
    assert "can only be forked from a candidate or checkpoint before it" in capsys.readouterr().out
    shown = json.loads(_told(capsys, "show", "--json"))
    assert [candidate["id"] for candidate in shown["candidates"]] == ["0.0", "1.0", "3.0"]
    assert "1 lost record" in shown["error"]
    for command in (["resume", "--set", "max_images=9"], ["fork", ran["run"], "--from", "3.0"]):
        assert str(file) in _one_line(capsys, *command, "--json")
    for start in ("1.0", history["candidates"][1]["checkpoint"]):
        assert main(["fork", ran["run"], "--from", start, "--set", "max_images=1", "--json"]) in (0, 1)
        told = json.loads(capsys.readouterr().out)
        assert (told["receipt"]["images"], "error" in told) == (1, False)


def test_a_run_goes_on_without_a_record_that_its_state_has_left_behind(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = one_run(home, rounds=WINDOW + 2)
    _harm(record_file(home / "records", made.records["0.0"]), "damaged")
    for command in (["fork", "run", "--set", "max_images=1"], ["resume", "run", "--set", "max_images=11"]):
        assert main([*command, "--set", "patience=99", "--json"]) in (0, 1)
        told = json.loads(capsys.readouterr().out)
        assert "1 lost record" in told["error"]
        ids = [candidate["id"] for candidate in told["candidates"]]
        assert ids[0] == "1.0"
        assert len(ids) > WINDOW + 1


def _harm(file: Path, harm: str) -> None:
    file.unlink() if harm == "missing" else file.write_bytes(b"{}")


def _one_line(capsys: pytest.CaptureFixture[str], *command: str) -> str:
    assert main(command) == 2
    out, err = capsys.readouterr()
    assert json.loads(out)["status"] == "failed"
    assert len(err.splitlines()) == 1
    return err


def _told(capsys: pytest.CaptureFixture[str], *command: str) -> str:
    main(command)
    return capsys.readouterr().out


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 2 MiB; skips where one may not be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if shutil.which("mount") is None or not _mounted("-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)):
        pytest.skip("not allowed to mount here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def _mounted(*options: str) -> bool:
    return subprocess.run(["mount", *options], capture_output=True).returncode == 0


@pytest.mark.parametrize("command", [*READERS, *DRIVERS], ids=" ".join)
def test_a_read_only_home(
    command: list[str], disk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = disk / "home"
    monkeypatch.setenv("OVERPAINT_HOME", str(home))
    one_run(home)
    before = contents(home)
    assert _mounted("-o", "remount,ro", str(disk))
    said = refused(capsys, *command)
    assert str(home) in said
    assert "read-only: mount it writable, or set OVERPAINT_HOME" in said
    assert contents(home) == before


def test_verify_reads_a_read_only_home(
    disk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = disk / "home"
    monkeypatch.setenv("OVERPAINT_HOME", str(home))
    one_run(home)
    assert _mounted("-o", "remount,ro", str(disk))
    assert main(["verify"]) == 1
    out = capsys.readouterr().out
    assert "What runs refer to was not checked" in out
    assert "2 pictures and 2 records checked" in out
    assert "damaged" not in out


@pytest.mark.long
def test_a_disk_that_fills_up_in_the_middle_of_a_run(
    disk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = disk / "home"
    home.mkdir()
    monkeypatch.setenv("OVERPAINT_HOME", str(home))
    room = shutil.disk_usage(disk).free - 160_000
    (disk / "other").write_bytes(bytes(room))
    settings = ["--set", "seed=3", "--set", "max_images=6", "--set", "stop_when_passed=false", "--set", "patience=9"]
    command = [sys.executable, "-m", "overpaint"]
    full = subprocess.run([*command, "refine", BRIEF, *settings], capture_output=True, text=True, timeout=100)
    assert full.returncode == 2, full.stdout + full.stderr
    assert "Traceback" not in full.stderr
    assert "the disk is full: free some space" in full.stderr
    assert str(home) in full.stderr
    (disk / "other").unlink()
    assert main(["verify"]) == 0
    capsys.readouterr()
    again = subprocess.run([*command, "resume", "--json"], capture_output=True, text=True, timeout=100)
    told = json.loads(again.stdout)
    assert (told["receipt"]["images"], len(told["candidates"])) == (6, 6)
    assert told["status"] == "passed"
