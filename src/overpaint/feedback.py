"""The judge's word on a run, sent to LangSmith beside its trace where tracing is on: best effort, never for long."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Thread
from typing import TYPE_CHECKING
from uuid import UUID

from langchain_core.runnables import RunnableConfig
from langchain_core.tracers.langchain import get_client
from langsmith import get_tracing_context
from langsmith.utils import LangSmithNotFoundError, get_tracer_project, tracing_is_enabled

from overpaint.tools.provider_errors import scrubbed

if TYPE_CHECKING:
    from langsmith import Client
    from langsmith.schemas import TracerSession

    from overpaint.result import Run

SECONDS = 5.0
"""How long the end of a run may wait for LangSmith to name the project."""

_given_up: set[str] = set()
"""Addresses of LangSmith that failed once: no later run of this process waits for them again."""


@dataclass(frozen=True)
class Place:
    """Where a trace lies: LangSmith's project, the whole trace, and our run of the graph in it."""

    client: Client
    project: str
    trace: UUID
    run: UUID


async def send_feedback(config: RunnableConfig, scores: Mapping[str, float]) -> str:
    """Add scores to the trace of a run.

    Nothing is done where tracing is off, or where LangSmith failed before in this process. LangSmith's client sends
    what it was given in the background, after the trace, and holds up the end of the process until it has.

    Args:
        config: what the graph was invoked with; its `run_id` is that of the trace.
        scores: by LangSmith's keys, such as those of `scores_of`; nothing is sent without any.

    Returns:
        Why it could not be done; empty otherwise.
    """
    traced_as = config.get("run_id")
    if tracing_is_enabled() is not True or traced_as is None or not scores:
        return ""
    place = _place(traced_as)
    if place.client.api_url in _given_up:
        return ""
    try:
        await asyncio.wait_for(_in_thread(place, scores), SECONDS)
    except Exception as error:  # noqa: BLE001  whatever its client met, the run is done and paid for
        _given_up.add(place.client.api_url)
        reason = scrubbed(str(error) or f"no answer in {SECONDS:g} s", 200)
        return f"LangSmith was not told the scores, and is not waited for again: {reason}"
    return ""


def scores_of(run: Run) -> dict[str, float]:
    """What the judge said: `judge_score` of the champion, and whether the run `passed`.

    Empty for a run that goes on, and where no champion was judged.
    """
    if run.status not in ("passed", "stopped", "failed") or run.champion is None:
        return {}
    verdict = run.champion["verdict"]
    score = None if verdict is None else verdict["score"]
    return {} if score is None else {"judge_score": score, "passed": float(run.status == "passed")}


def _place(run: UUID) -> Place:
    """Where LangChain's tracer puts the trace: in the context's project and trace, else in those of the environment."""
    context = get_tracing_context()
    parent = context["parent"]
    project = parent.session_name if parent else context["project_name"] or get_tracer_project()
    return Place(context["client"] or get_client(), str(project), parent.trace_id if parent else run, run)


async def _in_thread(place: Place, scores: Mapping[str, float]) -> None:
    """Send in a thread that nobody has to wait for: a process ends without it, unlike asyncio's own threads."""
    sent: Future[None] = Future()

    def work() -> None:
        try:
            _send(place, scores)
        except Exception as error:  # noqa: BLE001  it is raised where it is waited for
            _settle(sent, error)
        else:
            _settle(sent, None)

    Thread(target=work, daemon=True, name="overpaint-feedback").start()
    await asyncio.wrap_future(sent)


def _settle(sent: Future[None], error: Exception | None) -> None:
    """Say how it ended, unless nobody waits any more."""
    if not sent.set_running_or_notify_cancel():
        return
    if error is None:
        sent.set_result(None)
    else:
        sent.set_exception(error)


def _send(place: Place, scores: Mapping[str, float]) -> None:
    project = _project_of(place).id
    for key, score in scores.items():
        place.client.create_feedback(
            run_id=place.run, trace_id=place.trace, session_id=project, key=key, score=score, stop_after_attempt=1
        )


def _project_of(place: Place) -> TracerSession:
    """LangSmith's project. It makes one when the first trace arrives, which may take a moment."""
    project: TracerSession
    try:
        project = place.client.read_project(project_name=place.project)
    except LangSmithNotFoundError:
        project = place.client.create_project(place.project, upsert=True)
    return project
