from __future__ import annotations

import io
import time
from typing import TextIO, cast

import pytest
from rich.text import Text

from overpaint.evaluation.progress import BarProgress, PlainProgress, progress_on
from tests.evaluation.outcomes import outcome


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_line_every_ten_seconds_and_one_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    now, out = 100.0, io.StringIO()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    with progress_on(out, 10, 20) as progress:
        for _ in range(25):
            now += 1.0
            progress.tick()
            if now in (103.0, 117.0):
                progress.on(outcome("default", "a", [True, True]))
    assert out.getvalue().splitlines() == [
        "11 of 20 runs, 2 pictures, 10.0 s, about 1 min 30 s left",
        "12 of 20 runs, 4 pictures, 20.0 s, about 1 min 20 s left",
        "12 of 20 runs, 4 pictures, 25.0 s, about 1 min 40 s left",
    ]


def test_a_terminal_gets_a_bar_and_anything_else_lines() -> None:
    out = Screen()
    with progress_on(cast(TextIO, out), 1, 3) as progress:
        assert isinstance(progress, BarProgress)
        progress.tick()
        progress.on(outcome("default", "a", [True, True]))
    assert "2/3 runs, 2 pictures" in Text.from_ansi(out.getvalue()).plain
    assert isinstance(progress_on(io.StringIO(), 0, 1), PlainProgress)
