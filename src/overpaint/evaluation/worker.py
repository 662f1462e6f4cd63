"""A worker process: it is sent jobs through a pipe, and answers with what became of each."""

from __future__ import annotations

import asyncio
import os
import signal
import traceback
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Literal

from langgraph.errors import GraphDrained
from langgraph.runtime import RunControl

from overpaint.draining import SIGNALS
from overpaint.evaluation.jobs import Job
from overpaint.evaluation.nouns import Outcome
from overpaint.evaluation.one_brief import run_brief
from overpaint.evaluation.outcome import failure
from overpaint.graph.toolbox import open_toolbox
from overpaint.tools.faults import BadInput, ProviderFault
from overpaint.tools.home import use_home
from overpaint.tools.leases import Held
from overpaint.tools.painters import PaintRequest

HELD_SECONDS = 1.0
"""How long to wait for a thread that the worker of a killed evaluation is just about to leave, before asking again."""
HELD_TRIES = 90


@dataclass(frozen=True)
class Answer:
    """What became of the job on a thread: its outcome, or none where it was left for later, or could not be done."""

    thread: str
    kind: Literal["outcome", "left", "bad input"]
    outcome: Outcome | None = None
    error: str = ""


def serve(pipe: Connection, home: Path) -> None:
    """Do jobs, several side by side if they are sent so, until None is sent or the other end is gone; then drain.

    Args:
        pipe: jobs come in, answers go out.
        home: the home folder of all runs.
    """
    for number in SIGNALS:  # those of a terminal reach all its processes: the one that gives the jobs decides
        signal.signal(number, signal.SIG_IGN)
    # Several threads in each of several processes would be in each other's way; and they change a picture's last bits.
    os.environ["OMP_NUM_THREADS"] = "1"
    asyncio.run(_serve(pipe, home))


async def _serve(pipe: Connection, home: Path) -> None:
    control, speaking, warm = RunControl(), asyncio.Lock(), False
    with use_home(home):
        async with asyncio.TaskGroup() as at_work:
            while (job := await asyncio.to_thread(_received, pipe)) is not None:
                warm = warm or await _warm_up(job)
                at_work.create_task(_answer(pipe, job, control, speaking))
            control.request_drain("the evaluation was ended")


async def _warm_up(job: Job) -> bool:
    """Have a painter that runs here load its weights, so that no brief is charged with the seconds it takes.

    Whatever is wrong with it, the job itself will tell.
    """
    with suppress(BadInput, ProviderFault):
        painter = await (await open_toolbox(job.settings)).painter()
        if painter.abilities.free:
            await painter.paint(PaintRequest(prompt=job.row["brief"], seed=0, steps=1))
    return True


def _received(pipe: Connection) -> Job | None:
    with suppress(EOFError, OSError):
        job: Job | None = pipe.recv()
        return job
    return None


async def _answer(pipe: Connection, job: Job, control: RunControl, speaking: asyncio.Lock) -> None:
    answer = await _done(job, control)
    async with speaking:
        with suppress(OSError):  # nobody listens any more; the run itself is kept
            await asyncio.to_thread(pipe.send, answer)


async def _done(job: Job, control: RunControl) -> Answer:
    for _ in range(HELD_TRIES):
        try:
            return Answer(job.thread, "outcome", await run_brief(job, control))
        except GraphDrained:
            return Answer(job.thread, "left")
        except Held as held:
            error = str(held)
        except BadInput as fault:
            return Answer(job.thread, "bad input", error=str(fault))
        except Exception as bug:  # noqa: BLE001  one brief that meets a fault of ours must not end all others
            traceback.print_exc()
            return Answer(job.thread, "outcome", failure(job, f"a fault of overpaint, please report it: {bug!r}", 0.0))
        if control.drain_requested:
            return Answer(job.thread, "left")
        await asyncio.sleep(HELD_SECONDS)
    return Answer(job.thread, "bad input", error=error)
