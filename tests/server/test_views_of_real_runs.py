"""Views of runs that the built-in models made: against what Python says of them, and of a thread with several."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

import overpaint
from overpaint.cards import cards_of
from overpaint.graph.flow import build_graph
from overpaint.graph.persistence import on_thread, open_checkpointer
from overpaint.graph.settings import Settings
from overpaint.result import Run
from overpaint.runs import load_run
from overpaint.tools.home import use_home
from tests.server.app_client import get, seen

pytestmark = pytest.mark.slow

BRIEF, THEN = "a red circle and a blue square", "a green star"
SETTINGS = {"seed": 1, "max_images": 2, "rounds": 2, "stop_when_passed": False}


async def _made(home: Path) -> Run:
    """A run of two pictures, and in the same thread another brief after it."""
    run = await overpaint.arefine(BRIEF, settings=SETTINGS, home=home)
    with use_home(home):
        first = await load_run(run.run)
        async with open_checkpointer() as saver:
            given: Any = {"brief": THEN}
            await build_graph(saver).ainvoke(given, on_thread(run.thread), context=Settings(seed=2, max_images=1))
    return first


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The first run of the thread, as it ended."""
    return asyncio.run(_made(tmp_path_factory.mktemp("real") / "home"))


@pytest.fixture(autouse=True)
def _same_home(first: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERPAINT_HOME", str(first.images.parent))


async def test_a_view_says_what_python_says_of_a_run(first: Run) -> None:
    view = await seen(first.thread, run=first.run)
    assert (view["run"], view["status"], view["why"], view["brief"]) == (first.run, first.status, first.why, BRIEF)
    assert (view["checklist"], view["receipt"], view["settings"]) == (first.checklist, first.receipt, first.settings)
    assert [one["id"] for one in view["candidates"]] == [one["id"] for one in first.candidates]
    assert first.champion is not None
    assert [one["id"] for one in view["candidates"] if one["champion"]] == [first.champion["id"]]
    for shown, card in zip(view["candidates"], cards_of(first), strict=True):
        assert [mark["symbol"] for mark in shown["marks"]] == [mark.symbol for mark in card.marks]
        assert "".join(word["text"] for word in shown["words"] if word["change"] != "gone")
        assert shown["image"]["sha256"] == card.record["image"]["sha256"]  # type: ignore[index]


async def test_a_thread_tells_all_its_runs_and_shows_the_latest(first: Run) -> None:
    view = await seen(first.thread)
    assert (view["brief"], view["runs"]) == (THEN, [first.run, view["run"]])
    assert (await seen(first.thread, run=view["run"])) == view
    assert view["messages"][0] == {"role": "user", "text": BRIEF}
    assert (await get(f"/overpaint/threads/{first.thread}", run=view["run"][:8])).status_code == 404
    for what in ("sheet", "export"):
        assert (await get(f"/overpaint/threads/{first.thread}/{what}", run=first.run)).status_code == 200


async def test_nothing_of_a_picture_is_in_a_view(first: Run) -> None:
    answer = await get(f"/overpaint/threads/{first.thread}")
    assert "base64" not in answer.text
    assert len(answer.content) < 20_000
