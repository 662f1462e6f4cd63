"""The app as a whole: the shape of errors that no route of its own tells, and its beginning and end."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.runnables import RunnableConfig
from langgraph_sdk.runtime import ServerRuntime, _ExecutionRuntime
from starlette.requests import Request

from overpaint.server.app import app, lifespan, told
from overpaint.server.served import agent, serving
from overpaint.tools.faults import ProviderFault
from overpaint.tools.home import open_home
from tests.server.app_client import app_client, get, post

STORE: Any = None
RUN: ServerRuntime[Any] = _ExecutionRuntime(access_context="threads.create_run", store=STORE)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/overpaint/nothing", 404), ("DELETE", "/overpaint/options", 405), ("GET", "/mcp/nothing", 404)],
)
async def test_what_there_is_not_is_told_like_all_else(method: str, path: str, status: int) -> None:
    async with app_client() as client:
        answer = await client.request(method, path)
    assert answer.status_code == status
    assert answer.json().keys() == {"error"}
    assert answer.json()["error"]["message"]


async def test_the_images_api_says_so_in_its_own_way() -> None:
    async with app_client() as client:
        answer = await client.options("/v1/models")
    assert (answer.status_code, answer.json()["error"]["code"]) == (405, "method_not_allowed")


async def test_langgraphs_paths_keep_its_shape() -> None:
    assert (await get("/threads/nothing")).json() == {"detail": "Not Found"}


@pytest.fixture
def damaged(home: Path) -> Path:
    """A database that is none."""
    file = open_home() / "overpaint.db"
    file.write_bytes(b"no database" * 1000)
    return file


@pytest.mark.parametrize("path", ["/overpaint/threads", "/threads/5b3e4b3c-7c53-4a6e-9b0f-2f4a4c9d0c11/state"])
async def test_a_database_that_fails_is_no_fault_of_the_caller_and_is_not_shown(
    path: str, damaged: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OVERPAINT_API_KEYS", "alice:wonder")
    answer = await get(path, "wonder")
    assert answer.status_code == 503
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "database" in answer.json()["error"]["message"]
    assert damaged.name not in answer.text
    assert str(damaged) in caplog.text


async def test_the_images_api_does_not_show_it_either(damaged: Path) -> None:
    answer = await post("/v1/images/generations", {"prompt": "a red circle"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")
    assert damaged.name not in answer.text


async def test_a_provider_that_failed_is_a_bad_gateway() -> None:
    answer = await told(Request({"type": "http"}), ProviderFault("the painter is gone"))
    assert (answer.status_code, answer.body) == (502, b'{"error":{"message":"the painter is gone"}}')


@pytest.fixture
def stopping() -> Iterator[None]:
    """For tests after which the server of this process has stopped."""
    yield
    serving()


async def begins_to_stop() -> bool:
    """Whether a run that begins now ends before its first step."""
    config: RunnableConfig = {"configurable": {"thread_id": str(uuid.uuid4())}}
    async with agent(config, RUN) as run:
        return bool(run.config["configurable"]["__pregel_runtime"].control.drain_requested)  # type: ignore[index]


async def test_an_app_that_was_stopped_serves_again(stopping: None) -> None:
    for _ in range(2):
        async with lifespan(app):
            assert not await begins_to_stop()
    assert await begins_to_stop()


async def test_whatever_ends_the_app_its_runs_are_drained(stopping: None) -> None:
    async def failing() -> None:
        async with lifespan(app):
            raise KeyError("something else failed")

    with pytest.raises(ExceptionGroup, match="TaskGroup"):
        await failing()
    assert await begins_to_stop()
