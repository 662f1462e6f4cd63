"""The chat clients against a server that nobody here wrote: pictures, answers that fit a schema, tools, and chaos."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage
from langchain_core.tools import tool
from pydantic import BaseModel

from overpaint.tools.asking import ask
from overpaint.tools.chat import get_chat, picture
from overpaint.tools.faults import ProviderFault
from overpaint.tools.images import ImageStore
from tests.elsewhere.aimock import Aimock
from tests.image_servers import blocks

USAGE = {"prompt_tokens": 70, "completion_tokens": 5, "total_tokens": 75}
NAMES = pytest.mark.parametrize("name", ["openai:m", "nvidia:acme/m"])
NUMBERS = itertools.count()
Opened = Callable[..., BaseChatModel]


class Seen(BaseModel):
    """What is in the picture."""

    shape: str
    count: int


pytestmark = pytest.mark.slow

ANSWER = '{"shape": "star", "count": 3}'
QUESTION = [HumanMessage("What is it?")]


@pytest.fixture
def store(tmp_path: Path) -> ImageStore:
    return ImageStore(tmp_path / "images")


@pytest.fixture
def opened(aimock: Aimock, store: ImageStore) -> Opened:
    """Opens a model that is asked at the server; a new one each time, as it is remembered how a model could be asked."""
    return lambda name, **options: get_chat(f"{name}{next(NUMBERS)}", store, base_url=aimock.base_url, **options)


def repair(answer: str, wrong: str) -> str:
    return f"That could not be read: {wrong}"


def rungs(mock: Aimock) -> list[str]:
    """How each request asked for an answer of a shape."""
    bodies = [entry["body"] for entry in mock.journal("/chat/completions")]
    return [b.get("response_format", {}).get("type") or ("tools" if b.get("tools") else "words") for b in bodies]


@NAMES
async def test_a_picture_is_seen(name: str, aimock: Aimock, opened: Opened, store: ImageStore) -> None:
    aimock.answer({"content": "Blocks.", "usage": USAGE}, userMessage="What is it?")
    shown = picture((await store.save(blocks("any")))["sha256"])
    chat = opened(name, temperature=0.25, seed=11, max_tokens=300)
    answer = await chat.ainvoke([HumanMessage([{"type": "text", "text": "What is it?"}, shown])])
    assert answer.text == "Blocks."
    assert answer.usage_metadata is not None
    assert answer.usage_metadata["total_tokens"] == 75
    [request] = aimock.journal()
    asked = request["body"]
    url = asked["messages"][-1]["content"][1]["image_url"]["url"]
    assert base64.b64decode(url.removeprefix("data:image/png;base64,")) == blocks("any")
    assert (asked["temperature"], asked["seed"]) == (0.25, 11)
    assert 300 in (asked.get("max_tokens"), asked.get("max_completion_tokens"))


@NAMES
async def test_a_streamed_answer_is_put_together(name: str, aimock: Aimock, opened: Opened) -> None:
    aimock.answer({"content": "One two three four five."}, userMessage="What is it?")
    assert "".join([chunk.text async for chunk in opened(name).astream(QUESTION)]) == "One two three four five."


@NAMES
async def test_an_answer_fits_the_schema(name: str, aimock: Aimock, opened: Opened) -> None:
    aimock.answer({"content": ANSWER, "usage": USAGE}, responseFormat="json_schema")
    reply = await ask(opened(name), Seen, QUESTION, name="look")
    assert reply.value == Seen(shape="star", count=3)
    assert (reply.calls, reply.tokens) == (1, 75)
    assert rungs(aimock) == ["json_schema"]


@NAMES
async def test_tools_are_called(name: str, aimock: Aimock, opened: Opened) -> None:
    @tool
    def look(where: str) -> str:
        """Look somewhere."""
        return where

    call = {"name": "look", "arguments": {"where": "left"}}
    aimock.answer({"toolCalls": [call]}, toolName="look")
    answer = await opened(name).bind_tools([look]).ainvoke(QUESTION)
    assert [(c["name"], c["args"]) for c in answer.tool_calls] == [("look", {"where": "left"})]


@pytest.mark.parametrize(("name", "next_best"), [("openai:m", "tools"), ("nvidia:acme/m", "words")])
async def test_a_server_without_schemas_is_asked_in_the_next_best_way_from_then_on(
    name: str, next_best: str, aimock: Aimock, opened: Opened
) -> None:
    aimock.answer({"error": {"message": "response_format is not known"}, "status": 400}, responseFormat="json_schema")
    aimock.answer({"toolCalls": [{"name": "Seen", "arguments": ANSWER}]}, toolName="Seen")
    aimock.answer({"content": ANSWER})
    chat = opened(name)
    for _ in range(2):
        assert (await ask(chat, Seen, QUESTION, name="look")).value == Seen(shape="star", count=3)
    assert rungs(aimock) == ["json_schema", next_best, next_best]


@NAMES
async def test_a_server_that_takes_no_shape_at_all_is_asked_in_words(name: str, aimock: Aimock, opened: Opened) -> None:
    refusal = {"error": {"message": "not known here"}, "status": 400}
    for shape in ("json_schema", "json_object"):
        aimock.answer(refusal, responseFormat=shape)
    aimock.answer(refusal, toolName="Seen")
    aimock.answer({"content": f"Let me see. ```json\n{ANSWER}\n```"}, userMessage="What is it?")
    reply = await ask(opened(name), Seen, QUESTION, name="look", repair=repair)
    assert reply.value == Seen(shape="star", count=3)
    assert rungs(aimock)[-1] == "words"


@NAMES
async def test_an_answer_that_never_fits_is_a_fault_and_no_error(name: str, aimock: Aimock, opened: Opened) -> None:
    aimock.answer({"content": "It looks lovely."})
    reply = await ask(opened(name), Seen, QUESTION, name="look", repair=repair)
    assert reply.value is None
    assert reply.fault
    assert reply.calls == len(aimock.journal()) <= 5


@NAMES
@pytest.mark.parametrize("rate", ["rateLimitRate", "dropRate", "malformedRate", "disconnectRate"])
async def test_chaos_ends_as_a_fault_after_one_request(name: str, rate: str, aimock: Aimock, opened: Opened) -> None:
    aimock.answer({"content": ANSWER})
    aimock.chaos(**{rate: 1})
    with pytest.raises(ProviderFault) as caught:
        await ask(opened(name), Seen, QUESTION, name="look", repair=repair)
    assert caught.value.retryable
    assert not caught.value.fatal
    # ChatNVIDIA keeps the headers of an answer to itself.
    assert caught.value.retry_after == (1.0 if (rate, name) == ("rateLimitRate", "openai:m") else None)
    assert len(aimock.journal()) == 1


@NAMES
async def test_a_slow_server_is_waited_for(name: str, aimock: Aimock, opened: Opened) -> None:
    aimock.answer({"content": ANSWER}, responseFormat="json_schema")
    aimock.chaos(latencyMs=300)
    reply = await ask(opened(name), Seen, QUESTION, name="look")
    assert reply.value == Seen(shape="star", count=3)
    assert reply.seconds >= 0.3
