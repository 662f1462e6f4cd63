"""The ladder of structured output, over real clients and servers that take less than OpenAI's own does."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models import SimpleChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from pydantic import BaseModel

from overpaint.tools import ladder
from overpaint.tools.asking import Reply, ask
from overpaint.tools.call_log import CallLog, read_calls
from overpaint.tools.chat import get_chat
from overpaint.tools.database import open_database
from overpaint.tools.faults import ProviderFault
from overpaint.tools.images import ImageStore
from overpaint.tools.ladder import rungs, told, with_more
from overpaint.tools.references import by_reference
from tests.servers import ChatServer, Request, Say, chat_server


class Count(BaseModel):
    """How many things there are."""

    reasoning: str
    count: int


GOOD = '{"reasoning": "I see three", "count": 3}'
CALLED = Say(
    None,
    finish="tool_calls",
    tool_calls=({"id": "t", "type": "function", "function": {"name": "Count", "arguments": GOOD}},),
)
MODELS = pytest.mark.parametrize("name", ["openai:m", "nvidia:acme/m"])


@pytest.fixture(autouse=True)
def nothing_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ports of servers that are gone are given out again."""
    monkeypatch.setattr(ladder, "_first", {})
    monkeypatch.setattr(ladder, "_ignored", {})


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with chat_server() as server:
        yield server


def form(request: Request) -> str:
    """How a request asks for its answer."""
    if "tools" in request.json:
        return "tool"
    kind = request.json.get("response_format", {}).get("type")
    return {"json_schema": "schema", "json_object": "json", None: "words"}[kind]


def taking(*forms: str) -> Callable[[Request], Say]:
    """A server that refuses every other form, as vLLM and llama.cpp do."""

    def think(request: Request) -> Say:
        if form(request) not in forms:
            return Say(f"{form(request)} is not supported", status=400)
        return CALLED if form(request) == "tool" else Say(GOOD)

    return think


def repair(answer: str, fault: str) -> str:
    return f"You said {answer!r}; {fault}"


async def asked(server: ChatServer, tmp_path: Path, name: str = "openai:m", log: CallLog | None = None) -> Reply[Count]:
    chat = get_chat(name, ImageStore(tmp_path), base_url=server.url)
    return await ask(chat, Count, [HumanMessage("How many?")], name="count", repair=repair, log=log)


@pytest.mark.parametrize(
    ("name", "lowest", "way"),
    [
        ("openai:m", "schema", ["schema"]),
        ("openai:m", "tool", ["schema", "tool"]),
        ("openai:m", "json", ["schema", "tool", "json"]),
        ("openai:m", "words", ["schema", "tool", "json", "words"]),
        ("nvidia:acme/m", "schema", ["schema"]),
        ("nvidia:acme/m", "words", ["schema", "words"]),
    ],
)
async def test_a_server_is_asked_as_strictly_as_it_can_be_and_from_then_on_at_once(
    name: str, lowest: str, way: list[str], server: ChatServer, tmp_path: Path
) -> None:
    server.think = taking(lowest)
    log = CallLog(open_database(f"sqlite:///{tmp_path / 'overpaint.db'}"), run="run", node="judge", task="1.0")
    reply = await asked(server, tmp_path, name, log)
    assert reply.value == Count(reasoning="I see three", count=3)
    assert [form(request) for request in server.asked] == way
    assert (reply.calls, reply.tokens) == (len(way), 18)
    calls = await read_calls(log.database, "run", 9)
    assert [(call.input_tokens, call.usd) for call in calls] == [(0, 0.0)] * (len(way) - 1) + [(11, None)]
    assert (await log.spent()).calls == len(way)

    assert (await asked(server, tmp_path, name)).calls == 1
    assert form(server.asked[-1]) == lowest


@pytest.mark.parametrize("lowest", ["json", "words"])
async def test_the_schema_is_told_in_words_where_it_is_not_sent(
    lowest: str, server: ChatServer, tmp_path: Path
) -> None:
    server.think = taking(lowest)
    await asked(server, tmp_path)
    (message,) = server.asked[-1].json["messages"]
    assert message["content"].startswith("How many?")
    assert told(Count) in message["content"]
    assert told(Count) not in server.asked[0].json["messages"][0]["content"]


@MODELS
async def test_a_server_that_ignores_the_schema_twice_in_a_row_is_asked_in_words_from_then_on(
    name: str, server: ChatServer, tmp_path: Path
) -> None:
    server.think = lambda request: GOOD if told(Count) in str(request.json["messages"][-1]["content"]) else "Three."
    assert [(await asked(server, tmp_path, name)).calls for _ in range(4)] == [2, 2, 1, 1]
    assert [form(request) for request in server.asked] == ["schema", "words", "schema", "words", "words", "words"]


@MODELS
async def test_one_bad_answer_does_not_cost_a_server_its_schema(name: str, server: ChatServer, tmp_path: Path) -> None:
    bad, good = Say('{"reasoning": "r"}'), Say(GOOD)
    server.script = [bad, good, good, bad, good, good]
    assert [(await asked(server, tmp_path, name)).calls for _ in range(4)] == [2, 1, 2, 1]
    assert [form(request) for request in server.asked] == ["schema", "words", "schema", "schema", "words", "schema"]


