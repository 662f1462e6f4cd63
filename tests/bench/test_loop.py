from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from loop import presets_from
from provenance import code_digest, weights_digest
from runs import append, read

from overpaint.tools.faults import BadInput

LOOP = Path(__file__).parents[2] / "bench" / "loop.py"
ARGUMENTS = ["--limit", "6", "--budgets", "1,2", "--presets", "one-shot,default"]


def bench(*arguments: str) -> list[str]:
    """The lines that the bench prints."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, LOOP, *ARGUMENTS, *arguments], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.long
def test_the_bench_prints_tables_and_rates_and_goes_on_where_it_stopped(tmp_path: Path) -> None:
    lines = bench("--out", str(tmp_path))
    rates = json.loads(lines[-1])["success"]
    assert list(rates) == ["one-shot", "default"]
    assert all(list(line) == ["1", "2"] for line in rates.values())
    assert rates["one-shot"]["1"] == rates["one-shot"]["2"]
    assert all(0 <= rate <= 1 for line in rates.values() for rate in line.values())
    assert any(line.startswith("| default ") for line in lines)
    results = json.loads((tmp_path / "results.json").read_text())
    assert results["weights"] == weights_digest(None)
    assert len(results["outcomes"]) == 12
    assert (tmp_path / "success.svg").read_text().startswith("<svg")
    assert "| one-shot |" in (tmp_path / "table.md").read_text()

    kept = (tmp_path / "outcomes.jsonl").read_text()
    assert json.loads(bench("--out", str(tmp_path))[-1]) == json.loads(lines[-1])
    assert (tmp_path / "outcomes.jsonl").read_text() == kept


@pytest.mark.slow
def test_settings_are_laid_over_every_preset() -> None:
    presets = presets_from(["one-shot", "default"], {"looks": 1})
    assert [settings["looks"] for settings in presets.values()] == [1, 1]
    with pytest.raises(BadInput, match="no preset"):
        presets_from(["best"], {})
    with pytest.raises(BadInput, match="no setting"):
        presets_from(["default"], {"look": 1})


def test_rows_are_kept_and_a_line_that_was_cut_off_is_left_out(tmp_path: Path) -> None:
    file = tmp_path / "new" / "rows.jsonl"
    append(file, [{"key": "a", "n": 1}, {"key": "b", "n": 2}])
    file.write_text(file.read_text()[:-4])
    assert read(file) == {"a": {"key": "a", "n": 1}}
    append(file, [{"key": "c", "n": 3}])
    assert list(read(file)) == ["a", "c"]
    assert read(tmp_path / "none") == read(None) == {}


def test_hashes_change_with_what_they_name(tmp_path: Path) -> None:
    (tmp_path / "unet").mkdir()
    (tmp_path / "unet" / "config.json").write_text("{}")
    (tmp_path / "README.md").write_text("card")
    before = weights_digest(tmp_path)
    (tmp_path / "README.md").write_text("another card")
    assert weights_digest(tmp_path) == before
    (tmp_path / "unet" / "config.json").write_text("[]")
    assert weights_digest(tmp_path) != before
    assert len(code_digest()) == 64
