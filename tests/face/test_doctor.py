"""The doctor: what it finds, what it never says, and what it leaves alone."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from overpaint.cli import main
from overpaint.doctor import Check, diagnose, usable

SECRET = "sk-very-secret-value"


def test_every_finding_has_its_remedy_and_no_secret_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OVERPAINT_HOME", str(home))
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    code = main(["doctor", "--json"])
    out = capsys.readouterr().out
    said = json.loads(out)
    assert code == (0 if said["usable"] else 1)
    assert SECRET not in out
    found = {check["name"]: check for check in said["checks"]}
    assert "OPENAI_API_KEY" in found["keys"]["found"]
    assert found["provider openai"]["ok"]
    assert "for example openai:" in found["provider openai"]["found"]
    assert not found["provider fal"]["ok"]
    assert "FAL_KEY" in found["provider fal"]["todo"]
    assert all(check["todo"] for check in said["checks"] if not check["ok"])
    assert not home.exists()


def test_lines_are_one_per_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OVERPAINT_HOME", "/dev/null/home")
    assert main(["doctor"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(diagnose())
    assert all(line[0] in "✓✗" for line in lines)
    assert any(line.startswith("✗ home: ") and "OVERPAINT_HOME" in line for line in lines)


@pytest.mark.parametrize(
    ("prices", "limits", "wrong"),
    [
        ("chat: {openai:m: {input: 1, output: 2}}", "openai=4", None),
        ("chat: {openai:m: {input: -1, output: 2}}", "openai=4", "prices"),
        ("chats: {openai:m: {input: 1, output: 2}}", "openai=4", "prices"),
        ("pictures: {openai:m: {usd: 1}}", "openai four", "limits"),
    ],
)
def test_price_files_and_limits_are_read_to_the_end(
    prices: str, limits: str, wrong: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.yaml").write_text(prices)
    monkeypatch.setenv("OVERPAINT_PRICES", str(tmp_path / "mine.yaml"))
    monkeypatch.setenv("OVERPAINT_LIMITS", limits)
    found = {check.name: check for check in diagnose()}
    assert [name for name in ("prices", "limits") if not found[name].ok] == ([wrong] if wrong else [])


def test_only_what_the_default_preset_needs_decides() -> None:
    assert usable([Check("a", True, "", needed=True), Check("b", False, "")])
    assert not usable([Check("a", False, "", needed=True)])


@pytest.mark.slow
def test_without_the_local_extra_it_names_the_install_line_and_loads_nothing() -> None:
    code = """
import sys
from importlib import util
real = util.find_spec
util.find_spec = lambda name, *rest: None if name in ("torch", "diffusers") else real(name, *rest)
from overpaint.doctor import diagnose
found = {check.name: check for check in diagnose()}
assert "torch" not in sys.modules and "devices" not in found
print(found["local models"].found, "|", found["provider shapes"].todo)
"""
    said = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert said == 'without torch, diffusers | pip install "overpaint[local]"\n'
