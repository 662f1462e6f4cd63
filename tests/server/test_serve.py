"""`overpaint serve`: what it refuses, what it keeps where, and what a run loses when it ends or is killed: nothing."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from langgraph_sdk import get_client

from overpaint.cli import main
from overpaint.continuing import aresume
from overpaint.runs import load_run
from overpaint.server.serve_command import warn_of_links
from overpaint.server.server_config import server_config
from tests.image_servers import OpenAIImages, openai_images
from tests.server.live import free_port, live_process

ROOT = Path(__file__).parent.parent.parent
BRIEF = {"brief": "a red circle"}


async def begun(url: str, images: OpenAIImages, pictures: int) -> tuple[str, str]:
    """A run whose painter was asked for the last of some pictures, and has not answered."""
    settings: Any = {"painter": "openai:m", "painter_base_url": images.url, "max_images": 3, "mode": "full", "seed": 1}
    async with get_client(url=url) as client:
        thread = (await client.threads.create())["thread_id"]
        run = await client.runs.create(thread, "agent", input=BRIEF, context=settings, durability="sync")
        while len(images.paid) < pictures:
            await asyncio.sleep(0.02)
    return thread, run["run_id"]


async def finished(url: str, thread: str) -> Any:
    """The state at the end of a run that was killed.

    LangGraph's server writes down which runs it has every ten seconds, and takes up by itself those it knows of.
    """
    async with get_client(url=url) as client:
        assert [each["thread_id"] for each in await client.threads.search()] == [thread]
        for known in await client.runs.list(thread):
            await client.runs.join(thread, known["run_id"])
        if (await client.threads.get_state(thread))["next"]:
            await client.runs.wait(thread, "agent", input=None)
        return (await client.threads.get_state(thread))["values"]


def requests_of(images: OpenAIImages) -> set[str]:
    return {json.dumps(paid.asked, sort_keys=True) for paid in images.paid}


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_a_run_goes_on_by_itself_when_the_server_was_ended_and_starts_again(home: Path) -> None:
    with openai_images(delay=1.0) as images:
        with live_process(home) as served:
            thread, run = asyncio.run(begun(served.url, images, pictures=2))
            served.end(signal.SIGTERM)
            assert len(images.delivered) == 2  # the picture on its way was waited for
        with live_process(home) as served:
            deadline = time.monotonic() + 60
            while (told := httpx.get(f"{served.url}/threads/{thread}/runs/{run}").json())["status"] != "success":
                assert told["status"] in ("pending", "running")
                assert time.monotonic() < deadline
                time.sleep(0.2)
            state = httpx.get(f"{served.url}/threads/{thread}/state").json()["values"]
    assert state["ended"] == "max_images"
    assert state["receipt"]["images"] == len(images.paid) == len(requests_of(images)) == 3
    assert state["receipt"]["unknown"] == 0


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize("by", ["server", "command line"])
def test_a_run_of_a_server_that_was_killed_is_taken_up_again_and_nothing_is_paid_twice(home: Path, by: str) -> None:
    with openai_images(delay=1.0) as images:
        with live_process(home) as served:
            thread, _ = asyncio.run(begun(served.url, images, pictures=2))
            served.end(signal.SIGKILL)
        assert asyncio.run(load_run()).status == "interrupted"
        if by == "command line":
            receipt: Any = asyncio.run(aresume()).receipt
        else:
            with live_process(home) as served:
                receipt = asyncio.run(finished(served.url, thread))["receipt"]
    assert receipt["images"] == len(images.paid) == len(requests_of(images)) == 3
    assert receipt["unknown"] == 1  # whether it was paid nobody can tell, so it is not asked for again


@pytest.mark.slow
def test_a_server_keeps_everything_in_its_home_for_itself_and_ends_at_ctrl_c_with_clients_connected(home: Path) -> None:
    with openai_images(delay=0.5) as images, live_process(home) as served:
        thread, run = asyncio.run(begun(served.url, images, pictures=1))
        second = [sys.executable, "-m", "overpaint", "serve", "--port", str(free_port())]
        refused = subprocess.run(second, capture_output=True, text=True, check=False, timeout=60)
        assert (refused.returncode, refused.stdout) == (2, "")
        assert f"another server runs on {home}" in refused.stderr
        with httpx.stream("GET", f"{served.url}/threads/{thread}/runs/{run}/stream", timeout=10):
            served.end(signal.SIGINT)
        assert served.process.returncode == 0
        assert (home / "server" / ".langgraph_api").is_dir()
        assert {each.name for each in home.parent.iterdir()} == {home.name, served.log.name}
        printed = served.log.read_text()
    assert printed.startswith(f"overpaint: {served.url}")
    assert "Traceback" not in printed


def test_the_same_is_served_as_langgraph_json_says() -> None:
    written = json.loads((ROOT / "langgraph.json").read_text())
    assert {name: written[name] for name in server_config()} == server_config()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com"])
def test_where_others_could_reach_it_keys_are_needed(host: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--host", host]) == 2
    assert "set OVERPAINT_API_KEYS" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("host", "url", "said"),
    [("0.0.0.0", "", 1), ("::", "", 1), ("127.0.0.1", "", 0), ("0.0.0.0", "https://pictures.example", 0)],
)
def test_links_that_others_cannot_open_are_told_of(
    host: str, url: str, said: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OVERPAINT_URL", url)
    warn_of_links(host, "http://127.0.0.1:2024")
    told = capsys.readouterr().err
    assert (told.count("\n"), told.count("set OVERPAINT_URL")) == (said, said)


def test_a_port_in_use_is_told_in_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert main(["serve", "--port", str(port)]) == 2
    told = capsys.readouterr().err
    assert f"cannot listen on port {port} of 127.0.0.1" in told
    assert told.count("\n") == 1


@pytest.mark.parametrize("port", ["0", "-1", "65536"])
def test_a_port_that_is_none_is_refused(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--port", port]) == 2
    assert "from 1 to 65535" in capsys.readouterr().err
