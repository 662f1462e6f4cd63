"""The inspecting tool: what a model may get wrong in its answers, and what is kept of them."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import ToolMessage
from pydantic import ValidationError

from overpaint.tools.budget import NoRoom, Room
from overpaint.tools.call_log import CallLog, read_calls
from overpaint.tools.chat import get_chat
from overpaint.tools.database import open_database
from overpaint.tools.decoding import decode
from overpaint.tools.images import ImageStore
from overpaint.tools.inspect_image import Answer, Inspection, make_inspect_image, settled
from tests.servers import ChatServer, Say, chat_server


def answered(number: int, answer: str, box: Any = None) -> dict[str, Any]:
    return {"number": number, "evidence": "seen", "answer": answer, "box": box}


def said(*answers: dict[str, Any], **rest: Any) -> str:
    return json.dumps({"observations": "A disc.", "answers": list(answers), **rest})


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ChatServer]:
    with chat_server(Say("")) as server:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-of-this-test-alone")
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        yield server


async def look(
    text: str,
    server: ChatServer,
    tmp_path: Path,
    draw: Any,
    count: int = 2,
    log: CallLog | None = None,
    **more: Any,
) -> ToolMessage:
    store, server.script = ImageStore(tmp_path), [Say(text)]
    ref = await store.save(draw((32, 32, 9, "red")))
    tool = make_inspect_image(
        get_chat("openai:m", store), instructions="Judge.", question_prompt=lambda asked: "\n".join(asked), log=log
    )
    args = {"image": ref["sha256"], "questions": [f"Q{i + 1}?" for i in range(count)], **more}
    message = await tool.ainvoke({"name": tool.name, "args": args, "id": "1", "type": "tool_call"})
    assert isinstance(message, ToolMessage)
    return message


async def test_the_model_reads_lines_and_code_reads_the_artifact(server: ChatServer, tmp_path: Path, draw: Any) -> None:
    text = said(answered(1, "yes", [0.3, 0.3, 0.7, 0.7]), answered(2, "2"), flaws=["grain"], quality=0.9)
    message = await look(text, server, tmp_path, draw)
    assert message.content == "1. yes (seen)\n2. 2 (seen)\nFlaw: grain\nQuality: 0.9"
    artifact = message.artifact
    assert artifact["inspection"] == {**json.loads(text)}
    assert (artifact["fault"], artifact["calls"], artifact["tokens"], artifact["usd"]) == (None, 1, 18, None)
    assert artifact["cached"] == 0
    system, human = server.asked[0].json["messages"]
    assert system["content"] == "Judge."
    assert human["content"][0]["text"] == "Q1?\nQ2?"


async def test_every_look_is_logged(server: ChatServer, tmp_path: Path, draw: Any) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'overpaint.db'}")
    log = CallLog(database, run="run", node="judge", task="1.0")
    await look(said(answered(1, "yes")), server, tmp_path, draw, log=log)
    (call,) = await read_calls(database, "run", 9)
    assert (call.model, call.name, call.task) == ("openai:m", "inspect_image", "1.0")
    assert "sha256:" in str(call.messages)


async def test_what_was_not_answered_or_twice_differently_is_unsure(
    server: ChatServer, tmp_path: Path, draw: Any
) -> None:
    text = said(answered(2, "yes"), answered(2, "no"), answered(3, "Yes."), answered(3, "yes"), answered(9, "yes"))
    artifact = (await look(text, server, tmp_path, draw, count=3)).artifact
    assert [(a["number"], a["answer"]) for a in artifact["inspection"]["answers"]] == [
        (1, "unsure"),
        (2, "unsure"),
        (3, "Yes."),
    ]


async def test_an_answer_that_cannot_be_read_is_a_fault(server: ChatServer, tmp_path: Path, draw: Any) -> None:
    message = await look("A nice picture.", server, tmp_path, draw)
    assert message.artifact["inspection"] is None
    assert message.artifact["fault"] in message.content


async def test_boxes_of_a_part_are_given_as_fractions_of_the_whole(
    server: ChatServer, tmp_path: Path, draw: Any
) -> None:
    text = said(answered(1, "yes", [0.0, 0.0, 1.0, 0.5]))
    artifact = (await look(text, server, tmp_path, draw, count=1, box=[0.4, 0.4, 0.8, 0.8])).artifact
    assert artifact["inspection"]["answers"][0]["box"] == pytest.approx([0.3, 0.3, 0.9, 0.6])


async def test_details_follow_the_whole_picture_with_a_line_that_says_so(
    server: ChatServer, tmp_path: Path, draw: Any
) -> None:
    store = ImageStore(tmp_path)
    ref = await store.save(draw((1900, 100, 60, "red"), size=(2000, 1000)))
    server.script = [Say(said(answered(1, "yes", [0.9, 0.0, 1.0, 0.2])))]
    tool = make_inspect_image(
        get_chat("openai:m", store),
        instructions="Judge.",
        question_prompt=lambda asked: "\n".join(asked),
        detail_prompt=lambda parts: f"Enlarged: {[[round(edge, 2) for edge in part] for part in parts]}",
    )
    args = {"image": ref["sha256"], "questions": ["Q1?"], "details": [[0.9, 0.0, 1.0, 0.2]]}
    message = await tool.ainvoke({"name": tool.name, "args": args, "id": "1", "type": "tool_call"})
    text, whole, line, part = server.asked[0].json["messages"][1]["content"]
    assert text["text"] == "Q1?"
    assert line["text"] == "Enlarged: [[0.85, 0.0, 1.0, 0.25]]"
    sizes = [decode(base64.b64decode(b["image_url"]["url"].partition(",")[2])).size for b in (whole, part)]
    assert sizes == [(1568, 784), (300, 250)]
    assert message.artifact["inspection"]["answers"][0]["box"] == [0.9, 0.0, 1.0, 0.2]


async def test_a_look_without_room_is_not_made(server: ChatServer, tmp_path: Path, draw: Any) -> None:
    store = ImageStore(tmp_path)
    ref = await store.save(draw((32, 32, 9, "red")))
    tool = make_inspect_image(
        get_chat("openai:m", store), instructions="", question_prompt=lambda asked: "", room=Room(calls=0)
    )
    with pytest.raises(NoRoom):
        await tool.ainvoke({"image": ref["sha256"], "questions": ["?"]})
    assert server.requests == []


@pytest.mark.parametrize(
    "args", [{"image": "me.png"}, {"questions": []}, {"questions": ["?"] * 61}, {"details": [[0, 0, 1, 1]] * 5}]
)
async def test_arguments_out_of_bounds_are_refused(args: dict[str, Any], tmp_path: Path, server: ChatServer) -> None:
    tool = make_inspect_image(
        get_chat("openai:m", ImageStore(tmp_path)), instructions="", question_prompt=lambda asked: ""
    )
    with pytest.raises(ValidationError):
        await tool.ainvoke({"image": "0" * 64, "questions": ["?"], **args})
    assert server.requests == []


def test_the_model_does_not_see_the_places(tmp_path: Path, server: ChatServer) -> None:
    tool = make_inspect_image(
        get_chat("openai:m", ImageStore(tmp_path)), instructions="", question_prompt=lambda asked: ""
    )
    assert set(tool.tool_call_schema.model_json_schema()["properties"]) == {"image", "questions"}  # type: ignore[union-attr]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5), st.lists, max_leaves=8
)


@pytest.mark.slow
@given(ANYTHING, ANYTHING)
def test_whatever_a_model_puts_there_a_box_is_fractions_or_none_and_so_is_quality(box: Any, quality: Any) -> None:
    seen = Inspection.model_validate(
        {"observations": "o", "answers": [answered(1, "yes", box)], "flaws": box, "quality": quality, "more": 1}
    )
    found = seen.answers[0].box
    assert found is None or (0 <= found[0] < found[2] <= 1 and 0 <= found[1] < found[3] <= 1)
    assert seen.quality is None or 0 <= seen.quality <= 1
    assert all(isinstance(flaw, str) for flaw in seen.flaws)


@pytest.mark.parametrize(
    ("box", "kept"),
    [
        ([-0.02, 0.1, 1.05, 0.9], [0.0, 0.1, 1.0, 0.9]),
        ([12, 30, 200, 180], None),
        ([0.5, 0.5, 0.5, 0.9], None),
        ([0.9, 0.1, 0.2, 0.3], None),
        (["0.1", 0.2, 0.3, 0.4], [0.1, 0.2, 0.3, 0.4]),
        ({"left": 0.1}, None),
        ([0.1, 0.2, math.nan, 0.4], None),
    ],
)
def test_boxes_in_pixels_or_without_area_are_no_boxes(box: Any, kept: list[float] | None) -> None:
    assert Answer.model_validate(answered(1, "yes", box)).box == kept


@pytest.mark.parametrize(("value", "told"), [(True, "yes"), (False, "no"), (3, "3"), (3.0, "3"), ("yes", "yes")])
def test_an_answer_is_put_in_words(value: Any, told: str) -> None:
    assert Answer(number=1, evidence="", answer=value).answer == told


@given(st.lists(st.tuples(st.integers(-1, 6), st.sampled_from(["yes", "no"])), max_size=12), st.integers(1, 5))
def test_every_question_has_one_answer_in_order(given_answers: list[tuple[int, str]], count: int) -> None:
    answers = [Answer(number=n, evidence="", answer=a) for n, a in given_answers]
    kept = settled(Inspection(observations="", answers=answers), count).answers
    assert [a.number for a in kept] == list(range(1, count + 1))
    for answer in kept:
        words = {a for n, a in given_answers if n == answer.number}
        assert answer.answer == (words.pop() if len(words) == 1 else "unsure")
