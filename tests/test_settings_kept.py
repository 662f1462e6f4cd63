"""A run keeps the settings it was made with: resumed by another process, after an interrupt, by the dev server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from langgraph.runtime import RunControl
from langgraph_sdk import get_client

from overpaint.continuing import aresume
from overpaint.graph.flow import build_graph
from overpaint.graph.persistence import on_thread, open_checkpointer
from overpaint.graph.settings import Settings
from overpaint.result import Run
from overpaint.run import arefine, stream
from overpaint.runs import load_run
from tests.image_servers import OpenAIImages, openai_images
from tests.test_dev_server import ROOT, answers, free_port

BRIEF = "a red circle above a blue square"
ODD: dict[str, Any] = {
    "painter": "openai:odd",
    "seed": 77,
    "upsample": False,
    "raw_brief": False,
    "actions": "restart,reseed",
    "per_round": 2,
    "patience": None,
    "edit_depth": 3,
    "looks": 5,
    "max_images": 5,
    "max_calls": 400,
    "max_seconds": 1000.5,
    "on_unknown": "retry",
    "size": "64x64",
    "timeout": 33.0,
    "idempotent": False,
    "stop_when_passed": False,
}

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIImages]:
    with openai_images() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "a-key-of-this-test")
        yield server


async def left_half_way(settings: dict[str, Any]) -> Run:
    control, run = RunControl(), None
    async for event in stream(BRIEF, settings=settings, control=control):
        if event["kind"] == "judged":
            control.request_drain()
        run = event.get("run", run)
    assert isinstance(run, Run)
    assert run.status == "interrupted"
    return run


def kept(run: Run) -> None:
    """As given, and as they were acted on."""
    assert Settings.model_validate(run.settings) == Settings.model_validate(ODD)
    assert (run.stop_reason, run.receipt["images"]) == ("max_images", 5)
    assert {c["round"] for c in run.candidates} == {0, 1, 2}
    assert {c["action"] for c in run.candidates} <= {"start", "restart", "reseed"}
    assert {c["params"]["size"] for c in run.candidates} == {"64x64"}


async def test_a_run_resumed_by_another_process_keeps_its_settings(server: OpenAIImages) -> None:
    left = await left_half_way(ODD)
    program = f"import overpaint; overpaint.resume({left.run!r})"
    subprocess.run([sys.executable, "-W", "error", "-c", program], env=dict(os.environ), check=True, timeout=120)
    kept(await load_run())


async def test_a_run_keeps_its_settings_after_an_interrupt(server: OpenAIImages) -> None:
    odd = {**ODD, "review": "prompt"}
    run = await arefine(BRIEF, settings=odd)
    assert run.status == "waiting"
    run = await aresume(answer="approve")
    assert run.status == "waiting"
    assert Settings.model_validate(run.settings) == Settings.model_validate(odd)
    run = await aresume(answer="approve", settings={"review": "never"})
    kept(Run(**{**vars(run), "settings": {**run.settings, "review": ODD.get("review", "never")}}))


@pytest.mark.parametrize("context", [None, {}, {"per_round": 1}])
async def test_a_bare_graph_takes_only_what_is_named(server: OpenAIImages, context: dict[str, Any] | None) -> None:
    left = await left_half_way(ODD)
    async with open_checkpointer() as saver:
        graph = build_graph(saver)
        await graph.ainvoke(None, on_thread(left.thread), context=context)  # type: ignore[arg-type]
    run = await load_run()
    if context:
        assert Settings.model_validate(run.settings) == Settings.model_validate({**ODD, **context})
        assert (run.stop_reason, [c["id"] for c in run.candidates][2:]) == ("max_images", ["1.0", "2.0", "3.0"])
    else:
        kept(run)


@contextmanager
def dev_server(folder: Path) -> Iterator[str]:
    port = free_port()
    for name in ("graph", "pyproject.toml"):
        (folder / name).symlink_to(ROOT / name)
    config = json.loads((ROOT / "langgraph.json").read_text())
    config["checkpointer"] = {"path": f"{ROOT}/graph/persistence.py:open_checkpointer"}
    (folder / "langgraph.json").write_text(json.dumps({k: v for k, v in config.items() if k != "env"}))
    quiet = {"LANGGRAPH_CLI_NO_ANALYTICS": "1", "LANGGRAPH_NO_VERSION_CHECK": "1", "LANGSMITH_TRACING": "false"}
    # With it, LangGraph copies the server's wrapper of a saver, which recurses without end (langgraph-api 0.16).
    environment = {k: v for k, v in os.environ.items() if k != "LANGGRAPH_STRICT_MSGPACK"}
    command = [str(Path(sys.executable).parent / "langgraph"), "dev", "--no-browser", "--no-reload"]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [*command, "--port", str(port), "--n-jobs-per-worker", "4"],
            cwd=folder,
            env={**environment, **quiet},
            stdout=log,
            stderr=log,
        )
        url, deadline = f"http://127.0.0.1:{port}", time.monotonic() + 90
        try:
            while not answers(url):
                if process.poll() is not None or time.monotonic() > deadline:
                    pytest.fail((folder / "log").read_text())
                time.sleep(0.2)
            yield url
        finally:
            process.terminate()
            process.wait(30)


async def test_the_dev_server_goes_on_with_a_run_as_it_was_made(server: OpenAIImages, tmp_path: Path) -> None:
    left = await left_half_way(ODD)
    folder = tmp_path / "dev"
    folder.mkdir()
    with dev_server(folder) as url:
        async with get_client(url=url) as client:
            ended: Any = await client.runs.wait(left.thread, "agent", input=None)
            assert ended["ended"] == "max_images"
            assert ended["run"] == left.run
    kept(await load_run())
