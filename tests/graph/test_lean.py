"""No byte of a picture that is sent in a chat reaches a checkpoint, a stream or a trace; a long chat stays small."""

from __future__ import annotations

import base64
import io
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage
from langchain_core.tracers import BaseTracer
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.types import Command, StateUpdate
from PIL import Image

from overpaint.graph.compressed import compressed
from overpaint.graph.flow import build_graph
from overpaint.graph.lean import LeanGraph
from overpaint.graph.persistence import on_thread, open_checkpointer
from overpaint.graph.settings import Settings
from overpaint.tools.faults import BadInput
from tests.graph.test_messages import SHAPES

QUICK = Settings(seed=7, max_images=2)
TURNS: list[tuple[str, str | None]] = [
    ("a red circle above a blue square", "v1"), ("make the circle bigger", None), ("why?", None),
    ("add a green star", "agent-chat-ui"), ("show 1", None), ("undo", None), ("a blue star", "openai"),
    ("make it yellow", None), ("make it small", "anthropic"), ("what did it cost?", None),
]  # fmt: skip
"""What is said, and the shape of the picture that comes with it."""


def noise(seed: int, side: int = 1000) -> bytes:
    """A PNG that nothing makes smaller: 3 MB for a side of 1000 pixels."""
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (side, side, 3), np.uint8)).save(file, "PNG")
    return file.getvalue()


def block(shape: str, data: bytes) -> dict[str, Any]:
    """A picture as a block of one of the five shapes."""
    return dict(json.loads(json.dumps(SHAPES[shape]).replace(SHAPES["v1"]["base64"], base64.b64encode(data).decode())))


