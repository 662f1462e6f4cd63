"""`langgraph dev` serves the graph and our own app: schemas Studio can draw, a pause before decide, and a resume."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from langgraph_sdk import get_client

from tests.image_servers import openai_images

ROOT = Path(__file__).parent.parent

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/ok", timeout=1).status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A dev server that keeps its home in its current folder; what it prints lies in a file that a failing start shows."""
    folder, port = tmp_path_factory.mktemp("dev"), free_port()
    # The server keeps its own state in the current folder, so it gets one that looks like the checkout.
    for name in ("langgraph.json", "graph", "pyproject.toml"):
        (folder / name).symlink_to(ROOT / name)
    environment = {
        **{k: v for k, v in os.environ.items() if k != "OVERPAINT_HOME"},
        "LANGGRAPH_CLI_NO_ANALYTICS": "1",
        "LANGGRAPH_NO_VERSION_CHECK": "1",
        "LANGSMITH_TRACING": "false",
        "LANGGRAPH_STRICT_MSGPACK": "true",
    }
    command = [str(Path(sys.executable).parent / "langgraph"), "dev", "--no-browser"]
    options = ["--no-reload", "--port", str(port), "--n-jobs-per-worker", "4"]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([*command, *options], cwd=folder, env=environment, stdout=log, stderr=log)
        url, deadline = f"http://127.0.0.1:{port}", time.monotonic() + 90
        while not answers(url):
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                pytest.fail((folder / "log").read_text())
            time.sleep(0.2)
        yield url
        process.terminate()
        process.wait(20)


async def test_studio_gets_schemas_with_every_setting_on_its_node(server: str) -> None:
    async with get_client(url=server) as client:
        assistant = (await client.assistants.search(graph_id="agent"))[0]
        schemas: dict[str, Any] = dict(await client.assistants.get_schemas(assistant["assistant_id"]))
        assert set(schemas["input_schema"]["properties"]) == {"brief", "image", "messages", "requirements"}
        assert "champion" in schemas["output_schema"]["properties"]
        settings = schemas["context_schema"]["properties"]
        assert settings["per_round"]["maximum"] == 32
        assert settings["judge"]["langgraph_nodes"] == ["judge"]
        assert all(field["description"] for field in settings.values())


async def test_our_own_app_is_served_beside_langgraphs_routes(server: str) -> None:
    async with httpx.AsyncClient(base_url=server) as client:
        page, options = await client.get("/"), await client.get("/overpaint/options")
    assert page.headers["content-type"].startswith("text/html")
    assert options.json()["presets"]


async def test_a_run_pauses_before_decide_and_goes_on(server: str) -> None:
    async with get_client(url=server) as client:
        thread = (await client.threads.create())["thread_id"]
        asked = {"brief": "a red circle above a blue square"}
        await client.runs.wait(thread, "agent", input=asked, context={"seed": 5}, interrupt_before=["decide"])
        paused = await client.threads.get_state(thread)
        assert paused["next"] == ["decide"]
        values: Any = paused["values"]
        assert values["checklist"]
        assert values["prompt"]
        ended: Any = await client.runs.wait(thread, "agent", input=None)
        assert ended["ended"] == "passed"
        assert ended["champion"]["image"]["sha256"]
        assert "![" in ended["messages"][-1]["content"]


async def test_a_chat_message_is_a_brief_and_a_wrong_setting_is_named(server: str) -> None:
    async with get_client(url=server) as client:
        thread = (await client.threads.create())["thread_id"]
        said: Any = {"messages": [{"role": "user", "content": "a green star"}]}
        ended: Any = await client.runs.wait(thread, "agent", input=said)
        assert ended["champion"]["image"]["sha256"]
        with pytest.raises(Exception, match="per_round"):
            await client.runs.wait(thread, "agent", input=said, context={"per_round": 99})


async def test_a_painter_behind_http_paints(server: str) -> None:
    with openai_images() as images:
        async with get_client(url=server) as client:
            thread = (await client.threads.create())["thread_id"]
            context: Any = {"painter": "openai:m", "painter_base_url": images.url, "max_images": 1}
            ended: Any = await client.runs.wait(thread, "agent", input={"brief": "a red circle"}, context=context)
            assert ended["champion"]["image"]["sha256"] in images.delivered
