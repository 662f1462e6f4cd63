"""One structured question: what is read, repaired, refused and paid for, over real clients and a real server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage
from pydantic import BaseModel

from overpaint.tools.asking import Reply, ask, find_answer
from overpaint.tools.call_log import Call, CallLog, read_calls
from overpaint.tools.chat import get_chat
from overpaint.tools.database import Database, open_database
from overpaint.tools.faults import BadInput, ProviderFault
from overpaint.tools.images import ImageStore
from overpaint.tools.references import by_reference, picture
from tests.servers import ChatServer, Say, chat_server


class Count(BaseModel):
    """How many things there are."""

    reasoning: str
    count: int


# ChatNVIDIA warns of any model that thinks aloud, and takes the thoughts out; the answer is read all the same.
pytestmark = pytest.mark.filterwarnings("ignore:Reasoning content :UserWarning")

GOOD = '{"reasoning": "I see three", "count": 3}'
MODELS = pytest.mark.parametrize("name", ["openai:m", "nvidia:acme/m"])


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ChatServer]:
    with chat_server(Say(GOOD)) as server:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-of-this-test-alone")
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("NVIDIA_BASE_URL", server.url)
        yield server


@pytest.fixture
def database(tmp_path: Path) -> Database:
    """One kind of database will do: the other is put to the same test in test_call_log.py."""
    return open_database(f"sqlite:///{tmp_path / 'overpaint.db'}")


def told_schema() -> str:
    return json.dumps(Count.model_json_schema(), separators=(",", ":"))


async def asked(name: str, tmp_path: Path, *, repaired: bool = True) -> Reply[Count]:
    chat = get_chat(name, ImageStore(tmp_path))
    repair = (lambda answer, fault: f"You said {answer!r}; {fault}") if repaired else None
    return await ask(chat, Count, [HumanMessage("How many?")], name="count", repair=repair)


@MODELS
@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        f"```json\n{GOOD}\n```",
        f"<think>maybe {{2}} or {{'x'}}</think> Here it is: {GOOD} Anything else?",
        f'First {{"reasoning": "a guess", "count": 9}}, but on a closer look {GOOD}',
        '{"reasoning": "r", "count": "3", "more": [1]}',
    ],
)
async def test_an_answer_is_read_in_one_call(name: str, text: str, server: ChatServer, tmp_path: Path) -> None:
    server.script = [Say(text)]
    reply = await asked(name, tmp_path)
    assert reply.value is not None
    assert reply.value.count == 3
    assert (reply.fault, reply.calls, reply.tokens, reply.usd) == (None, 1, 18, None)
    assert reply.raw
    assert text.endswith(reply.raw)
    assert 0 < reply.seconds < 10
    assert len(server.requests) == 1
    assert server.asked[0].json["response_format"]["type"] == "json_schema"


@MODELS
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "it was empty"),
        ("Three.", "no JSON object"),
        ('{"reasoning": "r", "count": "three"}', "count: Input should be a valid integer"),
        ('{"reasoning": "r"}', "count: Field required"),
        ('{"reasoning": "r", "count":', "no JSON object"),
    ],
)
async def test_an_answer_that_cannot_be_read_is_shown_to_its_author_once(
    name: str, text: str, told: str, server: ChatServer, tmp_path: Path
) -> None:
    server.script = [Say(text), Say(GOOD)]
    reply = await asked(name, tmp_path)
    assert reply.value == Count(reasoning="I see three", count=3)
    assert (reply.calls, reply.tokens, len(server.requests)) == (2, 36, 2)
    again = server.asked[1].json["messages"]
    assert told in again[-1]["content"]
    assert f"You said {text!r}" in again[-1]["content"]
    assert "response_format" not in server.asked[1].json
    assert told_schema() in again[-1]["content"]
    assert [m["role"] for m in again] == (["user", "assistant", "user"] if text else ["user"])


@MODELS
async def test_a_second_unreadable_answer_is_a_fault_and_never_a_value(
    name: str, server: ChatServer, tmp_path: Path
) -> None:
    server.script = [Say("I cannot tell.")]
    reply = await asked(name, tmp_path)
    assert reply.value is None
    assert reply.fault == "the answer could not be read: it holds no JSON object"
    assert (reply.raw, reply.calls, len(server.requests)) == ("I cannot tell.", 2, 2)


async def test_without_a_repair_text_there_is_one_call(server: ChatServer, tmp_path: Path) -> None:
    server.script = [Say("Three.")]
    assert (await asked("openai:m", tmp_path, repaired=False)).calls == 1


@MODELS
async def test_a_cut_off_answer_says_so_is_paid_for_and_not_asked_again(
    name: str, server: ChatServer, tmp_path: Path
) -> None:
    server.script = [Say(GOOD[:20], finish="length")]
    reply = await asked(name, tmp_path)
    assert reply.fault is not None
    assert "cut off at the token limit" in reply.fault
    assert (reply.calls, reply.tokens, len(server.requests)) == (1, 18, 1)


@MODELS
@pytest.mark.parametrize(
    ("text", "counts"),
    [
        (f"{GOOD}\n \n \n", True),
        (f"Here it is:\n```json\n{GOOD}\n```", True),
        (f"I will answer in the form {GOOD}. Now let me look: there are", False),
        (f'{GOOD} {{"reasoning": "On a closer look', False),
    ],
)
async def test_of_a_cut_off_text_only_an_answer_that_it_ends_with_counts(
    name: str, text: str, counts: bool, server: ChatServer, tmp_path: Path
) -> None:
    server.script = [Say(text, finish="length")]
    reply = await asked(name, tmp_path)
    assert (reply.value is not None) is counts
    assert (reply.fault is None) is counts
    assert len(server.requests) == 1


@pytest.mark.parametrize("line", [Say(GOOD, refusal="Not that."), Say(GOOD, finish="content_filter")])
async def test_of_a_refusal_nothing_counts(line: Say, server: ChatServer, tmp_path: Path) -> None:
    server.script = [line]
    reply = await asked("openai:m", tmp_path)
    assert reply.value is None
    assert reply.fault is not None
    assert reply.fault.startswith("the model refused")


async def test_half_an_answer_is_not_closed_by_a_parser(server: ChatServer, tmp_path: Path) -> None:
    """LangChain's parser of JSON mode makes a whole object of it."""
    half = '{"count": 3, "reasoning": "There are at le'
    refused = Say("unknown response_format", status=400)
    server.script = [refused, refused, Say(half), Say(GOOD)]
    reply = await asked("openai:m", tmp_path)
    assert reply.value == Count(reasoning="I see three", count=3)
    assert reply.calls == 4


