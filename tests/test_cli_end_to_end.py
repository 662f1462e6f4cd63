"""The command as a user types it, on the real loop: what it prints, how it exits, and what it leaves behind."""

from __future__ import annotations

import io
import json
import os
import signal
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from PIL import Image

from overpaint.cli import main

BRIEF = "two red circles above a blue square"
SHAPE = {
    "run": str,
    "status": str,
    "stop_reason": str,
    "brief": str,
    "checklist": list,
    "champion": dict,
    "candidates": list,
    "receipt": dict,
    "report": str,
}


@pytest.mark.slow
def test_json_is_one_object_of_the_promised_shape(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["refine", BRIEF, "--set", "seed=7", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {k: type(v) for k, v in told.items()} == SHAPE
    assert set(told["champion"]) == {"id", "image", "sha256", "prompt", "score", "passed"}
    keys = {"id", "parent", "round", "action", "prompt", "seed", "outcome", "score", "passed", "image"}
    assert all(set(c) == keys for c in told["candidates"])
    assert set(told["receipt"]) == {"images", "unknown", "calls", "tokens", "cached", "seconds", "usd"}
    assert Path(told["champion"]["image"]).is_file()
    assert "<html" in Path(told["report"]).read_text("utf-8")
    with Image.open(Path(told["report"]).with_suffix(".png")) as twin:
        assert twin.width > 0
    assert main(["show", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == told
    assert main(["runs"]) == 0
    assert told["run"][:8] in capsys.readouterr().out


@pytest.mark.slow
def test_a_run_that_does_not_pass_still_delivers_and_exits_1(capsys: pytest.CaptureFixture[str]) -> None:
    settings = ["--preset", "one-shot", "--set", "judge_method=none", "--json"]
    assert main(["refine", BRIEF, *settings]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["status"], told["stop_reason"], told["champion"]["passed"]) == ("stopped", "no_judge", None)


def png(width: int, height: int, body: bytes = b"") -> bytes:
    """A PNG that claims a size, whatever its body holds."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(body)) + chunk(b"IEND", b"")


def truncated() -> bytes:
    whole = io.BytesIO()
    Image.effect_noise((64, 64), 50).save(whole, "PNG")
    return whole.getvalue()[:1500]


BAD = {
    "empty brief": ["refine", ""],
    "brief of spaces": ["refine", "  \n "],
    "huge brief": ["refine", "a red circle " * 8000],
    "beyond the built-in world": ["refine", "a frog dressed as a knight"],
    "another language": ["refine", "ein roter Kreis über einem blauen Quadrat"],
    "no brief": ["refine"],
    "unknown preset": ["refine", BRIEF, "--preset", "best"],
    "unknown setting": ["refine", BRIEF, "--set", "colour=red"],
    "wrong type": ["refine", BRIEF, "--set", "per_round=two"],
    "out of bounds": ["refine", BRIEF, "--set", "per_round=33"],
    "not a pair": ["refine", BRIEF, "--set", "seed"],
    "size the painter refuses": ["refine", BRIEF, "--set", "size=63x64"],
    "huge size": ["refine", BRIEF, "--set", "size=99999x99999"],
    "unknown painter": ["refine", BRIEF, "--set", "painter=oils"],
    "folder that is no model": ["refine", BRIEF, "--set", "painter=diffusers:./nowhere"],
    "unknown chat model": ["refine", BRIEF, "--set", "judge=nobody:none"],
    "chat model without a key": ["refine", BRIEF, "--set", "judge=openai:gpt-5-mini"],
    "device this machine lacks": ["refine", BRIEF, "--set", "device=cuda:7"],
    "offload without a device to spare": ["refine", BRIEF, "--set", "device=cpu", "--set", "offload=model"],
    "seed that is no number": ["refine", BRIEF, "--set", "seed=true"],
    "endless time": ["refine", BRIEF, "--set", "max_seconds=inf"],
    "unknown device": ["refine", BRIEF, "--set", "device=abacus"],
    "missing image": ["refine", BRIEF, "--image", "nowhere.png"],
    "folder as image": ["refine", BRIEF, "--image", "."],
    "text as image": ["refine", BRIEF, "--image", "text.png"],
    "empty image": ["refine", BRIEF, "--image", "empty.png"],
    "bomb": ["refine", BRIEF, "--image", "bomb.png"],
    "truncated image": ["refine", BRIEF, "--image", "truncated.png"],
    "image alone, broken": ["refine", "--image", "truncated.png"],
    "unknown run": ["show", "0123"],
    "unknown command": ["repaint", BRIEF],
    "unwritable out": ["refine", BRIEF, "--out", "text.png/out"],
}


@pytest.mark.parametrize("argv", BAD.values(), ids=BAD.keys())
def test_bad_input_is_one_clear_line_and_leaves_nothing(
    argv: list[str], home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("text.png").write_text("no picture")
    Path("empty.png").write_bytes(b"")
    Path("bomb.png").write_bytes(png(50_000, 50_000))
    Path("truncated.png").write_bytes(truncated())
    before = sorted(tmp_path.rglob("*"))
    assert main(argv) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert len(told.err.strip().splitlines()) == 1
    assert "Traceback" not in told.err
    assert len(told.err) < 1200
    assert sorted(tmp_path.rglob("*")) == before


def test_a_brief_beyond_the_world_says_how_to_reach_a_real_model(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NVIDIA_API_KEY", "nvapi-not-a-key")
    assert main(["refine", "a frog dressed as a knight"]) == 2
    told = capsys.readouterr().err
    for role in ("painter", "writer", "critic", "judge"):
        assert f"--set {role}=" in told
    assert "frog" in told
    assert "nvidia:" in told
    assert "nvapi" not in told


def test_a_home_that_cannot_be_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("OVERPAINT_HOME", str(tmp_path / "file" / "home"))
    assert main(["refine", BRIEF]) == 2
    told = capsys.readouterr().err
    assert str(tmp_path / "file") in told
    assert len(told.strip().splitlines()) == 1


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system with room for almost nothing."""
    folder = tmp_path / "full"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small file system takes root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_is_named(
    full_disk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OVERPAINT_HOME", str(full_disk / "home"))
    assert main(["refine", BRIEF, "--set", "seed=1"]) == 2
    told = capsys.readouterr().err
    assert str(full_disk) in told
    assert "Traceback" not in told


def test_a_fault_of_ours_has_an_exit_code_and_an_object_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    async def broken(*_: object, **__: object) -> AsyncIterator[dict[str, object]]:
        raise KeyError("a bug")
        yield {}

    assert main(["refine", BRIEF, "--json"], stream=broken) == 70
    told = capsys.readouterr()
    assert json.loads(told.out)["status"] == "failed"
    assert "a bug" in told.err


@pytest.mark.slow
def test_ctrl_c_exits_130_and_the_run_can_be_seen(tmp_path: Path) -> None:
    env = {**os.environ, "OVERPAINT_HOME": str(tmp_path / "home")}
    command = [
        sys.executable,
        "-m",
        "overpaint",
        "refine",
        BRIEF,
        "--set",
        "stop_when_passed=false",
        "--set",
        "max_images=500",
    ]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        while "0.0 painted" not in process.stdout.readline():
            assert process.poll() is None
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in told
    shown = subprocess.run([*command[:3], "show", "--json"], env=env, capture_output=True, text=True, check=False)
    assert json.loads(shown.stdout)["status"] == "interrupted"