async def test_what_a_server_refused_stays_refused_after_a_bad_answer(server: ChatServer, tmp_path: Path) -> None:
    answers = iter([Say("Three.")])
    server.think = lambda r: next(answers, Say(GOOD)) if form(r) == "json" else taking("json", "words")(r)
    assert (await asked(server, tmp_path)).calls == 4
    assert (await asked(server, tmp_path)).calls == 1
    assert [form(request) for request in server.asked] == ["schema", "tool", "json", "words", "json"]


@MODELS
async def test_an_answer_with_prose_around_it_is_no_reason_to_ask_otherwise(
    name: str, server: ChatServer, tmp_path: Path
) -> None:
    server.script = [Say(f"Here you are: {GOOD} Anything else?")]
    for _ in range(2):
        assert (await asked(server, tmp_path, name)).calls == 1
    assert [form(request) for request in server.asked] == ["schema", "schema"]


@MODELS
async def test_an_empty_answer_is_asked_again_and_says_nothing_of_the_schema(
    name: str, server: ChatServer, tmp_path: Path
) -> None:
    server.script = [Say(""), Say(GOOD)]
    assert (await asked(server, tmp_path, name)).value is not None
    await asked(server, tmp_path, name)
    assert [form(request) for request in server.asked] == ["schema", "words", "schema"]


async def test_a_tool_call_that_is_no_json_is_repaired(server: ChatServer, tmp_path: Path) -> None:
    broken = {"id": "t", "type": "function", "function": {"name": "Count", "arguments": '{"reasoning": "I'}}

    def think(request: Request) -> Say:
        if form(request) == "tool":
            return Say(None, finish="tool_calls", tool_calls=(broken,))
        return taking("words")(request)

    server.think = think
    reply = await asked(server, tmp_path)
    assert reply.value is not None
    assert [form(request) for request in server.asked] == ["schema", "tool", "words"]
    assert '{"reasoning": "I' in str(server.asked[-1].json["messages"])


@pytest.mark.parametrize("lowest", ["schema", "tool", "json", "words"])
@pytest.mark.parametrize(
    ("line", "told"),
    [
        (Say(None, refusal="Not that."), "the model refused"),
        (Say("...", finish="content_filter"), "the model refused"),
        (Say(GOOD[:20], finish="length"), "cut off at the token limit"),
    ],
)
async def test_a_model_that_refuses_or_is_cut_off_is_not_asked_down_the_ladder(
    lowest: str, line: Say, told: str, server: ChatServer, tmp_path: Path
) -> None:
    refusing = taking(lowest)
    server.think = lambda request: line if form(request) == lowest else refusing(request)
    reply = await asked(server, tmp_path)
    assert reply.value is None
    assert told in (reply.fault or "")
    assert form(server.asked[-1]) == lowest
    assert await asked(server, tmp_path) is not None
    assert form(server.asked[-1]) == lowest  # found anew: what was not answered is not remembered
    assert len(server.asked) == 2 * reply.calls


@MODELS
@pytest.mark.parametrize("status", [401, 404, 429, 500, 503])
async def test_a_provider_that_fails_is_asked_exactly_once(
    name: str, status: int, server: ChatServer, tmp_path: Path
) -> None:
    server.script = [Say("no", status=status)]
    with pytest.raises(ProviderFault, match=f"answered {status}"):
        await asked(server, tmp_path, name)
    assert len(server.requests) == 1


@MODELS
async def test_a_request_that_no_form_of_is_taken_is_a_fault(name: str, server: ChatServer, tmp_path: Path) -> None:
    server.script = [Say("this model has no eyes", status=400)]
    with pytest.raises(ProviderFault, match="no eyes") as caught:
        await asked(server, tmp_path, name)
    assert (caught.value.retryable, caught.value.fatal) == (False, False)
    assert form(server.asked[-1]) == "words"


async def test_what_one_server_takes_says_nothing_of_another(server: ChatServer, tmp_path: Path) -> None:
    server.think = taking("words")
    with chat_server() as other:
        other.think = taking("schema")
        await asked(server, tmp_path)
        assert (await asked(other, tmp_path)).calls == 1
        assert (await asked(server, tmp_path)).calls == 1


async def test_a_model_that_cannot_be_bound_is_asked_in_words(tmp_path: Path) -> None:
    class Plain(SimpleChatModel):
        _llm_type = "plain"

        def _call(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> str:
            return f"{GOOD} {json.dumps([m.type for m in messages])}"

    chat = by_reference(Plain(), ImageStore(tmp_path), name="here:m", free=True)
    assert [rung for rung, _ in rungs(chat, Count)] == ["words"]
    assert (await ask(chat, Count, [HumanMessage("How many?")], name="count")).value is not None


def test_more_is_never_said_in_a_second_human_message() -> None:
    block = {"type": "text", "text": "Look."}
    assert with_more([SystemMessage("s"), HumanMessage("a")], "b")[1].content == "a\n\nb"
    assert with_more([HumanMessage([block])], "b")[0].content == [block, {"type": "text", "text": "b"}]
    assert [m.type for m in with_more([HumanMessage("a"), AIMessage("x")], "b")] == ["human", "ai", "human"]
