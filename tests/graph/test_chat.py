"""Whole conversations on the real tiny model: changes, undo, show, why, new briefs; nothing mocked."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from overpaint.graph.flow import build_graph
from overpaint.graph.kept import Graph
from overpaint.graph.messages import reference
from overpaint.graph.persistence import on_thread
from overpaint.graph.settings import Settings
from overpaint.graph.templates import text_of
from overpaint.tools.faults import BadInput
from overpaint.tools.images import ImageStore

pytestmark = pytest.mark.slow

PAIR = "a red circle above a blue square"
QUICK = Settings(seed=7, max_images=2)


class Chat:
    """One thread, and a person who talks to it."""

    def __init__(self) -> None:
        self.graph: Graph = build_graph(InMemorySaver())

    async def say(self, content: Any, context: Settings | None = QUICK) -> dict[str, Any]:
        given = {"messages": [HumanMessage(content)]}
        told: dict[str, Any] = await self.graph.ainvoke(given, on_thread("t"), context=context)
        return told

    async def state(self) -> dict[str, Any]:
        return (await self.graph.aget_state(on_thread("t"))).values


def last(told: dict[str, Any]) -> AIMessage:
    message = told["messages"][-1]
    assert isinstance(message, AIMessage)
    return message


def sha(told: dict[str, Any]) -> str:
    return str(told["champion"]["image"]["sha256"])


async def test_what_the_writer_and_the_captioner_are_asked_with_can_be_replaced() -> None:
    words = {"follow_up.system": "What is meant?", "describe.human": "What is there?"}
    ours, chat = QUICK.model_copy(update={"templates": words}), Chat()
    first = await chat.say(PAIR, ours)
    await chat.say("add a green star", ours)
    assert (await chat.state())["prompts"]["follow_up"] == text_of("follow_up", words).label
    await chat.graph.ainvoke({"image": first["champion"]["image"]}, on_thread("t"), context=ours)
    assert (await chat.state())["prompts"]["describe"] == text_of("describe", words).label


async def test_a_change_goes_on_from_the_champion_and_undo_leads_back() -> None:
    chat = Chat()
    first = await chat.say(PAIR)
    assert last(first).id == f"answer-{first['run']}"

    second = await chat.say("add a green star")
    state = await chat.state()
    assert second["run"] != first["run"]
    assert state["asked"]["text"] == "a red circle above a blue square and a green star"
    judged = next(c for c in state["candidates"].values() if c["action"] == "rejudge")
    assert (judged["image"], judged["parent"]) == (first["champion"]["image"], first["champion"]["id"])
    assert judged["round"] == first["champion"]["round"] + 1
    assert second["receipt"]["images"] <= 2
    assert [turn["run"] for turn in state["turns"]] == [first["run"]]

    third = await chat.say("remove the circle")
    undone = await chat.say("undo")
    assert (undone["run"], sha(undone), undone["receipt"]) == (second["run"], sha(second), second["receipt"])
    assert sha(second) in last(undone).text
    again = await chat.say("undo that")
    assert (again["run"], sha(again)) == (first["run"], sha(first))
    assert "nothing to undo" in last(await chat.say("undo")).text

    fourth = await chat.say("make the square yellow")
    state = await chat.state()
    assert state["asked"]["text"] == "a red circle above a yellow square"
    assert [turn["run"] for turn in state["turns"]] == [first["run"]]
    ids = [m.id for m in state["messages"] if isinstance(m, AIMessage)]
    assert [f"answer-{run['run']}" for run in (first, second, third, fourth)] == [i for i in ids if i and "answer" in i]


async def test_show_why_and_unclear_messages_paint_and_judge_nothing() -> None:
    chat = Chat()
    first = await chat.say(PAIR)
    before = await chat.state()
    assert "shows everything" in last(await chat.say("why?")).text
    assert "model calls" in last(await chat.say("What did it cost?")).text
    assert sha(first) in last(await chat.say("show me the first one")).text
    assert "no picture 5" in last(await chat.say("show 5")).text
    assert "unicorn" in last(await chat.say("add a unicorn")).text
    assert "`undo`" in last(await chat.say("   ")).text
    after = await chat.state()
    for name in ("run", "asked", "champion", "candidates", "checklist", "ended"):
        assert after[name] == before[name], name
    assert after["receipt"]["images"] == before["receipt"]["images"]
    assert after["receipt"]["calls"] == before["receipt"]["calls"] + 1  # the writer was asked about the unicorn
    assert "turns" not in after


async def test_pictures_are_numbered_as_this_turn_painted_them() -> None:
    chat = Chat()
    first = await chat.say("a red circle")
    second = await chat.say("make it blue")
    assert second["receipt"]["images"] == 1
    assert sha(first) != sha(second)
    assert sha(second) in last(await chat.say("show 1")).text
    assert "1 picture." in last(await chat.say("show 2")).text


async def test_a_new_brief_starts_anew_and_keeps_the_settings_of_the_conversation() -> None:
    chat = Chat()
    first = await chat.say(PAIR)
    second = await chat.say("now paint a blue star", context=None)
    state = await chat.state()
    assert state["settings"] == {**QUICK.kept}
    assert second["champion"]["round"] == 0
    assert [turn["run"] for turn in state["turns"]] == [first["run"]]
    third = await chat.graph.ainvoke(
        {"brief": "make it bigger: a star"}, on_thread("t"), context=QUICK, interrupt_after=["intake"]
    )
    assert third["run"] != second["run"]
    assert (await chat.state())["asked"]["text"] == "make it bigger: a star"


async def test_a_picture_in_a_follow_up_is_the_new_start(home: Any) -> None:
    chat = Chat()
    first = await chat.say("a red circle")
    await chat.say("a blue star")
    ref = first["champion"]["image"]
    told = await chat.say([{"type": "text", "text": "make it red"}, reference(ref)])
    state = await chat.state()
    assert state["asked"] == {"text": "a red star", "image": ref}
    assert state["candidates"]["0.0"]["action"] == "given"
    assert await ImageStore(home / "images").holds(told["champion"]["image"])
    await chat.say([reference(ref)])
    assert (await chat.state())["asked"] == {"text": "a red star", "image": ref}


async def test_rounds_are_counted_for_each_turn() -> None:
    chat, once = Chat(), Settings(seed=7, rounds=1)
    await chat.say(PAIR, once)
    told = await chat.say("add a green star", once)
    assert told["receipt"]["images"] == 1
    assert told["ended"] in ("passed", "rounds")


async def test_without_a_judge_a_change_is_painted_from_the_start() -> None:
    chat, blind = Chat(), Settings(seed=7, judge_method="none")
    await chat.say(PAIR, blind)
    told = await chat.say("add a green star", blind)
    assert (told["champion"]["id"], told["champion"]["action"], told["ended"]) == ("0.0", "start", "no_judge")


async def test_the_answer_says_what_goes_on_until_it_is_there() -> None:
    chat, said = Chat(), list[Any]()
    given = {"messages": [HumanMessage(PAIR)]}
    async for update in chat.graph.astream(given, on_thread("t"), context=QUICK, stream_mode="updates"):
        said += [message for change in update.values() for message in (change or {}).get("messages", [])]
    assert len({message.id for message in said}) == 1
    assert said[0].text == "Round 0: painting a picture …"
    assert said[-1].text.startswith("![a red circle above a blue square](file:///")
    assert "It shows everything that was asked: a red circle;" in said[-1].text
    assert "1 picture," in said[-1].text


async def test_what_was_broken_off_is_said_to_be_and_can_be_undone() -> None:
    chat = Chat()
    first = await chat.say(PAIR)
    given = {"messages": [HumanMessage("add a green star")]}
    await chat.graph.ainvoke(given, on_thread("t"), context=QUICK, interrupt_before=["candidate"])
    broken = (await chat.state())["run"]
    await chat.say("a blue star")
    texts = {m.id: m.text for m in (await chat.state())["messages"]}
    assert "broken off" in texts[f"answer-{broken}"]
    assert (await chat.say("undo"))["run"] == first["run"]


async def test_a_refused_message_leaves_the_thread_as_it_was() -> None:
    chat = Chat()
    with pytest.raises(BadInput, match="fetches nothing"):
        await chat.say([{"type": "image", "url": "http://127.0.0.1/x.png"}])
    assert await chat.state() == {}
    with pytest.raises(BadInput, match="no picture"):
        await chat.graph.ainvoke({"image": {"sha256": "0" * 64}, "brief": "a star"}, on_thread("t"), context=QUICK)
    with pytest.raises(BadInput, match="characters"):
        await chat.graph.ainvoke({"brief": "x" * 20_000}, on_thread("t"), context=QUICK)
    told = await chat.say("a red circle")
    state = await chat.state()
    assert (state["asked"], told["ended"]) == ({"text": "a red circle", "image": None}, "passed")
    assert not {"brief", "image", "requirements", "question"} & state.keys()


def shows_buttons(interrupt: Any) -> bool:
    """What agent-chat-ui asks of an interrupt before it shows its buttons (src/lib/agent-inbox-interrupt.ts)."""
    requests, configs = interrupt.value["action_requests"], interrupt.value["review_configs"]
    named = {config["action_name"] for config in configs if isinstance(config["allowed_decisions"], list)}
    return bool(requests) and all(isinstance(r["args"], dict) and r["name"] in named for r in requests)


@pytest.mark.parametrize("answer", [{"decisions": [{"type": "approve"}]}, [{"type": "approve"}], "approve"])
async def test_a_pause_shows_buttons_and_takes_each_form_of_answer(answer: Any) -> None:
    chat, asking = Chat(), Settings(seed=7, max_images=2, review_checklist=True, review="champion")
    await chat.say("a red circle", asking)
    for name in ("use_checklist", "deliver"):
        (interrupt,) = (await chat.graph.aget_state(on_thread("t"))).interrupts
        assert shows_buttons(interrupt)
        assert interrupt.value["action_requests"][0]["name"] == name
        told = await chat.graph.ainvoke(Command(resume=answer), on_thread("t"))
    assert told["ended"] == "person"
    assert "![a red circle]" in last(told).text


async def test_an_edit_by_button_and_a_message_instead_of_an_answer() -> None:
    chat, asking = Chat(), Settings(seed=7, max_images=2, review_checklist=True)
    await chat.say("a red circle", asking)
    edited = {"name": "use_checklist", "args": {"checklist": ["a red circle"]}}
    resume = {"decisions": [{"type": "edit", "edited_action": edited}]}
    told = await chat.graph.ainvoke(Command(resume=resume), on_thread("t"))
    assert [r["text"] for r in (await chat.state())["checklist"]] == ["a red circle"]
    await chat.say("add a green star", asking)  # pauses again
    told = await chat.say("undo", asking)
    assert (told["ended"], (await chat.state())["asked"]["text"]) == ("passed", "a red circle")
    assert not (await chat.graph.aget_state(on_thread("t"))).interrupts
