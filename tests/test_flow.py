"""The whole loop on the real tiny model: one graph, real pictures, real SQLite, nothing mocked."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from langgraph.checkpoint.memory import InMemorySaver

from overpaint.graph.flow import build_graph
from overpaint.graph.persistence import on_thread, open_checkpointer
from overpaint.graph.settings import Settings
from overpaint.run import arefine, refine, stream
from overpaint.runs import load_run, load_runs
from overpaint.tools.faults import BadInput

BRIEF = "two red circles above a blue square"

pytestmark = pytest.mark.slow


async def test_a_brief_becomes_a_picture_that_shows_it(home: Path, tmp_path: Path) -> None:
    run = await arefine(BRIEF, settings={"seed": 7}, out=tmp_path / "out")
    assert run.status == "passed"
    assert run.champion is not None
    assert run.champion["verdict"] is not None
    assert run.champion["verdict"]["passed"] is True
    picture = run.image_path(run.champion)
    assert picture is not None
    assert (tmp_path / "out" / "champion.png").read_bytes() == picture.read_bytes()
    assert run.receipt["images"] == sum(r["outcome"] != "error" for r in run.candidates)
    assert run.receipt["calls"] > 0
    again = await load_run(run.run)
    assert again == run
    assert [r.run for r in await load_runs()] == [run.run]


@pytest.mark.long
async def test_the_same_seed_gives_the_same_pictures(tmp_path: Path) -> None:
    def shas(run: Any) -> list[str]:
        return [r["image"]["sha256"] for r in run.candidates]

    settings = {"seed": 3, "max_images": 4, "stop_when_passed": False}
    first = await arefine(BRIEF, settings=settings, home=tmp_path / "a")
    second = await arefine(BRIEF, settings=settings, home=tmp_path / "b")
    assert shas(first) == shas(second)
    assert len(shas(first)) == 4


@pytest.mark.long
async def test_an_interrupted_run_goes_on_with_the_same_pictures(home: Path) -> None:
    context = Settings(seed=3, max_images=6, stop_when_passed=False)

    async def finish(thread: str, *, stop_before: list[str] | None) -> list[str]:
        async with open_checkpointer() as saver:
            graph = build_graph(saver)
            config = on_thread(thread)
            if stop_before is not None:
                await graph.ainvoke({"brief": BRIEF}, config, context=context, interrupt_before=stop_before)
                assert (await graph.aget_state(config)).next
                await graph.ainvoke(None, config)
            else:
                await graph.ainvoke({"brief": BRIEF}, config, context=context)
            kept = (await graph.aget_state(config)).values["candidates"]
        return [c["image"]["sha256"] for c in kept.values()]

    assert await finish("a", stop_before=["critique", "deliver"]) == await finish("b", stop_before=None)


async def test_a_cancelled_run_can_be_invoked_again(home: Path) -> None:
    context = Settings(seed=5, max_images=4, stop_when_passed=False)
    async with open_checkpointer() as saver:
        graph, config = build_graph(saver), on_thread("t")
        work = asyncio.create_task(graph.ainvoke({"brief": BRIEF}, config, context=context))
        while "candidate" not in (await graph.aget_state(config)).next:
            await asyncio.sleep(0.01)
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
        ended = await graph.ainvoke(None, config)
    assert ended["ended"] == "max_images"
    assert ended["receipt"]["images"] == 4


async def test_a_follow_up_on_a_thread_starts_from_nothing(home: Path) -> None:
    graph, config = build_graph(InMemorySaver()), on_thread("t")
    first = await graph.ainvoke({"brief": "a red circle"}, config, context=Settings(seed=1))
    second = await graph.ainvoke({"messages": [HumanMessage("a blue star")]}, config, context=Settings(seed=1))
    assert first["run"] != second["run"]
    state = (await graph.aget_state(config)).values
    assert state["asked"]["text"] == "a blue star"
    assert second["receipt"]["images"] == len(state["candidates"])


async def test_a_given_picture_is_judged_first_and_edits_start_from_it(home: Path) -> None:
    painted = await arefine("a red circle in the top left", settings={"seed": 1})
    assert painted.champion is not None
    given = painted.image_path(painted.champion)
    run = await arefine(
        "a red circle in the top left and a blue square in the bottom right", image=given, settings={"seed": 2}
    )
    first = run.candidates[0]
    assert (first["action"], first["image"]) == ("given", painted.champion["image"])
    assert first["verdict"] is not None
    assert first["spent"]["images"] == 0
    assert run.status == "passed"
    assert {r["action"] for r in run.candidates[1:]} == {"edit"}


async def test_a_picture_without_a_brief_is_described(home: Path) -> None:
    painted = await arefine("a large green star in the center", settings={"seed": 1})
    assert painted.champion is not None
    run = await arefine(image=painted.image_path(painted.champion), settings={"seed": 2})
    assert "green star" in run.brief
    assert all(r["action"] != "given" for r in run.candidates)
    assert run.status == "passed"


async def test_without_a_judge_the_first_whole_picture_is_taken(home: Path) -> None:
    run = await arefine(BRIEF, settings={"judge_method": "none"})
    assert (run.status, run.stop_reason) == ("stopped", "no_judge")
    assert run.champion is not None
    assert run.champion["verdict"] is None


@pytest.mark.parametrize("preset", ["one-shot", "best-of-n", "upsample-best-of-n"])
async def test_baselines_paint_one_at_a_time_and_stop_at_the_first_pass(preset: str) -> None:
    run = await arefine(
        BRIEF, preset=preset, settings={"seed": 4, **({} if preset == "one-shot" else {"max_images": 5})}
    )
    assert [r["id"] for r in run.candidates] == [f"{i}.0" for i in range(len(run.candidates))]
    passed = [bool(r["verdict"] and r["verdict"]["passed"]) for r in run.candidates]
    assert passed.count(True) == (run.status == "passed")
    assert passed[-1] or len(run.candidates) == (1 if preset == "one-shot" else 5)
    prompts = {r["prompt"] for r in run.candidates}
    assert (prompts == {BRIEF}) == (preset != "upsample-best-of-n")


async def test_every_candidate_carries_its_provenance(home: Path) -> None:
    run = await arefine(BRIEF, settings={"seed": 11, "max_images": 4, "per_round": 2, "stop_when_passed": False})
    for record in run.candidates:
        assert record["models"]["painter"] == "shapes"
        assert {"upsample", "specify", "judge.checklist", "judge.again"} <= set(record["prompts"])
        assert record["params"]["batch"] == 1
        assert len(record["previous"]) == (2 if record["round"] else 0)


def test_refine_works_inside_a_running_loop(home: Path) -> None:
    async def notebook() -> str:
        return refine("a red circle", settings={"seed": 1}).status

    assert asyncio.run(notebook()) == "passed"


async def test_events_tell_the_run_in_order(home: Path) -> None:
    kinds = [event["kind"] async for event in stream(BRIEF, settings={"seed": 7})]
    assert kinds[0] == "started"
    assert kinds[-1] == "done"
    assert {"prompt", "checklist", "plan", "step", "painted", "judged", "champion"} <= set(kinds)
    assert kinds.index("plan") < kinds.index("painted") < kinds.index("judged")


@pytest.mark.parametrize("brief", ["", "   ", "x" * 100_000, "a frog dressed as a knight", "ein roter Kreis"])
async def test_a_brief_that_cannot_be_used_leaves_nothing_behind(brief: str, home: Path) -> None:
    with pytest.raises(BadInput) as caught:
        await arefine(brief)
    assert "\n" not in str(caught.value)
    assert not home.exists()
