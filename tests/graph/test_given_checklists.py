"""A checklist that comes with a brief: it is judged by, in that run alone, or it is refused."""

from __future__ import annotations

from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.runtime import Runtime

from overpaint.branching import afork
from overpaint.graph.checklists import read_checklist
from overpaint.graph.effective import refuse_unread
from overpaint.graph.flow import build_graph
from overpaint.graph.nodes.specify import specify
from overpaint.graph.persistence import on_thread
from overpaint.graph.settings import Settings
from overpaint.run import arefine
from overpaint.tools.faults import BadInput
from overpaint.tools.home import open_home
from tests.graph.test_controller import state

OTHER = ["a purple star", "a yellow diamond"]
UNREAD = ("score", "strict", "caption", "none")


@pytest.mark.parametrize("method", UNREAD)
def test_a_judge_that_reads_no_checklist_is_given_none(method: Any) -> None:
    settings = Settings(judge_method=method)
    with pytest.raises(BadInput, match=f"judge_method={method} reads no checklist"):
        refuse_unread(read_checklist(OTHER), settings)
    refuse_unread(None, settings)
    refuse_unread(read_checklist(OTHER), Settings())


@pytest.mark.parametrize(("method", "texts"), [("checklist", OTHER), ("strict", ["a brief"]), ("none", [])])
async def test_the_listed_requirements_are_taken_once_and_by_the_judge_that_reads_them(
    method: Any, texts: list[str]
) -> None:
    open_home()
    seen = state(run="r", listed=read_checklist(OTHER), settings=Settings(judge_method=method).kept)
    written = await specify(seen, Runtime())
    assert [r["text"] for r in written["checklist"]] == texts
    assert written["listed"] is None


async def test_it_is_refused_before_anything_is_painted_or_left_behind(home: Any) -> None:
    with pytest.raises(BadInput, match="judge_method=strict reads no checklist"):
        await arefine("a red circle", checklist=OTHER, preset="dspy-strict")
    assert not home.exists()


@pytest.mark.slow
async def test_the_graph_refuses_it_and_forgets_it() -> None:
    graph, config = build_graph(InMemorySaver()), on_thread("t")
    settings = Settings(judge_method="none", max_images=1, upsample=False)
    given: Any = {"brief": "a red circle", "requirements": OTHER}
    with pytest.raises(BadInput, match="judge_method=none reads no checklist"):
        await graph.ainvoke(given, config, context=settings)
    again: Any = {"brief": "a blue square"}
    await graph.ainvoke(again, config, context=settings.model_copy(update={"judge_method": "checklist"}))
    kept = (await graph.aget_state(config)).values
    assert "a blue square" in [r["text"] for r in kept["checklist"]]
    assert not {r["text"] for r in kept["checklist"]} & {*OTHER}
    assert (kept.get("requirements"), kept["listed"]) == (None, None)


@pytest.mark.slow
async def test_a_fork_takes_none_that_its_judge_would_not_read() -> None:
    one = await arefine("a red circle", settings={"seed": 1, "judge_method": "none"})
    with pytest.raises(BadInput, match="reads no checklist"):
        await afork(one.run, checklist=OTHER)
    two = await afork(one.run, checklist=OTHER, settings={"judge_method": "checklist", "max_images": 1})
    assert [r["text"] for r in two.checklist] == OTHER
    assert two.candidates[1]["action"] == "rejudge"
