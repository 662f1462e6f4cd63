"""Pictures in any of the five block shapes become references before anything is written down."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage
from langgraph.types import Command
from PIL import Image

from overpaint.graph.messages import last_human, picture_bytes, picture_of, reference, text_of, without_bytes
from overpaint.tools.faults import BadInput
from overpaint.tools.images import ImageStore
from tests.image_servers import encoded

DATA = encoded(Image.new("RGB", (8, 8), "red"))
B64 = base64.b64encode(DATA).decode()
SHAPES: dict[str, dict[str, Any]] = {
    "v1": {"type": "image", "base64": B64, "mime_type": "image/png"},
    "v0": {"type": "image", "source_type": "base64", "data": B64, "mime_type": "image/png"},
    "openai": {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{B64}"}},
    "anthropic": {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": B64}},
    "agent-chat-ui": {"type": "image", "mimeType": "image/png", "data": B64, "metadata": {"name": "x.png"}},
}
TEXT = {"type": "text", "text": "paint this"}


async def lean(content: Any) -> HumanMessage:
    given = await without_bytes({"messages": [HumanMessage(content, id="m")]})
    message = given["messages"][0]
    assert isinstance(message, HumanMessage)
    return message


@pytest.mark.parametrize("block", SHAPES.values(), ids=SHAPES.keys())
async def test_a_picture_of_any_shape_is_stored_and_named(block: dict[str, Any], home: Path) -> None:
    message = await lean([TEXT, block])
    assert message.id == "m"
    assert text_of(message) == "paint this"
    assert B64 not in message.model_dump_json()
    named = picture_of(message)
    assert named is not None
    assert await ImageStore(home / "images").load(named["sha256"]) == DATA
    assert await lean(message.content) == message


async def test_messages_come_as_dicts_too_and_what_was_said_before_keeps_no_bytes(home: Path) -> None:
    old = [{"role": "user", "content": [SHAPES["v1"], SHAPES["openai"]]}, {"role": "ai", "content": [SHAPES["v1"]]}]
    given = await without_bytes({"messages": [*old, {"role": "user", "content": [TEXT]}], "brief": None})
    assert B64 not in str(given)
    assert text_of(given["messages"][-1]) == "paint this"
    assert not (home / "images").exists()


async def test_what_is_no_picture_is_noted_and_its_bytes_dropped() -> None:
    message = await lean([TEXT, {"type": "file", "mimeType": "application/pdf", "data": B64}])
    assert picture_of(message) is None
    assert B64 not in message.model_dump_json()
    assert await lean("text") == HumanMessage("text", id="m")


async def test_what_models_and_tools_said_stays_as_it_is_but_for_files() -> None:
    thought = {"type": "thinking", "thinking": "t", "signature": "s"}
    hidden = {"type": "redacted_thinking", "data": "EmwKAhgB"}
    called = {"type": "tool_use", "id": "1", "name": "look", "input": {"type": "image", "of": "x"}}
    cited = {"type": "text", "text": "hi", "citations": [1], "cache_control": {"type": "ephemeral"}}
    ran = {"type": "web_fetch_tool_result", "tool_use_id": "2", "content": [TEXT, SHAPES["anthropic"]]}
    note = {"type": "text", "text": "[image left out]"}
    said = AIMessage([thought, hidden, called, cited, ran, SHAPES["v1"]])
    found = ToolMessage([TEXT, SHAPES["openai"], "as text"], tool_call_id="1")
    given = await without_bytes({"messages": [HumanMessage("x"), said, found, HumanMessage("y")]})
    _, model, tool, _ = given["messages"]
    assert model.content == [thought, hidden, called, cited, {**ran, "content": [TEXT, note]}, note]
    assert tool.content == [TEXT, {"type": "text", "text": "[image_url left out]"}, "as text"]
    assert said.content[-1] == SHAPES["v1"]  # what was given is somebody else's, and stays


@pytest.mark.parametrize("text", ["a picture of a circle", {**TEXT, "picture": None}, {**TEXT, "picture": "x"}])
async def test_a_text_about_a_picture_is_no_picture(text: Any, home: Path) -> None:
    said = text if isinstance(text, str) else text["text"]
    assert (await lean([text, text])).text == said + said
    message = await lean([text, SHAPES["v1"]])
    assert text_of(message) == said
    assert picture_of(message) is not None


def test_a_picture_that_was_never_stored_is_refused_rather_than_ignored() -> None:
    for block in SHAPES.values():
        with pytest.raises(BadInput, match="never stored"):
            picture_of(HumanMessage([TEXT, block]))


@pytest.mark.parametrize("as_pairs", [False, True])
async def test_what_a_command_writes_holds_no_bytes_either(as_pairs: bool, home: Path) -> None:
    update: dict[str, Any] = {"messages": [{"role": "user", "content": [TEXT, SHAPES["v0"]]}], "round": 1}
    written: Any = Command(update=list(update.items()) if as_pairs else update, resume="approve")
    given = await without_bytes(written)
    assert given.resume == "approve"
    assert dict(given.update)["round"] == 1
    assert picture_of(dict(given.update)["messages"][0]) is not None
    assert B64 not in repr(given)
    assert await without_bytes(Command(resume="x")) == Command(resume="x")


async def test_a_reference_keeps_nothing_but_what_names_the_picture() -> None:
    ref: Any = {"sha256": "a" * 64, "mime": "image/png", "width": 1, "height": 1}
    message = await lean([TEXT, reference({**ref, "grant": "secret"})])
    assert picture_of(message) == ref
    assert "secret" not in message.model_dump_json()
    assert text_of(message) == "paint this"


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ({"type": "image", "base64": "no base64!"}, "base64"),
        ({"type": "image", "base64": None}, "base64"),
        ({"type": "image"}, "base64"),
        ({"type": "image", "url": "http://169.254.169.254/latest"}, "fetches nothing"),
        ({"type": "image_url", "image_url": {"url": "file:///etc/passwd"}}, "fetches nothing"),
        ({"type": "image", "file_id": "f-1"}, "file id"),
    ],
)
def test_a_picture_that_is_not_there_is_refused(block: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        picture_bytes(block)


@pytest.mark.parametrize("second", [SHAPES["openai"], reference({"sha256": "a" * 64})])
async def test_two_pictures_are_refused_rather_than_one_dropped(second: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="2 pictures"):
        await lean([SHAPES["v1"], second])


@pytest.mark.parametrize("messages", [[{"content": "no role"}], [{"role": "nobody", "content": "x"}], [7], 7])
async def test_what_is_no_conversation_is_refused_in_one_line(messages: Any) -> None:
    with pytest.raises(BadInput, match="cannot be read") as caught:
        await without_bytes({"messages": messages})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("given", [None, {"brief": "x"}, {"messages": []}, "text"])
async def test_other_input_is_left_as_it_is(given: Any) -> None:
    assert await without_bytes(given) is given


def test_the_brief_is_what_a_person_said_last() -> None:
    said: list[AnyMessage] = [HumanMessage("first"), AIMessage("painted"), HumanMessage("second"), AIMessage("done")]
    assert last_human(said).text == "second"
    with pytest.raises(BadInput, match="no brief"):
        last_human([AIMessage("hello")])