@pytest.mark.parametrize(
    ("told", "fault"),
    [
        ({"stop_reason": "max_tokens"}, "cut off"),
        ({"finish_reason": "MAX_TOKENS"}, "cut off"),
        ({"done_reason": "length"}, "cut off"),
        ({"stop_reason": "refusal"}, "refused"),
        ({"finish_reason": "SAFETY"}, "refused"),
        ({"stop_reason": "end_turn"}, None),
        ({}, None),
    ],
)
async def test_how_an_answer_ended_is_read_in_the_words_of_each_provider(
    told: dict[str, str], fault: str | None, tmp_path: Path
) -> None:
    message = AIMessage(f"{GOOD} and so", response_metadata=told)
    chat = by_reference(GenericFakeChatModel(messages=iter([message])), ImageStore(tmp_path), name="other:m", free=True)
    reply = await ask(chat, Count, [HumanMessage("How many?")], name="count")
    assert (reply.value is None) is (fault is not None)
    assert (fault or "") in (reply.fault or "")


@pytest.mark.parametrize("usage", [{"prompt_tokens": None, "total_tokens": None}, {}, None])
async def test_a_cut_off_answer_of_a_server_that_does_not_count_is_told_all_the_same(
    usage: dict[str, None] | None, server: ChatServer, tmp_path: Path
) -> None:
    choice = {"index": 0, "message": {"role": "assistant", "content": GOOD[:20]}, "finish_reason": "length"}
    head = {"id": "c1", "object": "chat.completion", "created": 1, "model": "m"}
    server.script = [Say(body=json.dumps({**head, "choices": [choice], "usage": usage}))]
    reply = await asked("openai:m", tmp_path)
    assert reply.fault is not None
    assert "cut off at the token limit" in reply.fault
    assert (reply.raw, reply.calls) == (GOOD[:20], 1)
    assert reply.tokens > 4096  # the worst case, since nobody counted


