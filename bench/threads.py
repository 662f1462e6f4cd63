"""What one thread of the CPU costs the built-in painter, and gains where processes paint side by side.

The baseline is torch's own choice, a thread for each core. Seconds for the same pictures, weights loaded before, and of
how many seeds the pictures of both are the same bytes.

    uv run python bench/threads.py                       one process, then two at once
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from argparse import ArgumentParser
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier

from arguments import number

from overpaint.shapes.painter import DEFAULTS, THREADS, WEIGHTS
from overpaint.tools.backends.diffusers_ import DiffusersPainter
from overpaint.tools.painters import PaintRequest

PROMPT = "two small red circles above a large blue square, a green star left of the square"

together: Barrier
"""In each process: what all wait at before they begin."""


@dataclass(frozen=True)
class Painted:
    """What one process painted: seconds, and the sha256 of each picture."""

    seconds: float
    pictures: tuple[str, ...]


def meet(barrier: Barrier) -> None:
    """Set up a process."""
    global together
    together = barrier


def paint(pictures: int, threads: int | None) -> Painted:
    """Paint seeds 0, 1, … beside the other processes."""
    return asyncio.run(_painted(pictures, threads))


async def _painted(pictures: int, threads: int | None) -> Painted:
    painter = DiffusersPainter(str(WEIGHTS), defaults=DEFAULTS, threads=threads)
    await painter.paint(PaintRequest(PROMPT, seed=0))
    together.wait()
    started = time.perf_counter()
    found = [(await painter.paint(PaintRequest(PROMPT, seed=seed))).data for seed in range(pictures)]
    seconds = time.perf_counter() - started
    return Painted(seconds, tuple(hashlib.sha256(data or b"").hexdigest() for data in found))


def side_by_side(processes: int, pictures: int, threads: int | None) -> Painted:
    """The slowest of so many processes that paint at once."""
    spawn = get_context("spawn")
    with ProcessPoolExecutor(processes, spawn, meet, (spawn.Barrier(processes),)) as pool:
        jobs = [pool.submit(paint, pictures, threads) for _ in range(processes)]
        return max((job.result() for job in jobs), key=lambda painted: painted.seconds)


def main() -> None:
    """Print seconds, ratios and how many pictures are alike."""
    parser = ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pictures", type=number, default=40, metavar="N", help="each process paints so many")
    parser.add_argument("--processes", type=number, default=2, metavar="N", help="how many at once")
    given = parser.parse_args()
    print(f"{os.cpu_count()} cores; {given.pictures} pictures for each process")
    for processes in sorted({1, given.processes}):
        usual = side_by_side(processes, given.pictures, None)
        ours = side_by_side(processes, given.pictures, THREADS)
        alike = sum(one == other for one, other in zip(usual.pictures, ours.pictures, strict=True))
        print(
            f"{processes} at once: torch's own threads {usual.seconds:.1f} s, {THREADS} thread {ours.seconds:.1f} s,"
            f" ratio {ours.seconds / usual.seconds:.2f}; {alike} of {given.pictures} pictures the same bytes"
        )


if __name__ == "__main__":
    main()
