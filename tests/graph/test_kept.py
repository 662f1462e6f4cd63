"""Which runs there are and how each is found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from overpaint.graph.flow import build_graph
from overpaint.graph.kept import find_run, kept_runs, read_history, read_thread
from overpaint.graph.persistence import on_thread, open_checkpointer
from overpaint.tools.faults import BadInput


async def keep(thread: str, *runs: str, as_node: str = "candidate") -> None:
    async with open_checkpointer() as saver:
        for run in runs:
            values: dict[str, Any] = {"run": run, "asked": {"text": run, "image": None}}
            await build_graph(saver).aupdate_state(on_thread(thread), values, as_node=as_node)


async def test_without_a_database_there_is_no_run_and_none_is_made(home: Path) -> None:
    assert await kept_runs() == []
    with pytest.raises(BadInput, match="no run yet"):
        await find_run(None)
    assert not home.exists()


@pytest.mark.slow
async def test_runs_are_listed_latest_first_and_found_by_the_start_of_their_id() -> None:
    await keep("a", "abc1")
    await keep("b", "abd2")
    await keep("a", "abc1")
    assert [kept.values["run"] for kept in await kept_runs()] == ["abc1", "abd2"]
    assert (await find_run(None)).values["run"] == "abc1"
    assert (await find_run("abd")).thread == "b"
    for name, reason in (("ab", "2 runs start with 'ab'"), ("zz", "no run 'zz'"), ("bc1", "no run 'bc1'")):
        with pytest.raises(BadInput, match=reason):
            await find_run(name)


async def test_a_thread_shows_its_latest_run_and_one_without_a_run_is_left_out() -> None:
    await keep("a", "first", "second")
    async with open_checkpointer() as saver:
        await build_graph(saver).aupdate_state(on_thread("empty"), {"round": 1}, as_node="candidate")
    assert [kept.values["run"] for kept in await kept_runs()] == ["second"]


async def test_a_history_is_told_oldest_first_and_each_can_be_read() -> None:
    await keep("a", "one", "two", "three")
    async with open_checkpointer() as saver:
        graph = build_graph(saver)
        history = await read_history(graph, "a")
        assert [kept.values["run"] for kept in history] == ["one", "two", "three"]
        assert [kept.parent for kept in history] == [None, history[0].checkpoint, history[1].checkpoint]
        assert history[0].checkpoint < history[1].checkpoint < history[2].checkpoint
        assert await read_thread(graph, "a", history[1].checkpoint) == history[1]
        newest = await read_thread(graph, "a")
    assert (newest, newest.next, newest.waiting) == (history[2], ("decide",), False)