@pytest.mark.parametrize(
    ("line", "told"),
    [(Say(None, refusal="Not that."), "Not that."), (Say("...", finish="content_filter"), "filtered")],
)
async def test_a_refusal_is_not_asked_again(line: Say, told: str, server: ChatServer, tmp_path: Path) -> None:
    server.script = [line]
    reply = await asked("openai:m", tmp_path)
    assert reply.value is None
    assert reply.fault is not None
    assert reply.fault.startswith("the model refused")
    assert told in reply.fault
    assert (reply.calls, reply.tokens) == (1, 18)


@pytest.mark.slow
@MODELS
@pytest.mark.parametrize(
    ("line", "retryable", "fatal", "told"),
    [
        (Say("slow down", status=429), True, False, "answered 429: slow down"),
        (Say("You exceeded your current quota", status=429), False, True, "Add credit"),
        (Say("boom", status=500), True, False, "answered 500: boom"),
        (Say("busy", status=503), True, False, "Try again later"),
        (Say("bad key sk-of-this-test-alone", status=401), False, True, "Check .*_API_KEY"),
        (Say("not yours", status=403), False, True, "not yours"),
        (Say("no such model", status=404), False, True, "name of the model"),
    ],
)
async def test_a_failing_provider_is_told_apart_by_its_status(
    name: str, line: Say, retryable: bool, fatal: bool, told: str, server: ChatServer, tmp_path: Path
) -> None:
    server.script = [line]
    with pytest.raises(ProviderFault, match=told) as caught:
        await asked(name, tmp_path)
    assert (caught.value.retryable, caught.value.fatal) == (retryable, fatal)
    assert name in str(caught.value)
    assert "sk-of" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(server.requests) == 1