def traces(data: bytes) -> Callable[[bytes], bool]:
    """Whether bytes hold a part of a picture: of its base64 at any of the three offsets, or its own."""
    inner = data[len(data) // 2 : len(data) // 2 + 90]
    parts = [base64.b64encode(inner[offset : offset + 60]) for offset in range(3)] + [inner[:30]]
    return lambda held: any(part in held for part in parts)


class Tracer(BaseTracer):
    """Keeps every run that LangChain would trace."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def _persist_run(self, run: Any) -> None:
        self.seen.append(repr(run))


def kept(home: Path) -> tuple[int, bytes]:
    """Bytes of a home's checkpoints and writes, and all of them together as they were before compression."""
    serializer, size, held = compressed(), 0, b""
    with closing(sqlite3.connect(home / "overpaint.db")) as database:
        for table, column in (("checkpoints", "checkpoint"), ("writes", "value")):
            names = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
            sizes = " + ".join(f"COALESCE(LENGTH(CAST({name} AS BLOB)), 0)" for name in names)
            size += database.execute(f"SELECT SUM({sizes}) FROM {table}").fetchone()[0]
            for kind, value in database.execute(f"SELECT type, {column} FROM {table}"):
                held += repr(serializer.loads_typed((kind, value))).encode()
    return size, held


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_ten_turns_with_four_large_pictures_stay_small_and_hold_none(home: Path) -> None:
    pictures = [noise(seed) for seed in range(4)]
    assert all(len(data) > 3_000_000 for data in pictures)
    holds = [traces(data) for data in pictures]
    tracer, streamed, left = Tracer(), list[bytes](), iter(pictures)
    async with open_checkpointer() as saver:
        graph = build_graph(saver)
        for said, shape in TURNS:
            content = [{"type": "text", "text": said}, *([block(shape, next(left))] if shape else [])]
            given: Any = {"messages": [{"role": "user", "content": content}]}
            config: Any = {**on_thread("t"), "callbacks": [tracer]}
            modes: Any = ["values", "updates", "messages", "custom", "debug"]
            async for chunk in graph.astream(
                given, config, context=QUICK, stream_mode=modes, subgraphs=True, durability="sync"
            ):
                streamed.append(repr(chunk).encode())
        state = (await graph.aget_state(on_thread("t"))).values
    assert len(state["messages"]) == 2 * len(TURNS)
    size, held = kept(home)
    assert size < 500_000
    files = [file.read_bytes() for file in home.glob("overpaint.db*")]
    everything = [held, *files, *streamed, *(said.encode() for said in tracer.seen)]
    assert tracer.seen
    assert not any(found(text) for found in holds for text in everything)
    stored = [file.read_bytes() for file in (home / "images").rglob("*.png")]
    assert all(data in stored for data in pictures)


@pytest.mark.slow
async def test_events_and_states_written_by_hand_hold_no_picture_either(home: Path) -> None:
    data, found = noise(9, 100), traces(noise(9, 100))
    messages = [{"role": "user", "content": [{"type": "text", "text": "a star"}, block("v0", data)]}]
    graph, config = build_graph(InMemorySaver()), on_thread("t")
    context = Settings(seed=1, max_images=1)
    given: Any = {"messages": messages}
    events = [
        repr(event).encode() async for event in graph.astream_events(given, config, version="v2", context=context)
    ]
    assert events
    assert not any(found(event) for event in events)
    await graph.aupdate_state(config, {"messages": messages})
    state = repr(await graph.aget_state(config)).encode()
    assert b"[picture " in state
    assert not found(state)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*experimental")
async def test_the_newest_events_hold_none(home: Path) -> None:
    data = noise(9, 100)
    given: Any = {"messages": [{"role": "user", "content": [{"type": "text", "text": "a star"}, block("v0", data)]}]}
    context = Settings(seed=1, max_images=1)
    stream = await build_graph(InMemorySaver()).astream_events(given, on_thread("t"), version="v3", context=context)
    events = [repr(event).encode() async for event in stream]
    assert events
    assert not any(traces(data)(event) for event in events)


@pytest.mark.slow
async def test_commands_and_bulk_updates_hold_none(home: Path) -> None:
    saver, data = InMemorySaver(), noise(9, 100)
    messages = [{"role": "user", "content": [{"type": "text", "text": "a star"}, block("v0", data)]}]
    graph, config = build_graph(saver), on_thread("t")
    await graph.abulk_update_state(config, [[StateUpdate({"messages": messages}, "__start__")]])
    await graph.ainvoke(Command(update={"messages": messages}, goto="intake"), config, context=QUICK)
    state = (await graph.aget_state(config)).values
    assert repr(state["messages"]).count("'[picture ") == 2
    assert state["asked"]["image"] is not None
    assert not traces(data)(repr([*saver.list(config)]).encode())
    assert not traces(data)(repr(saver.blobs).encode())
    assert not traces(data)(repr(saver.writes).encode())


def test_what_is_not_asynchronous_is_refused_before_anything_is_written(home: Path) -> None:
    saver, given = InMemorySaver(), {"messages": [{"role": "user", "content": [block("v0", noise(9, 10))]}]}
    graph: Any = build_graph(saver)
    for call in (graph.invoke, graph.stream):
        with pytest.raises(BadInput, match="ainvoke"):
            call(given, on_thread("t"))
    with pytest.raises(BadInput, match="aupdate_state"):
        graph.update_state(on_thread("t"), given)
    assert [*saver.list(None)] == []


class Order(MessagesState):
    """A graph of somebody else's, with a conversation of its own."""

    brief: str | None


def conversation() -> list[AnyMessage]:
    """What a model, a tool and a person said in it, with bytes of their own."""
    picture = block("v1", noise(9, 100))
    return [
        HumanMessage([{"type": "text", "text": "look"}, picture, {"type": "file", "base64": "AAAA"}], id="said"),
        AIMessage(
            [{"type": "thinking", "thinking": "t", "signature": "s"}, {"type": "tool_use", "id": "1", "name": "f"}],
            id="thought",
        ),
        ToolMessage([picture], tool_call_id="1", id="found"),
        HumanMessage([{"type": "text", "text": "a large red circle"}, picture], id="asked"),
    ]


@pytest.mark.slow
@pytest.mark.parametrize("keeps", [None, True], ids=["anew", "persistent"])
@pytest.mark.parametrize("events", [False, True])
async def test_as_a_node_it_adds_its_answer_and_leaves_the_messages_of_others_alone(
    keeps: Any, events: bool, home: Path
) -> None:
    flow = StateGraph(Order, context_schema=Settings)
    flow.add_node("paint", build_graph(keeps))
    flow.add_edge(START, "paint")
    flow.add_edge("paint", END)
    saver = InMemorySaver()
    graph: Any = flow.compile(checkpointer=saver)
    config = on_thread("t")
    context = Settings(seed=1, max_images=1, review_checklist=True)
    inputs: list[Any] = [{"messages": conversation()}, Command(resume="approve")]
    for given in inputs:
        if events:
            assert [event async for event in graph.astream_events(given, config, version="v2", context=context)]
        else:
            await graph.ainvoke(given, config, context=context)
    *before, last = (await graph.aget_state(config)).values["messages"]
    assert before == conversation()
    assert last.id.startswith("answer-")
    inner = [kept for kept in saver.list(None) if kept.config["configurable"]["checkpoint_ns"].startswith("paint")]
    assert inner
    assert not traces(noise(9, 100))(repr(inner).encode())


def test_the_graph_stays_what_it_is_when_it_is_copied() -> None:
    graph = build_graph().with_config(tags=["x"])
    assert isinstance(graph, LeanGraph)
    assert graph.name == "agent"
    assert graph.get_input_jsonschema()["properties"].keys() == {"brief", "image", "messages", "requirements"}


def test_a_part_of_a_picture_would_be_found() -> None:
    data = noise(1, 100)
    for offset in range(3):
        assert traces(data)(b"x" + base64.b64encode(b"y" * offset + data))
    assert not traces(data)(base64.b64encode(noise(2, 100)))
