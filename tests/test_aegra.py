"""Aegra serves the graph and our routes on PostgreSQL, with the files in docs/deploy/aegra.

Needs an interpreter with aegra-api >= 0.11 (Python 3.12 or newer) and overpaint[postgres,serve]: OVERPAINT_AEGRA_PYTHON
names it, or it is the one that runs the tests.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
from langgraph_sdk import get_client

from tests.image_servers import OpenAIImages, openai_images
from tests.test_dev_server import free_port

FILES = Path(__file__).parent.parent / "docs" / "deploy" / "aegra"
BRIEF = {"brief": "one large red circle in the center"}
CAN = """
import overpaint.server.app
from importlib.metadata import version
assert tuple(map(int, version("aegra-api").split(".")[:2])) >= (0, 11), version("aegra-api")
"""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def python() -> str:
    """An interpreter that can run Aegra."""
    found = os.environ.get("OVERPAINT_AEGRA_PYTHON", sys.executable)
    tried = subprocess.run([found, "-c", CAN], capture_output=True, text=True, check=False, cwd=FILES)
    if tried.returncode:
        why = tried.stderr.strip().rpartition("\n")[2]
        pytest.skip(f"{found} has no aegra-api >= 0.11 beside overpaint ({why}): name one in OVERPAINT_AEGRA_PYTHON")
    return found


@pytest.fixture(scope="module")
def server(python: str, postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Aegra with one database for its tables and ours, as docs/deploying.md has it."""
    folder, port, name = tmp_path_factory.mktemp("aegra"), free_port(), f"test_{uuid.uuid4().hex}"
    with psycopg.connect(postgres_url, autocommit=True) as postgres:
        postgres.execute(f"CREATE DATABASE {name}".encode())
        url, database = f"http://127.0.0.1:{port}", urlsplit(postgres_url)._replace(path=f"/{name}").geturl()
        environment = {
            **os.environ,
            "DATABASE_URL": database,
            "OVERPAINT_DATABASE": database,
            "OVERPAINT_HOME": str(folder / "home"),
            "OVERPAINT_URL": url,
        }
        command = [python, "-m", "uvicorn", "aegra_api.main:app", "--port", str(port)]
        with (folder / "log").open("w") as log:
            process = subprocess.Popen(command, cwd=FILES, env=environment, stdout=log, stderr=log)
            deadline = time.monotonic() + 90
            while not healthy(url):
                if process.poll() is not None or time.monotonic() > deadline:
                    process.kill()
                    pytest.fail((folder / "log").read_text())
                time.sleep(0.2)
            yield url
            process.terminate()
            process.wait(30)
        postgres.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture(scope="module")
def painter() -> Iterator[OpenAIImages]:
    with openai_images() as images:
        yield images


def healthy(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", timeout=1).status_code == 200
    except httpx.TransportError:
        return False


def settings(painter: OpenAIImages, **more: Any) -> Any:
    return {"painter": "openai:m", "painter_base_url": painter.url, "max_images": 2, "seed": 1, **more}


async def test_a_run_pauses_for_a_person_and_is_streamed_kept_and_forked(server: str, painter: OpenAIImages) -> None:
    async with get_client(url=server) as client, httpx.AsyncClient(base_url=server) as web:
        assistant = (await client.assistants.search(graph_id="agent"))[0]
        schemas: Any = await client.assistants.get_schemas(assistant["assistant_id"])
        assert set(schemas["input_schema"]["properties"]) == {"brief", "image", "messages", "requirements"}
        assert "per_round" in schemas["context_schema"]["properties"]

        thread = (await client.threads.create())["thread_id"]
        parts = [
            part
            async for part in client.runs.stream(
                thread,
                "agent",
                input=BRIEF,
                context=settings(painter, review_checklist=True),
                stream_mode=["updates", "custom"],
                stream_subgraphs=True,
            )
        ]
        assert any("intake" in part.data for part in parts if part.event == "updates")
        state: Any = await client.threads.get_state(thread)
        assert state["next"] == ["review_checklist"]
        assert state["tasks"][0]["interrupts"][0]["value"]["action_requests"][0]["name"] == "use_checklist"

        ended: Any = await client.runs.wait(thread, "agent", command={"resume": "approve"})
        champion = ended["champion"]
        assert ended["receipt"]["images"] == 2
        assert f"({server}/images/{champion['image']['sha256']})" in ended["messages"][-1]["content"]
        history = await client.threads.get_history(thread, limit=100)
        assert ["review_checklist"] in [step["next"] for step in history]

        picture = await web.get(f"/images/{champion['image']['sha256']}")
        assert (picture.status_code, picture.headers["content-type"]) == (200, "image/png")
        assert "<html" in (await web.get("/")).text
        view = (await web.get(f"/overpaint/threads/{thread}")).json()
        assert view["candidates"][0]["id"] == "0.0"

        forked = (await web.post(f"/overpaint/threads/{thread}/fork", json={"start": "0.0"})).json()["thread"]
        await client.threads.create(thread_id=forked, if_exists="do_nothing")
        # Aegra takes a run without input only from a checkpoint; this names the thread's latest.
        latest: Any = {"checkpoint_ns": ""}
        again: Any = await client.runs.wait(forked, "agent", input=None, checkpoint=latest)
        assert again["run"] != ended["run"]
        assert again["receipt"]["images"] == 2


async def test_a_wrong_setting_is_named(server: str, painter: OpenAIImages) -> None:
    async with get_client(url=server) as client:
        thread = (await client.threads.create())["thread_id"]
        with pytest.raises(Exception, match="per_round"):
            await client.runs.wait(thread, "agent", input=BRIEF, context=settings(painter, per_round=99))
