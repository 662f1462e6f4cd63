"""Views beside LangGraph's own routes, on a real server: a thread that only LangGraph knows; forks that it drives."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import overpaint
from overpaint.result import Run
from tests.server.live import live_server

pytestmark = pytest.mark.slow

SETTINGS = {"seed": 1, "max_images": 1}


@pytest.fixture(scope="module")
def parent(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of the command line's, so to say."""
    home = tmp_path_factory.mktemp("live") / "home"
    return asyncio.run(overpaint.arefine("a red circle", settings=SETTINGS, home=home))


@pytest.fixture(scope="module")
def url(parent: Run) -> Iterator[str]:
    with live_server(parent.images.parent) as address:
        yield address


@pytest.fixture
def home(parent: Run) -> Path:
    return parent.images.parent


@pytest.fixture
async def client(url: str) -> Any:
    async with httpx.AsyncClient(base_url=url, timeout=60) as one:
        yield one


async def drive(client: httpx.AsyncClient, thread: str, **context: Any) -> dict[str, Any]:
    """Let the server go on with a thread, and see what it came to."""
    body = {"assistant_id": "agent", "input": None, "context": context}
    answer = await client.post(f"/threads/{thread}/runs/wait", json=body)
    assert answer.status_code == 200, answer.text
    return await view(client, thread)


async def view(client: httpx.AsyncClient, thread: str) -> dict[str, Any]:
    answer = await client.get(f"/overpaint/threads/{thread}")
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def test_a_thread_that_has_no_checkpoint_yet_is_starting(client: httpx.AsyncClient) -> None:
    thread = (await client.post("/threads", json={})).json()["thread_id"]
    told = await view(client, thread)
    assert (told["status"], told["run"], told["candidates"]) == ("starting", None, [])
    assert told.keys() == (await view(client, (await _latest(client))["thread"])).keys()
    for nobody in (str(uuid.uuid4()), "nobody"):
        assert (await client.get(f"/overpaint/threads/{nobody}")).status_code == 404


async def test_a_setting_that_was_refused_before_anything_was_written_is_told(client: httpx.AsyncClient) -> None:
    thread = (await client.post("/threads", json={})).json()["thread_id"]
    body = {"assistant_id": "agent", "input": {"brief": "a red circle"}, "context": {"size": "wide"}}
    await client.post(f"/threads/{thread}/runs/wait", json=body)
    told = await view(client, thread)
    assert (told["status"], told["refused"], told["run"], told["brief"]) == ("failed", True, None, "a red circle")
    assert told["error"].startswith("setting 'size' cannot be 'wide'")


async def test_a_brief_that_the_models_refuse_has_failed_in_the_list_too(client: httpx.AsyncClient) -> None:
    thread = (await client.post("/threads", json={})).json()["thread_id"]
    body = {"assistant_id": "agent", "input": {"brief": "a photo of a cat"}, "context": SETTINGS}
    await client.post(f"/threads/{thread}/runs/wait", json=body)
    told = await view(client, thread)
    assert (told["status"], told["refused"], (await _latest(client))["status"]) == ("failed", True, "failed")
    assert told["error"].startswith("the brief says 'cat'")


async def test_a_fork_is_known_to_langgraph_which_drives_it(client: httpx.AsyncClient, parent: Run) -> None:
    wanted = {"start": "0.0", "prompt": "a large red circle at the top", "settings": {"stop_when_passed": False}}
    answer = await client.post(f"/overpaint/threads/{parent.thread}/fork", json=wanted)
    assert answer.status_code == 201, answer.text
    told = await drive(client, answer.json()["thread"])
    assert (told["status"], told["forked_from"]["thread"]) == ("passed", parent.thread)
    assert told["candidates"][1]["prompt"] == wanted["prompt"]
    assert (await view(client, parent.thread))["children"][0]["run"] == told["run"]


async def test_a_run_that_ended_goes_on_with_a_raised_cap(client: httpx.AsyncClient, parent: Run) -> None:
    before = await view(client, parent.thread)
    more = {"max_images": 2, "stop_when_passed": False}
    assert (await client.post(f"/overpaint/threads/{parent.thread}/reopen", json={"settings": more})).status_code == 200
    after = await drive(client, parent.thread, **more)
    assert (len(before["candidates"]), len(after["candidates"])) == (1, 2)
    assert after["run"] == before["run"]


async def _latest(client: httpx.AsyncClient) -> dict[str, Any]:
    told: dict[str, Any] = (await client.get("/overpaint/threads", params={"limit": 1})).json()["threads"][0]
    return told