@pytest.mark.slow
@MODELS
async def test_a_server_that_is_not_there_may_be_back_later(
    name: str, server: ChatServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("OPENAI_BASE_URL", "NVIDIA_BASE_URL"):
        monkeypatch.setenv(variable, "http://127.0.0.1:1/v1")
    with pytest.raises(ProviderFault, match="Check the connection") as caught:
        await asked(name, tmp_path)
    assert caught.value.retryable


@pytest.mark.parametrize("body", ["<html>welcome</html>", "{}", '{"choices": []}'])
async def test_what_is_no_chat_completion_is_no_answer(body: str, server: ChatServer, tmp_path: Path) -> None:
    server.script = [Say(body=body)]
    with pytest.raises(ProviderFault, match=r"no chat completion|failed") as caught:
        await asked("openai:m", tmp_path)
    assert not caught.value.fatal


@pytest.mark.slow
async def test_a_slow_server_runs_into_the_time_out(server: ChatServer, tmp_path: Path) -> None:
    server.script = [Say(GOOD, delay=0.6)]
    from langchain_openai import ChatOpenAI

    impatient = ChatOpenAI(model="m", timeout=0.2, max_retries=0, default_headers={"Connection": "close"})
    chat = by_reference(impatient, ImageStore(tmp_path), name="openai:m")
    with pytest.raises(ProviderFault, match="timed out") as caught:
        await ask(chat, Count, [HumanMessage("?")], name="count")
    assert caught.value.retryable


@given(st.text(), st.text(alphabet='{}[]":,a1 \n'), st.integers(-9, 9))
def test_an_answer_is_found_in_any_text_and_never_made_up(before: str, after: str, count: int) -> None:
    answer = Count(reasoning="r", count=count)
    assert find_answer(before.replace("{", "") + answer.model_dump_json() + after, Count)[0] == answer
    assert find_answer(after, Count)[0] is None


def told_in(wrapping: str) -> str:
    """The schema as models repeat it."""
    schema = Described.model_json_schema()
    forms: dict[str, Any] = {
        "bare": schema,
        "tool": {"name": "Described", "description": "A tool.", "parameters": schema},
        "format": {"name": "Described", "description": "A form.", "schema": schema},
    }
    return json.dumps(forms[wrapping])


class Described(BaseModel):
    """What the schema itself says, in a key of the same name."""

    description: str


@pytest.mark.parametrize("wrapping", ["bare", "tool", "format"])
def test_a_schema_that_is_said_back_is_no_answer(wrapping: str) -> None:
    value, wrong = find_answer(f"Of this form: {told_in(wrapping)}", Described)
    assert value is None
    assert wrong == "it is the schema and no answer of it"
    answer = Described(description="A cat.")
    for text in (f"{told_in(wrapping)} {answer.model_dump_json()}", f"{answer.model_dump_json()} {told_in(wrapping)}"):
        assert find_answer(text, Described)[0] == answer


def test_a_text_of_braces_is_soon_given_up() -> None:
    assert find_answer('{"a":' * 50_000, Count)[0] is None
    assert find_answer("{" * 200_000, Count)[0] is None


async def logged(name: str, tmp_path: Path, database: Database) -> list[Call]:
    """The calls that `ask` noted, whatever came of it."""
    log = CallLog(database, run="run", node="judge", task="1.0")
    chat = get_chat(name, ImageStore(tmp_path))
    with suppress(ProviderFault):
        await ask(chat, Count, [HumanMessage("How many?")], name="count", repair=lambda *_: "Again.", log=log)
    return await read_calls(database, "run", 9)


@MODELS
async def test_every_call_is_logged_repair_included(
    name: str, server: ChatServer, tmp_path: Path, database: Database
) -> None:
    server.script = [Say("Three."), Say(GOOD)]
    first, second = await logged(name, tmp_path, database)
    assert (first.model, first.name, second.name) == (name, "count", "count again")
    assert (first.reply, second.reply) == ("Three.", GOOD)
    assert first.messages == [{"role": "human", "content": "How many?"}]
    assert [message["role"] for message in second.messages] == ["human", "ai", "human"]
    for call in (first, second):
        assert (call.input_tokens or 0) + (call.output_tokens or 0) == 18
        assert 0 < (call.seconds or 0) < 10
        assert (call.error, call.usd) == (None, None)


@MODELS
async def test_a_failed_call_is_logged_without_the_key(
    name: str, server: ChatServer, tmp_path: Path, database: Database
) -> None:
    server.script = [Say("bad key sk-of-this-test-alone", status=401)]
    (call,) = await logged(name, tmp_path, database)
    assert call.error is not None
    assert "bad key [key]" in call.error
    assert call.seconds is not None
    assert (call.reply, call.input_tokens, call.usd) == (None, 0, 0.0)


async def test_a_cut_off_answer_is_logged_with_what_was_wrong(
    server: ChatServer, tmp_path: Path, database: Database
) -> None:
    server.script = [Say(GOOD[:20], finish="length")]
    (call,) = await logged("openai:m", tmp_path, database)
    assert call.reply == GOOD[:20]
    assert "cut off" in (call.error or "")


async def test_pictures_are_logged_by_reference(
    server: ChatServer, tmp_path: Path, database: Database, draw: Any
) -> None:
    store = ImageStore(tmp_path)
    stored = await store.save(draw((32, 32, 9, "red")))
    log = CallLog(database, run="run", node="judge", task="1.0")
    await ask(get_chat("openai:m", store), Count, [HumanMessage([picture(stored["sha256"])])], name="count", log=log)
    (call,) = await read_calls(database, "run", 1)
    (block,) = call.messages[0]["content"]
    assert f"sha256:{stored['sha256']}" in str(block)
    assert "data:image" in json.dumps(server.asked[0].json)


async def test_a_call_that_cannot_be_noted_is_not_made(server: ChatServer, tmp_path: Path) -> None:
    log = CallLog(open_database("sqlite:////missing/overpaint.db"), run="run", node="judge", task="1.0")
    with pytest.raises(BadInput, match="/missing/overpaint"):
        await ask(get_chat("openai:m", ImageStore(tmp_path)), Count, [HumanMessage("?")], name="count", log=log)
    assert not server.requests


async def test_a_model_that_runs_here_costs_nothing(tmp_path: Path, database: Database) -> None:
    chat = by_reference(
        GenericFakeChatModel(messages=iter([AIMessage(GOOD)])), ImageStore(tmp_path), name="here:m", free=True
    )
    log = CallLog(database, run="run", node="judge", task="1.0")
    reply = await ask(chat, Count, [HumanMessage("How many?")], name="count", log=log)
    assert (reply.calls, reply.usd) == (1, 0.0)
    assert (await log.spent()).usd == 0.0
