from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

BENCH = Path(__file__).parents[2] / "bench" / "gpu.py"


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    return subprocess.run(
        [sys.executable, BENCH, *arguments], env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.long
def test_without_a_gpu_it_says_so_in_one_line() -> None:
    done = bench()
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert "needs a CUDA device" in done.stderr
    assert "--tiny" in done.stderr


def test_an_unknown_shape_is_refused() -> None:
    done = bench("--shapes", "sdxl,dalle")
    assert done.returncode == 2
    assert "no shape 'dalle': use sdxl, sd3, flux" in done.stderr


@pytest.mark.long
def test_the_whole_program_runs_with_tiny_pipelines() -> None:
    done = bench("--tiny", "--steps", "2", "--pictures", "2")
    assert (done.returncode, done.stderr) == (0, "")
    rows = [line.split(" | ") for line in done.stdout.splitlines() if line.startswith(("| s", "| f"))]
    assert [row[0] for row in rows] == ["| shape", "| sdxl", "| sd3", "| flux"]
    assert all(len(row) == 9 for row in rows)
    assert all(float(row[-1].removesuffix(" |")) > 0.1 for row in rows[1:])
