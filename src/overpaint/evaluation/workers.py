"""Worker processes: they are given jobs as they become free, and replaced when they die."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path

from langgraph.runtime import RunControl

from overpaint.evaluation.jobs import Job
from overpaint.evaluation.nouns import Outcome
from overpaint.evaluation.outcome import failure
from overpaint.evaluation.worker import Answer, serve
from overpaint.tools.faults import BadInput

MOST_DEATHS = 3
"""How many workers may die over one job before it has failed; and how many of each, one after the other, before all
have."""
POLL_SECONDS = 0.2
GOODBYE_SECONDS = 5.0
LAST_SECONDS = 1.0


@dataclass
class Worker:
    """A process and the jobs it has, by thread."""

    process: BaseProcess
    pipe: Connection
    jobs: dict[str, Job] = field(default_factory=dict)


class Crew:
    """The workers of one evaluation.

    Args:
        jobs: all that is to be done.
        home: the home folder of its runs.
        processes: how many workers.
        side_by_side: how many jobs each has at a time.
    """

    def __init__(self, jobs: Sequence[Job], home: Path, processes: int, side_by_side: int) -> None:
        self._waiting = deque(jobs)
        self._home, self._processes, self._side_by_side = home, processes, side_by_side
        self._workers: list[Worker] = []
        self._deaths: Counter[str] = Counter()
        self._deaths_in_a_row = 0
        self._drained = False

    @property
    def left(self) -> int:
        """How many jobs are still to be done."""
        return len(self._waiting) + sum(len(worker.jobs) for worker in self._workers)

    async def outcomes(self, control: RunControl) -> AsyncGenerator[Outcome, None]:
        """Have all jobs done; outcomes come as they are ready.

        Workers are gone when this ends; when it is left before, they are killed.

        Args:
            control: when it asks for a drain, no job is begun any more, and those at work end after their step.

        Raises:
            BadInput: something is wrong with this machine, or workers die whatever they do.
        """
        try:
            while self._is_busy(control):
                self._hand_out(control)
                for worker in await asyncio.to_thread(self._that_speak):
                    for outcome in self._heard(worker):
                        yield outcome
            await asyncio.to_thread(self._dismiss)
        finally:
            _end(self._workers)

    def _is_busy(self, control: RunControl) -> bool:
        at_work = any(worker.jobs for worker in self._workers)
        return at_work or bool(self._waiting and not control.drain_requested)

    def _hand_out(self, control: RunControl) -> None:
        if control.drain_requested and not self._drained:
            self._drained = True
            self._send_all_home()
        while not self._drained and self._waiting and (free := self._free()) is not None:
            job = self._waiting.popleft()
            free.jobs[job.thread] = job
            _send(free, job)

    def _send_all_home(self) -> None:
        for worker in self._workers:
            _send(worker, None)

    def _dismiss(self) -> None:
        """Let workers that have nothing left to do end by themselves."""
        self._send_all_home()
        for worker in self._workers:
            worker.process.join(GOODBYE_SECONDS)

    def _free(self) -> Worker | None:
        if len(self._workers) < self._processes:
            self._workers.append(_start(self._home))
            return self._workers[-1]
        return next((worker for worker in self._workers if len(worker.jobs) < self._side_by_side), None)

    def _that_speak(self) -> list[Worker]:
        ready = wait([worker.pipe for worker in self._workers], POLL_SECONDS)
        return [worker for worker in self._workers if worker.pipe in ready]

    def _heard(self, worker: Worker) -> list[Outcome]:
        try:
            answer: Answer = worker.pipe.recv()
        except (EOFError, OSError):
            return self._bereft(worker)
        job = worker.jobs.pop(answer.thread)
        if answer.kind == "bad input":
            raise BadInput(answer.error)
        if answer.outcome is None:
            self._waiting.append(job)
            return []
        self._deaths_in_a_row = 0
        return [answer.outcome]

    def _bereft(self, worker: Worker) -> list[Outcome]:
        """Of a worker that died: its jobs go to others, which take up what it had done, or have failed."""
        _end([worker])
        self._workers.remove(worker)
        if not worker.jobs:
            return []
        self._deaths.update(worker.jobs.keys())
        self._deaths_in_a_row += 1
        died = f"exit code {worker.process.exitcode}"
        if self._deaths_in_a_row > MOST_DEATHS * self._processes:
            raise BadInput(
                f"worker processes die one after the other ({died}): is there memory enough? Try --workers 1"
            )
        lost = [job for job in worker.jobs.values() if self._deaths[job.thread] >= MOST_DEATHS]
        self._waiting.extend(job for job in worker.jobs.values() if job not in lost)
        return [failure(job, f"{MOST_DEATHS} processes died of it, the last with {died}", 0.0) for job in lost]


def _start(home: Path) -> Worker:
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs, home), daemon=True)
    process.start()
    theirs.close()
    return Worker(process, ours)


def _send(worker: Worker, job: Job | None) -> None:
    with suppress(OSError):  # it has died, which its end of the pipe tells
        worker.pipe.send(job)


def _end(workers: Sequence[Worker]) -> None:
    """Let workers end by themselves, which leaves nothing behind that Python would warn of; kill those that do not."""
    for worker in workers:
        worker.pipe.close()
    deadline = time.monotonic() + LAST_SECONDS
    for worker in workers:
        worker.process.join(max(0.0, deadline - time.monotonic()))
        worker.process.kill()
        worker.process.join()
