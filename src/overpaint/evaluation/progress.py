"""How far an evaluation is, on stderr: a bar on a terminal, a plain line every ten seconds elsewhere."""

from __future__ import annotations

import time
from typing import Any, Protocol, Self, TextIO, cast

from overpaint.evaluation.nouns import Outcome
from overpaint.phrases import counted
from overpaint.phrases import seconds as duration
from overpaint.plain import Lasting, is_terminal, say

EVERY_SECONDS = 10.0


class Progress(Protocol):
    """Whatever shows how far it is, for the length of a block."""

    def __enter__(self) -> Self:
        """Start showing."""
        ...

    def __exit__(self, *error: object) -> None:
        """Stop showing, whatever happened."""
        ...

    def on(self, outcome: Outcome) -> None:
        """One more run has come to its end."""
        ...

    def tick(self) -> None:
        """Time passes; called about once a second."""
        ...


def progress_on(out: TextIO, done: int, total: int) -> Progress:
    """What fits the stream.

    Args:
        out: usually stderr.
        done: runs that an earlier process has done.
        total: all runs, those included.
    """
    return BarProgress(out, done, total) if is_terminal(out) else PlainProgress(out, done, total)


class PlainProgress:
    """Lines, for pipes, logs and files."""

    def __init__(self, out: TextIO, done: int, total: int) -> None:
        self._out, self._done, self._total = out, done, total
        self._already, self._pictures = done, 0
        self._began = self._told = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._tell()

    def on(self, outcome: Outcome) -> None:
        """Count it."""
        self._done += 1
        self._pictures += outcome["receipt"]["images"]

    def tick(self) -> None:
        """Say a line, if it is time to."""
        if time.monotonic() - self._told >= EVERY_SECONDS:
            self._tell()

    def _tell(self) -> None:
        self._told = time.monotonic()
        passed = self._told - self._began
        said = f"{self._done:,} of {counted(self._total, 'run')}, {counted(self._pictures, 'picture')}"
        say(f"{said}, {duration(passed)}{self._left(passed)}", self._out)

    def _left(self, passed: float) -> str:
        made, left = self._done - self._already, self._total - self._done
        return f", about {duration(passed / made * left)} left" if made and left else ""


class BarProgress:
    """A bar that moves, with the time that is left."""

    def __init__(self, out: TextIO, done: int, total: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (
            BarColumn(bar_width=40),
            MofNCompleteColumn(),
            TextColumn("runs, {task.fields[pictures]} pictures,"),
            TimeRemainingColumn(compact=True, elapsed_when_finished=True),
            TextColumn("left"),
        )
        # The speed is that of the last half hour: presets differ, and so do briefs.
        console = Console(file=cast(Any, Lasting(out)), highlight=False)
        self._bar = Progress(*columns, console=console, speed_estimate_period=1800)
        self._pictures = 0
        self._task = self._bar.add_task("", total=total, completed=done, pictures=0)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.stop()

    def on(self, outcome: Outcome) -> None:
        """Move the bar."""
        self._pictures += outcome["receipt"]["images"]
        self._bar.update(self._task, advance=1, pictures=self._pictures)

    def tick(self) -> None:
        """Nothing: the bar has a clock of its own."""
