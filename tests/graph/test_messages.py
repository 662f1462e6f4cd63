from __future__ import annotations

import base64
from typing import Any

import pytest
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage

from overpaint.graph.messages import last_human, pictures_of, text_of, with_references
from overpaint.tools.faults import BadInput

DATA = b"\x89PNG some bytes"
B64 = base64.b64encode(DATA).decode()
REF: Any = {"sha256": "a" * 64, "mime": "image/png", "width": 1, "height": 1}
SHAPES: dict[str, dict[str, Any]] = {
    "v1": {"type": "image", "base64": B64, "mime_type": "image/png"},
    "v0": {"type": "image", "source_type": "base64", "data": B64, "mime_type": "image/png"},
    "openai": {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{B64}"}},
    "anthropic": {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": B64}},
    "agent-chat-ui": {"type": "image", "mimeType": "image/png", "data": B64, "metadata": {"name": "x.png"}},
}
TEXT = {"type": "text", "text": "paint this"}


@pytest.mark.parametrize("block", SHAPES.values(), ids=SHAPES.keys())
def test_a_picture_of_any_shape_is_taken_out(block: dict[str, Any]) -> None:
    message = HumanMessage([TEXT, block], id="m")
    assert text_of(message) == "paint this"
    assert pictures_of(message) == [(1, DATA)]
    replaced = with_references(message, {1: REF})
    assert replaced is not None
    assert replaced.id == "m"
    assert B64 not in replaced.model_dump_json()
    assert REF["sha256"] in replaced.model_dump_json()


def test_what_is_no_picture_is_noted_and_its_bytes_dropped() -> None:
    message = HumanMessage([TEXT, {"type": "file", "mimeType": "application/pdf", "data": B64}])
    assert pictures_of(message) == []
    replaced = with_references(message, {})
    assert replaced is not None
    assert B64 not in replaced.model_dump_json()
    assert with_references(HumanMessage("text"), {}) is None
    assert with_references(HumanMessage([TEXT]), {}) is None


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
        pictures_of(HumanMessage([block]))


def test_two_pictures_are_refused_rather_than_one_dropped() -> None:
    with pytest.raises(BadInput, match="2 pictures"):
        pictures_of(HumanMessage([SHAPES["v1"], SHAPES["openai"]]))


def test_the_brief_is_what_a_person_said_last() -> None:
    said: list[AnyMessage] = [HumanMessage("first"), AIMessage("painted"), HumanMessage("second"), AIMessage("done")]
    assert last_human(said).text == "second"
    with pytest.raises(BadInput, match="no brief"):
        last_human([AIMessage("hello")])
