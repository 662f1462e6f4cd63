"""The judge's score as feedback on a run's trace: once, in the right project, and never in the way of the run."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from socket import create_server
from typing import Any

import pytest
from langchain_core.runnables import RunnableConfig
from langsmith import Client, trace, tracing_context, uuid7
from urllib3.util.retry import Retry

from overpaint import feedback
from overpaint.feedback import scores_of, send_feedback
from overpaint.result import Run
from tests.langsmith_server import LangSmith, langsmith_server


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is given up from an earlier test, and LangSmith's client does not log."""
    monkeypatch.setattr(feedback, "_given_up", set())
    caplog.set_level(logging.CRITICAL, "langsmith")


@pytest.fixture
def langsmith() -> Iterator[LangSmith]:
    with langsmith_server() as server:
        yield server


@pytest.fixture
def client(langsmith: LangSmith) -> Iterator[Client]:
    client = Client(langsmith.url, api_key="lsv2-of-this-test")
    yield client
    client.cleanup(timeout=10)


@pytest.fixture
def config() -> RunnableConfig:
    return {"run_id": uuid7()}


@pytest.fixture
def ended(told: Run) -> Run:
    """A run whose champion holds part of what was asked."""
    return replace(told, status="stopped")


async def sent(client: Client, config: RunnableConfig, run: Run, **context: Any) -> str:
    with tracing_context(enabled=True, client=client, **context):
        said = await send_feedback(config, scores_of(run))
    client.flush(timeout=10)
    return said


async def test_score_and_pass_go_to_the_run_in_its_project(
    langsmith: LangSmith, client: Client, config: RunnableConfig, ended: Run
) -> None:
    assert await sent(client, config, ended, project_name="paintings") == ""
    given = {one["key"]: one for one in langsmith.feedback}
    assert ended.champion is not None
    assert ended.champion["verdict"] is not None
    assert given["judge_score"]["score"] == pytest.approx(ended.champion["verdict"]["score"], abs=1e-4)
    assert given["passed"]["score"] == 0.0
    for one in langsmith.feedback:
        assert one["run_id"] == one["trace_id"] == str(config.get("run_id"))
        assert one["session_id"] == langsmith.projects["paintings"]["id"]


async def test_a_project_that_is_there_is_taken(
    langsmith: LangSmith, client: Client, config: RunnableConfig, ended: Run
) -> None:
    project = client.create_project("paintings")
    await sent(client, config, ended, project_name="paintings")
    assert {one["session_id"] for one in langsmith.feedback} == {str(project.id)}


async def test_within_another_trace_the_feedback_is_on_our_run_of_it(
    langsmith: LangSmith, client: Client, config: RunnableConfig, ended: Run
) -> None:
    with tracing_context(enabled=True, client=client), trace("outer", project_name="theirs") as outer:
        assert await send_feedback(config, scores_of(ended)) == ""
    client.flush(timeout=10)
    assert {one["run_id"] for one in langsmith.feedback} == {str(config.get("run_id"))}
    assert {one["trace_id"] for one in langsmith.feedback} == {str(outer.trace_id)}
    assert {one["session_id"] for one in langsmith.feedback} == {langsmith.projects["theirs"]["id"]}


async def test_nothing_is_sent_while_tracing_is_off(
    langsmith: LangSmith, client: Client, config: RunnableConfig, ended: Run
) -> None:
    with tracing_context(enabled=False, client=client):
        assert await send_feedback(config, scores_of(ended)) == ""
    assert set(langsmith.asked) <= {"GET /info"}


@pytest.mark.parametrize("change", [{"status": "waiting"}, {"status": "interrupted"}, {"champion": None}])
def test_a_run_that_goes_on_or_has_no_champion_has_no_score(ended: Run, change: dict[str, Any]) -> None:
    assert scores_of(ended)
    assert scores_of(replace(ended, **change)) == {}


def test_an_unjudged_champion_has_no_score(ended: Run) -> None:
    assert ended.champion is not None
    assert scores_of(replace(ended, champion={**ended.champion, "verdict": None})) == {}


async def test_a_langsmith_that_fails_is_told_once_and_not_asked_again(
    langsmith: LangSmith, client: Client, config: RunnableConfig, ended: Run
) -> None:
    langsmith.status = 403
    assert "not waited for again" in await sent(client, config, ended)
    asked = len(langsmith.asked)
    assert await sent(client, config, ended) == ""
    assert len(langsmith.asked) == asked


@pytest.mark.slow
async def test_a_langsmith_that_is_silent_is_waited_for_a_moment(
    config: RunnableConfig, ended: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feedback, "SECONDS", 0.2)
    with closing(create_server(("127.0.0.1", 0))) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        client = Client(
            address, api_key="k", info={}, auto_batch_tracing=False, timeout_ms=(1000, 1000), retry_config=Retry(0)
        )
        began = time.monotonic()
        assert "no answer in 0.2 s" in await sent(client, config, ended)
        assert time.monotonic() - began < 0.9
        _wait_for(lambda: not _working())
        client.close()


def _working() -> bool:
    return any(thread.name == "overpaint-feedback" for thread in threading.enumerate())


def _wait_for(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.05)
