"""What is said while a run waits for a person or was broken off: it is answered, and the run is not lost."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from langgraph.types import Command

from overpaint.continuing import aresume
from overpaint.graph.flow import build_graph
from overpaint.graph.kept import Graph, find_run
from overpaint.graph.persistence import on_thread, open_checkpointer
from overpaint.graph.settings import Settings
from overpaint.runs import load_run
from overpaint.tools.faults import BadInput
from tests.graph.test_chat import Chat, last
from tests.graph.test_forking import BRIEF

pytestmark = pytest.mark.slow

CIRCLE = "a large red circle in the center"
APPROVED: Command[Any] = Command(resume={"decisions": [{"type": "approve"}]})


async def asks(chat: Chat) -> list[Any]:
    """The names and arguments of what a person is asked."""
    waiting = (await chat.graph.aget_state(on_thread("t"))).interrupts
    return [request for one in waiting for request in one.value["action_requests"]]


@pytest.mark.parametrize("said", ["thanks", "why", "show", "undo"])
async def test_a_question_at_a_champion_is_answered_and_the_champion_asked_about_again(said: str) -> None:
    chat = Chat()
    await chat.say(CIRCLE, Settings(seed=1, max_images=2, review="champion"))
    (asked,) = await asks(chat)
    told = await chat.say(said, None)
    assert told["messages"][-1].id != f"answer-{told['run']}"
    assert await asks(chat) == [asked]
    assert (await chat.graph.ainvoke(APPROVED, on_thread("t")))["ended"] == "person"


async def test_a_question_at_proposed_prompts_asks_about_them_again() -> None:
    chat = Chat()
    await chat.say(BRIEF, Settings(seed=1, max_images=2, review="prompt", critique_method="human"))
    before, calls = await asks(chat), (await chat.state())["receipt"]["calls"]
    assert before[0]["name"] == "paint"
    await chat.say("why", None)
    assert await asks(chat) == before
    assert (await chat.state())["receipt"]["calls"] == calls
    assert (await chat.graph.ainvoke(APPROVED, on_thread("t")))["receipt"]["images"] == 2


@pytest.mark.parametrize("next_brief", ["make it blue", "new: a green star"])
async def test_a_question_at_a_checklist_asks_about_it_again(next_brief: str) -> None:
    chat, asking = Chat(), Settings(seed=1, max_images=2, review_checklist=True)
    await chat.say(CIRCLE)
    await chat.say(next_brief, asking)
    before = await asks(chat)
    assert before[0]["name"] == "use_checklist"
    await chat.say("why", None)
    assert await asks(chat) == before
    assert (await chat.graph.ainvoke(APPROVED, on_thread("t")))["ended"] == "passed"


async def said(graph: Graph, text: str, context: Settings | None = None, **kinds: Any) -> dict[str, Any]:
    given = {"messages": [HumanMessage(text)]}
    told: dict[str, Any] = await graph.ainvoke(given, on_thread("t"), context=context, **kinds)
    return told


@pytest.mark.parametrize("before", ["upsample", "decide", "candidate", "deliver"])
async def test_a_run_that_was_broken_off_and_asked_about_can_be_taken_up(before: str) -> None:
    async with open_checkpointer() as saver:
        graph = build_graph(saver)
        await said(graph, CIRCLE, Settings(seed=1, max_images=2))
        broken = await said(graph, "make it blue", interrupt_before=[before])
        told = await said(graph, "why")
        assert told["receipt"]["images"] == broken["receipt"]["images"]
    assert (await load_run()).status == "interrupted"
    run = await aresume()
    assert (run.run, run.status, run.brief) == (broken["run"], "passed", "a large blue circle in the center")
    assert run.checklist[0]["text"] == run.brief


async def test_a_refused_message_leaves_a_run_that_ended_ended() -> None:
    async with open_checkpointer() as saver:
        graph = build_graph(saver)
        await said(graph, CIRCLE, Settings(seed=1, max_images=1, stop_when_passed=True))
        ended = await load_run()
        with pytest.raises(BadInput, match="characters"):
            await said(graph, "x" * 10_001)
    assert ended.status == "passed"
    assert await load_run() == await aresume() == ended
    more = await aresume(settings={"max_images": 2, "stop_when_passed": False})
    assert (more.status, more.receipt["images"]) == ("passed", 2)
    assert not (await find_run(None)).next


async def test_a_refused_message_at_a_pause_does_not_stop_the_run_for_good() -> None:
    async with open_checkpointer() as saver:
        graph = build_graph(saver)
        await said(graph, BRIEF, Settings(seed=1, max_images=2, review="prompt"))
        with pytest.raises(BadInput, match="characters"):
            await said(graph, "x" * 10_001)
    assert (await load_run()).status == "interrupted"
    assert (await aresume()).status == "waiting"


async def test_the_picture_of_before_is_not_put_up_for_delivery() -> None:
    chat = Chat()
    await chat.say(CIRCLE, Settings(seed=1, max_images=2))
    told = await chat.say("make it blue", Settings(seed=1, max_images=2, review="champion"))
    (asked,) = await asks(chat)
    assert asked["args"]["score"] == 1.0
    assert "blue" not in last(told).text
    champion = (await chat.state())["candidates"][asked["args"]["candidate"]]
    assert champion["action"] not in ("rejudge", "given")


async def test_under_small_caps_a_change_says_so_and_a_change_that_is_begun_is_painted() -> None:
    chat = Chat()
    first = await chat.say(CIRCLE, Settings(seed=1, max_images=1))
    begun = []
    for calls in (1, 6, 7, 8):
        told = await chat.say("make it blue", Settings(seed=1, max_images=1, max_calls=calls))
        if told["run"] == first["run"]:
            assert "calls" in last(told).text
            continue
        begun.append((calls, told["receipt"]["images"], told["receipt"]["calls"] <= calls))
        assert (await chat.state())["asked"]["text"] == "a large blue circle in the center"
        await chat.say("undo")
    assert begun == [(calls, 1, True) for calls in (7, 8)]
