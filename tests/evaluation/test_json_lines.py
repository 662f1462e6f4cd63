from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from overpaint.evaluation.json_lines import BLOCK, append_lines, read_lines


@pytest.mark.parametrize("length", [0, 1, BLOCK - 1, BLOCK, 3 * BLOCK])
def test_what_was_cut_off_is_dropped_however_long(length: int, tmp_path: Path) -> None:
    file = tmp_path / "lines.jsonl"
    append_lines(file, ["first", "second"])
    with file.open("a") as end:
        end.write("x" * length)
    append_lines(file, ["third"])
    assert read_lines(file) == ["first", "second", "third"]


def test_a_file_that_is_one_cut_off_line_is_begun_anew(tmp_path: Path) -> None:
    file = tmp_path / "lines.jsonl"
    file.write_text("x" * (BLOCK + 1))
    append_lines(file, [1])
    assert read_lines(file) == [1]


@pytest.mark.slow
def test_several_processes_at_once_lose_nothing(tmp_path: Path) -> None:
    file = tmp_path / "lines.jsonl"
    rows = [[number, "x" * BLOCK] for number in range(200)]
    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as pool:
        list(pool.map(append_lines, [file] * len(rows), [[row] for row in rows]))
    assert sorted(read_lines(file)) == rows
