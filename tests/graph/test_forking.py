"""Forks: a new run from any picture or checkpoint, with nothing of the parent changed, repainted or paid for again."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import HumanMessage

from overpaint.branching import afork
from overpaint.continuing import aresume
from overpaint.graph.flow import build_graph
from overpaint.graph.kept import find_run, read_history
from overpaint.graph.persistence import on_thread, open_checkpointer
from overpaint.graph.settings import Settings
from overpaint.result import Run
from overpaint.run import arefine
from overpaint.runs import load_run
from overpaint.tools.database import open_database
from overpaint.tools.faults import BadInput
from overpaint.tools.home import current_home
from overpaint.tools.ledger import Ledger
from overpaint.tools.records import RecordStore

BRIEF = (
    "a red circle in the top left, a blue star at the top, a green square in the top right, a small red square on the"
    " left, a small black star in the center, a yellow diamond in the bottom left, a purple triangle at the bottom and"
    " an orange cross in the bottom right"
)
MORE = {"seed": 2, "max_images": 4, "stop_when_passed": False, "rounds": 4}
ASK_MORE = [
    "a red circle",
    {"text": "blue", "question": "How many blue squares are there?", "kind": "count", "expected": 3},
]

pytestmark = pytest.mark.slow


async def parent(brief: str = BRIEF, **settings: Any) -> Run:
    return await arefine(brief, settings={**MORE, **settings})


async def checkpoints(thread: str) -> list[Any]:
    """Every checkpoint of a thread as the saver returns it."""
    async with open_checkpointer() as saver:
        return [found async for found in saver.alist(on_thread(thread))]


async def painted(run: str) -> int:
    return (await Ledger(open_database()).totals(run)).asked


def ids(run: Run) -> list[str]:
    return [c["id"] for c in run.candidates]


async def test_a_fork_from_a_candidate_with_a_prompt_paints_only_what_is_new() -> None:
    one = await parent()
    before = await checkpoints(one.thread)
    two = await afork(one.run, start="1.0", prompt="a large red circle", settings={"max_images": 2, "rounds": None})
    assert await checkpoints(one.thread) == before
    assert (await painted(one.run), await painted(two.run)) == (4, 2)
    assert two.receipt["images"] == 2
    assert ids(two) == ["0.0", "1.0", "2.0", "3.0"]
    assert two.candidates[:2] == one.candidates[:2]
    assert two.candidates[2]["prompt"] == "a large red circle"
    assert two.candidates[2]["previous"]
    assert two.candidates[3]["prompt"] != ""
    assert two.forked_from is not None
    assert (two.forked_from["run"], two.forked_from["candidate"]) == (one.run, "1.0")
    assert two.thread != one.thread
    assert two.run != one.run


async def test_a_fork_from_a_picture_that_was_no_champion_starts_from_it() -> None:
    one = await parent("a red circle", actions="reseed")
    assert one.champion is not None
    loser = next(c["id"] for c in one.candidates if c["id"] != one.champion["id"])
    two = await afork(one.run, start=loser, settings={"rounds": 1})
    assert two.champion is not None
    assert two.champion["id"] == loser
    assert (two.stop_reason, two.receipt["images"], two.receipt["calls"]) == ("rounds", 0, 0)


async def test_a_fork_deep_in_a_chain_of_edits_goes_on_editing() -> None:
    one = await parent(seed=1, actions="edit")
    deep = [c for c in one.candidates if c["action"] == "edit"][-1]
    two = await afork(one.run, start=deep["id"], settings={"max_images": 1, "rounds": None})
    assert two.candidates[-1]["action"] == "edit"
    assert two.candidates[-1]["parent"] == deep["id"]
    assert ids(two)[: len(ids(one))] == ids(one)


async def test_siblings_of_the_candidate_are_left_behind() -> None:
    one = await parent("a red circle", per_round=2)
    two = await afork(one.run, start="1.1", settings={"max_images": 1, "rounds": None})
    assert ids(two) == ["0.0", "0.1", "1.1", "2.0"]


async def test_a_changed_checklist_judges_the_champion_before_anything_is_painted() -> None:
    one = await parent()
    two = await afork(one.run, start="2.0", checklist=ASK_MORE, settings={"rounds": 5, "max_images": 1})
    judged = two.candidates[3]
    assert (judged["id"], judged["action"], judged["image"]) == ("3.0", "rejudge", one.candidates[2]["image"])
    assert judged["spent"]["images"] == 0
    assert judged["verdict"] is not None
    assert len(judged["verdict"]["beliefs"]) == 2
    assert two.candidates[:3] == one.candidates[:3]
    assert two.candidates[4]["id"] == "4.0"
    assert [r["text"] for r in two.checklist] == ["a red circle", "blue"]
    assert two.receipt["images"] == 1


async def test_a_prompt_and_a_checklist_together_both_count() -> None:
    one = await parent()
    two = await afork(
        one.run,
        start="1.0",
        prompt="three blue squares",
        checklist=ASK_MORE,
        settings={"max_images": 1, "rounds": None},
    )
    assert [c["action"] for c in two.candidates[2:]] == ["rejudge", "revise"]
    assert two.candidates[2]["prompt"] != "three blue squares"
    assert two.candidates[3]["prompt"] == "three blue squares"


async def test_another_brief_writes_prompt_and_checklist_anew() -> None:
    one = await parent("a red circle")
    two = await afork(one.run, start="1.0", brief="a blue star", settings={"max_images": 1, "stop_when_passed": True})
    assert two.brief == "a blue star"
    assert any("blue star" in r["text"] for r in two.checklist)
    assert two.candidates[2]["action"] == "rejudge"
    assert "star" in two.candidates[3]["prompt"]
    assert "circle" not in two.candidates[3]["prompt"]


async def test_a_run_without_a_judge_can_be_forked_into_one_with_a_judge() -> None:
    one = await arefine("a red circle", settings={"seed": 1, "judge_method": "none"})
    two = await afork(one.run, settings={"judge_method": "checklist"})
    assert two.checklist
    assert two.candidates[-1]["verdict"] is not None
    assert two.status == "passed"


async def test_a_judged_run_can_be_forked_into_one_without() -> None:
    one = await arefine(BRIEF, settings={"seed": 1, "max_images": 1})
    two = await afork(one.run, settings={"judge_method": "none"})
    assert (two.stop_reason, two.receipt["images"]) == ("no_judge", 0)


async def test_a_checklist_changed_in_the_same_thread_does_the_same() -> None:
    graph_settings = Settings(seed=1, max_images=3, actions=("edit",), patience=None)
    async with open_checkpointer() as saver:
        graph, config = build_graph(saver), on_thread("t")
        await graph.ainvoke({"brief": BRIEF}, config, context=graph_settings, interrupt_before=["critique"])
        kept = (await graph.aget_state(config)).values
        shorter = kept["checklist"][:2]
        await graph.aupdate_state(config, {"checklist": shorter}, as_node="candidate")
        ended = await graph.ainvoke(None, config)
        candidates = (await graph.aget_state(config)).values["candidates"]
    assert [c["action"] for c in candidates.values()][1] == "rejudge"
    # The round that was cut off before its critique had no candidates.
    record = await RecordStore(current_home() / "records").read(candidates["2.0"]["record"])
    assert record["previous"] == [kept["candidates"]["0.0"]["record"]]
    assert len(ended["champion"]["beliefs"]) == 2


async def test_a_fork_of_a_fork_reaches_back_to_the_first_run() -> None:
    one = await parent("a red circle")
    two = await afork(one.run, start="2.0", settings={"max_images": 1, "rounds": None})
    three = await afork(two.run, start="1.0", settings={"max_images": 1, "rounds": None})
    four = await afork(two.run, start="3.0", settings={"max_images": 1, "rounds": None})
    assert (ids(three), ids(four)) == (["0.0", "1.0", "2.0"], ["0.0", "1.0", "2.0", "3.0", "4.0"])
    assert {c["run"] for c in four.candidates} == {one.run, two.run, four.run}
    assert four.forked_from is not None
    assert four.forked_from["run"] == two.run


async def test_a_thread_of_two_chat_runs_is_forked_at_its_latest() -> None:
    async with open_checkpointer() as saver:
        graph, config = build_graph(saver), on_thread("t")
        for brief in ("a red circle", "a blue star"):
            said: Any = {"messages": [HumanMessage(brief)]}
            run = (await graph.ainvoke(said, config, context=Settings(seed=1)))["run"]
    two = await afork(run, start="0.0", settings={"stop_when_passed": False, "max_images": 1})
    assert two.brief == "a blue star"
    assert ids(two) == ["0.0", "1.0"]
    assert "circle" not in two.candidates[0]["prompt"]


async def chatted(*messages: str) -> list[Run]:
    """The run of each message of one thread as it ended."""
    runs = []
    async with open_checkpointer() as saver:
        graph = build_graph(saver)
        for said in messages:
            given: Any = {"messages": [HumanMessage(said)]}
            await graph.ainvoke(given, on_thread("t"), context=Settings(seed=1, max_images=2))
            runs.append(await load_run())
    return runs


CHECKLISTS: list[dict[str, Any]] = [{}, {"checklist": ["a large blue square"]}]


@pytest.mark.parametrize("change", CHECKLISTS, ids=["as it is", "checklist"])
async def test_the_picture_that_a_turn_begins_with_is_judged_by_that_turn(change: dict[str, Any]) -> None:
    *_, blue, square = await chatted("a large red circle", "make it blue", "replace the circle with a square")
    assert (blue.status, square.brief) == ("passed", "a large blue square")
    assert blue.champion is not None
    two = await afork(square.run, start=blue.champion["id"], **change)
    assert (two.status, two.receipt["images"], two.brief) == ("passed", 1, square.brief)
    assert two.champion is not None
    assert "square" in two.champion["prompt"]
    wanted = change.get("checklist", [r["text"] for r in square.checklist])
    assert [r["text"] for r in two.checklist] == wanted


async def test_a_fork_of_a_later_turn_counts_the_rounds_of_that_turn() -> None:
    *_, blue = await chatted("a large red circle", "make it blue")
    two = await afork(blue.run, settings={"rounds": 2, "max_images": 1, "stop_when_passed": False})
    assert (two.receipt["images"], two.stop_reason) == (1, "rounds")


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"start": "9.9"}, "no candidate or checkpoint '9.9'"),
    ({"start": ""}, "no candidate or checkpoint"),
    ({"start": "1"}, "no candidate or checkpoint"),
    ({"prompt": "  "}, "prompt"),
    ({"prompt": "x" * 20_001}, "prompt"),
    ({"brief": " "}, "brief is empty"),
    ({"checklist": []}, "checklist"),
    ({"checklist": "red"}, "checklist"),
    ({"settings": {"max_imagse": 3}}, "max_images"),
    ({"settings": {"painter": "nobody"}}, "painter"),
]


async def test_what_cannot_be_used_leaves_nothing_behind() -> None:
    one = await arefine("a red circle", settings={"seed": 1})
    for wrong, reason in WRONG:
        with pytest.raises(BadInput, match=reason):
            await afork(one.run, **wrong)
    with pytest.raises(BadInput, match="no run 'zzz'"):
        await afork("zzz")
    assert (await find_run(None)).values["run"] == one.run


CHANGES: list[dict[str, Any]] = [
    {"prompt": "a blue star"},
    {"brief": "a blue star"},
    {"brief": "a blue star", "checklist": ["a blue star"]},
    {"prompt": "a red circle", "checklist": ["a red circle"], "settings": {"per_round": 2}},
]


@pytest.mark.parametrize("change", CHANGES, ids=[" ".join(c) for c in CHANGES])
@pytest.mark.long
async def test_every_checkpoint_can_be_forked_or_says_why_not(change: dict[str, Any]) -> None:
    one = await arefine(BRIEF, settings={"seed": 1, "review": "prompt", "max_images": 2, "review_checklist": True})
    while one.status == "waiting":
        one = await aresume(one.run, answer="approve")
    async with open_checkpointer() as saver:
        history = await read_history(build_graph(saver), one.thread)
    before, kinds = await checkpoints(one.thread), {kept.next for kept in history}
    assert {("decide",), ("critique",), ("review",), ("review_checklist",), ("deliver",), ()} <= kinds
    for kept in history:
        settings = {"max_images": 1, "review": "never", "review_checklist": False, **change.get("settings", {})}
        if "run" not in kept.values:
            with pytest.raises(BadInput, match="had not begun"):
                await afork(one.run, start=kept.checkpoint, **{**change, "settings": settings})
            continue
        two = await afork(one.run, start=kept.checkpoint, **{**change, "settings": settings})
        assert two.status in ("passed", "stopped"), kept.next
        assert two.receipt["images"] == await painted(two.run) <= 1
        if "checklist" in change:
            assert [r["text"] for r in two.checklist] == change["checklist"], kept.next
        if "prompt" in change and two.receipt["images"]:
            assert two.candidates[-1]["prompt"] == change["prompt"], kept.next
    assert await checkpoints(one.thread) == before
