"""The equal-budget harness: all jobs of an experiment done in worker processes, every outcome kept as it comes."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

from langgraph.runtime import RunControl

from overpaint.draining import draining
from overpaint.evaluation.experiment import Experiment
from overpaint.evaluation.jobs import jobs_left
from overpaint.evaluation.nouns import Outcome
from overpaint.evaluation.progress import Progress, progress_on
from overpaint.evaluation.workers import Crew
from overpaint.plain import say
from overpaint.tools.database import open_database
from overpaint.tools.faults import ProviderFault
from overpaint.tools.home import open_home, use_home
from overpaint.tools.leases import Held, Leases
from overpaint.tools.owner import host_and_pid
from overpaint.tools.prices import LOCAL

DEAD_AFTER = 20
"""Runs that a provider failed, one after the other, before it is taken for dead."""
TICK_SECONDS = 1.0


def complete(experiment: Experiment, workers: int | None) -> bool:
    """Do what is left to do of an experiment, telling on stderr how far it is; it runs an event loop of its own.

    Args:
        experiment: which.
        workers: runs side by side; one per core when None.

    Returns:
        False when it was interrupted.

    Raises:
        As `carry_out`.
    """
    left = len(jobs_left(experiment))
    if not left:
        return True
    total = len(experiment.about["dataset"]["rows"]) * len(experiment.about["presets"])
    processes, side_by_side = _spread(workers, experiment)
    progress = progress_on(sys.stderr, total - left, total)
    try:
        return asyncio.run(carry_out(experiment, processes, side_by_side, progress))
    except (KeyboardInterrupt, asyncio.CancelledError):
        return not jobs_left(experiment)


def _spread(workers: int | None, experiment: Experiment) -> tuple[int, int]:
    """How many processes, and how many runs side by side in each.

    A painter that runs here needs a core of its own. Requests to a remote one are made from one process, which keeps to
    its limits (OVERPAINT_LIMITS).
    """
    many = workers or os.cpu_count() or 1
    painters = {settings["painter"].partition(":")[0] for settings in experiment.about["presets"].values()}
    return (many, 1) if painters & LOCAL else (1, many)


async def carry_out(experiment: Experiment, processes: int, side_by_side: int, progress: Progress) -> bool:
    """Do every job of an experiment that has no outcome yet.

    The first signal (Ctrl-C, SIGTERM) has the steps at work finished, the second cancels this.

    Args:
        experiment: whose outcomes are kept as they come.
        processes: how many workers.
        side_by_side: how many runs each has at a time.
        progress: is told of every outcome.

    Returns:
        False when a signal ended it before all was done.

    Raises:
        ProviderFault: a provider is dead, or failed the last runs; what it failed is left to be done.
        Held: another process works on this experiment.
        BadInput: something is wrong with this machine.
    """
    control, keeping = RunControl(), Keeping(experiment)
    with use_home(experiment.home), draining(control, lambda line: say(line, sys.stderr)):
        await asyncio.to_thread(open_home)
        crew = Crew(await asyncio.to_thread(jobs_left, experiment), experiment.home, processes, side_by_side)
        async with _alone_on(experiment), aclosing(crew.outcomes(control)) as outcomes:
            with progress:
                ticking = asyncio.create_task(_tick(progress))
                try:
                    async for outcome in outcomes:
                        await asyncio.to_thread(keeping.keep, outcome)
                        progress.on(outcome)
                finally:
                    ticking.cancel()
    if crew.left:
        return False
    keeping.end()
    return True


@asynccontextmanager
async def _alone_on(experiment: Experiment) -> AsyncIterator[None]:
    """Hold the lease on an experiment; this task is cancelled should it be lost."""
    task = asyncio.current_task()

    def on_lost() -> None:
        if task is not None:
            task.cancel()

    leases, name = Leases(open_database()), f"experiment {experiment.about['id']}"
    try:
        async with leases.held(name, on_lost):
            yield
    except Held as held:
        owner = await leases.holder(name)
        who = "process {1} on {0}".format(*host_and_pid(owner)) if owner else "another process"
        raise Held(f"{who} is working on this experiment: wait until it is done, or end it and try again.") from held


async def _tick(progress: Progress) -> None:
    while True:
        await asyncio.sleep(TICK_SECONDS)
        progress.tick()


class Keeping:
    """Keeps outcomes; those of runs that a provider failed only when a later run shows that it lives.

    So an experiment is not filled with the failures of a dead provider, and can be gone on with when it is back.
    """

    def __init__(self, experiment: Experiment) -> None:
        self._experiment = experiment
        self._held: list[Outcome] = []

    def keep(self, outcome: Outcome) -> None:
        """Take one outcome in.

        Raises:
            ProviderFault: the provider is dead.
            BadInput: the disk refused.
        """
        if outcome["stop_reason"] == "provider" and outcome["status"] == "failed":
            self._held.append(outcome)
            if len(self._held) >= DEAD_AFTER:
                self._give_up()
        elif outcome["status"] == "failed":
            self._experiment.add_outcome(outcome)
        else:
            self._let_go()
            self._experiment.add_outcome(outcome)

    def end(self) -> None:
        """No more will come.

        Raises:
            ProviderFault: the provider failed the last runs.
        """
        if self._held:
            self._give_up()

    def _let_go(self) -> None:
        for outcome in self._held:
            self._experiment.add_outcome(outcome)
        self._held.clear()

    def _give_up(self) -> None:
        failed = self._held[-1]
        many = f"the last {len(self._held)} runs" if len(self._held) > 1 else "the last run"
        raise ProviderFault(
            f"the provider failed {many}: {failed['error']} | They count for nothing; when it is back, go on with:"
            f" {self._experiment.resume_command}"
        )
