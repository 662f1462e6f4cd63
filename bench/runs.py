"""Runs of many briefs under many presets, spread over worker processes; what is done is kept and not done again."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

import critics
import easel
import noise
from one_run import histories, run_seed
from provenance import code_digest, weights_digest
from typing_extensions import TypedDict

from overpaint.evaluation.scenes.briefs import Brief
from overpaint.evaluation.scenes.ground_truth import things_in
from overpaint.evaluation.scenes.matching import shows
from overpaint.tools.home import use_home
from overpaint.tools.images import ImageStore

Presets = Mapping[str, dict[str, Any]]
"""Settings by the name they are reported under."""
J = TypeVar("J")
R = TypeVar("R")
EVERY_SECONDS = 10.0
MEMORY = Path("/dev/shm")
"""Where homes are put if it is there: pictures need not reach a disk to be scored."""


class End(TypedDict):
    """What a run delivers at one budget: right by ground truth, right by its judge; and the pictures it painted."""

    right: bool
    judged: bool
    images: int


class Outcome(TypedDict):
    """One brief under one preset. `ends` is by budget, as text; `seconds` are of the whole, `painting` of its pictures.

    `computed` counts the pictures that had not been painted for another preset of the same brief.
    """

    key: str
    brief: str
    category: str
    objects: int
    preset: str
    ends: dict[str, End]
    seconds: float
    painting: float
    computed: int


@dataclass(frozen=True)
class Job:
    """One brief under all presets that are still to be run; `keys` name what each outcome rests on."""

    brief: Brief
    presets: Presets
    keys: Mapping[str, str]
    budgets: tuple[int, ...]
    noise: float
    weights: Path | None


def run_briefs(
    briefs: Sequence[Brief],
    presets: Presets,
    budgets: Sequence[int],
    *,
    noise: float = 0.0,
    weights: Path | None = None,
    workers: int | None = None,
    kept: Path | None = None,
) -> list[Outcome]:
    """Run every brief under every preset.

    Args:
        briefs: what to paint.
        presets: settings by name.
        budgets: most pictures; success is told for each.
        noise: probability that an answer of the judge is flipped.
        weights: folder of other weights; the built-in ones when None.
        workers: processes; one per core when None.
        kept: a file of outcomes, one JSON object a line, made if need be. Those it holds are not run again, unless
            weights, code, brief, settings, budgets or noise differ.

    Returns:
        The outcomes by preset and brief, in the order given.
    """
    basis = {"weights": weights_digest(weights), "code": code_digest(), "budgets": sorted(budgets), "noise": noise}
    keys = {(b.id, name): _key(basis, b, settings) for b in briefs for name, settings in presets.items()}
    done = {key: outcome for key, outcome in read(kept).items() if key in set(keys.values())}
    for outcomes in spread(run_job, list(_jobs(briefs, presets, keys, done, budgets, noise, weights)), workers):
        done |= {outcome["key"]: outcome for outcome in outcomes}
        append(kept, outcomes)
    return [Outcome(**{**done[keys[brief.id, name]], "preset": name}) for name in presets for brief in briefs]  # type: ignore[typeddict-item]


def run_job(job: Job) -> list[Outcome]:
    """Run one brief under its presets, in this process."""
    return asyncio.run(_run_job(job))


def spread(work: Callable[[J], R], jobs: Sequence[J], workers: int | None) -> Iterator[R]:
    """Do jobs in worker processes, telling how far it is; results come as they are ready.

    Args:
        work: a function of a module, with arguments and results that can be pickled.
        jobs: handed out one by one.
        workers: processes; one per core when None.
    """
    started = told = time.monotonic()
    many = max(1, min(workers or os.cpu_count() or 1, len(jobs)))
    with ProcessPoolExecutor(many, mp_context=get_context("spawn"), initializer=prepare) as pool:
        try:
            for number, future in enumerate(as_completed([pool.submit(work, job) for job in jobs]), 1):
                yield future.result()
                if time.monotonic() - told > EVERY_SECONDS or number == len(jobs):
                    told = time.monotonic()
                    print(f"{number}/{len(jobs)} briefs, {told - started:.0f} s", file=sys.stderr, flush=True)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def prepare() -> None:
    """Make a worker ready: one thread for torch, no tracing, and the bench's painter and judge known by name."""
    os.environ |= {"OMP_NUM_THREADS": "1", "LANGSMITH_TRACING": "false", "HF_HUB_OFFLINE": "1"}
    import torch

    torch.set_num_threads(1)
    critics.register()
    easel.register()
    noise.register()


def append(kept: Path | None, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add rows to a file of JSON lines."""
    if kept is None:
        return
    kept.parent.mkdir(parents=True, exist_ok=True)
    with kept.open("a", encoding="utf-8") as file:
        # A line that an interrupted bench cut off must not swallow the next one.
        file.writelines(f"\n{json.dumps(row)}" for row in rows)


def read(kept: Path | None) -> dict[str, Any]:
    """The rows of such a file by their key; a line that was cut off is left out."""
    found: dict[str, Any] = {}
    for line in kept.read_text("utf-8").splitlines() if kept is not None and kept.exists() else ():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        found[row["key"]] = row
    return found


async def _run_job(job: Job) -> list[Outcome]:
    with tempfile.TemporaryDirectory(dir=MEMORY if os.access(MEMORY, os.W_OK) else None) as home, use_home(home):
        try:
            return [await _outcome(job, name, Path(home)) for name in job.presets]
        finally:
            easel.forget()


async def _outcome(job: Job, name: str, home: Path) -> Outcome:
    brief, seed, started, before = job.brief, run_seed(job.brief.id), time.perf_counter(), easel.spent()
    fixed = {"seed": seed, "painter": easel.named(job.weights), **({"judge": noise.NAME} if job.noise else {})}
    with noise.noisy(job.noise, seed):
        stages = await histories(brief.text, job.presets[name], job.budgets, fixed)
    rights = {stage.champion: await _right(brief, stage.champion, home) for stage in stages}
    ends = [End(right=rights[s.champion], judged=s.passed, images=s.images) for s in stages]
    computed, painting = (after - earlier for after, earlier in zip(easel.spent(), before, strict=True))
    return Outcome(
        key=job.keys[name],
        brief=brief.id,
        category=brief.category,
        objects=brief.objects,
        preset=name,
        ends={str(budget): end for budget, end in zip(job.budgets, ends, strict=True)},
        seconds=round(time.perf_counter() - started, 3),
        painting=round(painting, 3),
        computed=int(computed),
    )


async def _right(brief: Brief, picture: str | None, home: Path) -> bool:
    if picture is None:
        return False
    return shows(brief.spec, things_in(await ImageStore(home / "images").load(picture)))


def _jobs(
    briefs: Sequence[Brief],
    presets: Presets,
    keys: Mapping[tuple[str, str], str],
    done: Mapping[str, Outcome],
    budgets: Sequence[int],
    noise_: float,
    weights: Path | None,
) -> Iterator[Job]:
    for brief in briefs:
        left = {name: settings for name, settings in presets.items() if keys[brief.id, name] not in done}
        if left:
            named = {name: keys[brief.id, name] for name in left}
            yield Job(brief, left, named, tuple(sorted(budgets)), noise_, weights)


def _key(basis: Mapping[str, Any], brief: Brief, settings: Mapping[str, Any]) -> str:
    told = json.dumps({**basis, "brief": asdict(brief), "settings": settings}, sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()
