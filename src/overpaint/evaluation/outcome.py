"""What became of one brief under one preset, read from the checkpoints and records that its run has left."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from overpaint.driving import Wheel
from overpaint.evaluation.jobs import Job
from overpaint.evaluation.nouns import Outcome, Shot, Stage
from overpaint.graph.crowning import passes
from overpaint.graph.kept import Kept, read_history
from overpaint.graph.record import Record
from overpaint.graph.state import Candidate, empty_receipt
from overpaint.phrases import passed_of, score_of
from overpaint.result import Run
from overpaint.tools.faults import BadInput, ProviderFault
from overpaint.tools.home import current_home
from overpaint.tools.images import ImageStore


def failure(job: Job, error: str, seconds: float, *, is_provider: bool = False) -> Outcome:
    """The outcome of a run of which nothing is known but why it failed.

    Args:
        job: what was to be done.
        error: why.
        seconds: wall seconds it took.
        is_provider: whether a provider failed.
    """
    row = job.row
    return Outcome(
        preset=job.preset,
        row=row["id"],
        category=row["category"],
        run="",
        thread=job.thread,
        status="failed",
        stop_reason="provider" if is_provider else None,
        error=error,
        stop_round=None,
        chosen=None,
        stopped=None,
        shots=[],
        stages=[],
        truth=None if row["truth"] is None else {},
        receipt=empty_receipt(),
        seconds=round(seconds, 3),
    )


async def read_outcome(
    wheel: Wheel, job: Job, run: Run, fault: BadInput | ProviderFault | None, seconds: float
) -> Outcome:
    """The outcome of a thread as it stands; whatever process made which part of it, all of it is told.

    Args:
        wheel: the thread.
        job: what was to be done.
        run: as it stands.
        fault: what ended it; None when it came to its own end.
        seconds: wall seconds that this process took; those of an earlier one are told by what its models took.

    Returns:
        The outcome; a failure where a picture whose truth is asked for is lost.

    Raises:
        BadInput: the disk or the database refused.
    """
    shots = [_shot(record) for record in run.candidates]
    seconds = max(seconds, run.receipt["seconds"])
    try:
        truth = await _truths(shots, job.row["truth"])
    except BadInput as lost:
        if lost.__cause__ is not None:  # of the disk, which would end all other runs too
            raise
        told = f"a picture of it is lost or damaged, which OVERPAINT_HOME={current_home()} overpaint verify names"
        return {**failure(job, told, seconds), "run": run.run, "receipt": run.receipt}
    history = await read_history(wheel.graph, wheel.thread)
    decided = list(_decisions(history))
    stop_round = _stop_round(history[-1]) if decided else None
    stages = dict(decided)
    stopped = stages[stop_round]["champion"] if stop_round in stages else None
    return Outcome(
        preset=job.preset,
        row=job.row["id"],
        category=job.row["category"],
        run=run.run,
        thread=job.thread,
        status="failed" if fault else run.status,
        stop_reason="provider" if isinstance(fault, ProviderFault) else run.stop_reason,
        error=str(fault) if fault else run.why if run.status not in ("passed", "stopped") else None,
        stop_round=stop_round,
        chosen=run.champion["id"] if run.champion else None,
        stopped=stopped,
        shots=shots,
        stages=[stage for _, stage in decided],
        truth=truth,
        receipt=run.receipt,
        seconds=round(seconds, 3),
    )


def _stop_round(kept: Kept) -> int:
    """The round in which the loop ended; of a run that painted on after that, the one it would have ended in."""
    stopped_at = kept.values.get("stopped_at")
    return kept.values["round"] if stopped_at is None else stopped_at


def _decisions(history: Sequence[Kept]) -> Iterator[tuple[int, Stage]]:
    """Each time a run decided: the round it looked back on (-1: nothing was painted yet), and what it held then."""
    for before, after in pairwise(history):
        if "decide" in before.next and "decide" not in after.next:
            yield before.values["round"], _stage(after)


def _stage(kept: Kept) -> Stage:
    champion, spent = kept.values["champion"], kept.values["receipt"]
    return Stage(
        images=spent["images"],
        calls=spent["calls"],
        tokens=spent["tokens"],
        seconds=spent["seconds"],
        champion=champion["id"] if champion else None,
        picture=_picture(champion),
        passed=passes(champion),
    )


def _shot(record: Record) -> Shot:
    verdict: Any = record["verdict"] or {}
    return Shot(
        id=record["id"],
        round=record["round"],
        action=record["action"],
        prompt=record["prompt"],
        outcome=record["outcome"],
        picture=_picture(record),
        score=score_of(record),
        passed=passed_of(record),
        caption=verdict.get("caption"),
    )


def _picture(of: Candidate | Record | None) -> str | None:
    return of["image"]["sha256"] if of and of["image"] else None


async def _truths(shots: Sequence[Shot], truth: dict[str, Any] | None) -> dict[str, bool] | None:
    if truth is None:
        return None
    from overpaint.evaluation.scenes.truth import is_right

    store = ImageStore(current_home() / "images")
    pictures = {shot["picture"] for shot in shots if shot["picture"]}
    return {sha: await asyncio.to_thread(is_right, await store.load(sha), truth) for sha in sorted(pictures)}
