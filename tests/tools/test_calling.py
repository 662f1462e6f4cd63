"""What a call may cost, what it did cost, and when it is made: caps, prices, turns, over real clients and a server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage
from pydantic import BaseModel

from overpaint.tools import ladder
from overpaint.tools.asking import Reply, ask
from overpaint.tools.budget import NoRoom, Room
from overpaint.tools.call_log import CallLog, Spent, read_calls
from overpaint.tools.calling import worst_call
from overpaint.tools.chat import get_chat
from overpaint.tools.database import open_database
from overpaint.tools.faults import BadInput, ProviderFault
from overpaint.tools.images import ImageStore
from overpaint.tools.references import picture
from tests.servers import ChatServer, Say, chat_server


class Count(BaseModel):
    """How many things there are."""

    count: int


GOOD = '{"count": 3}'
QUESTION = [HumanMessage("How many?")]
CACHED = {"prompt_tokens": 1000, "completion_tokens": 50, "total_tokens": 1050}
CACHED_DETAILS: dict[str, Any] = {**CACHED, "prompt_tokens_details": {"cached_tokens": 800}}
PRICES = """
chat:
  openai:m: {input: 2.0, cached: 0.5, output: 8.0}
"""


@pytest.fixture(autouse=True)
def nothing_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ladder, "_first", {})


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with chat_server(Say(GOOD)) as server:
        yield server


@pytest.fixture
def log(tmp_path: Path) -> CallLog:
    return CallLog(open_database(f"sqlite:///{tmp_path / 'overpaint.db'}"), run="run", node="judge", task="1.0")


@pytest.fixture
def priced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "prices.yaml").write_text(PRICES)
    monkeypatch.setenv("OVERPAINT_PRICES", str(tmp_path / "prices.yaml"))


def model(server: ChatServer, tmp_path: Path) -> BaseChatModel:
    return get_chat("openai:m", ImageStore(tmp_path), base_url=server.url, max_tokens=100)


async def asked(
    server: ChatServer, tmp_path: Path, log: CallLog | None = None, room: Room | None = None
) -> Reply[Count]:
    def repair(answer: str, fault: str) -> str:
        return f"Again: {fault}"

    return await ask(model(server, tmp_path), Count, QUESTION, name="count", repair=repair, log=log, room=room)


def worst(server: ChatServer, tmp_path: Path) -> int:
    return worst_call(model(server, tmp_path), QUESTION, ladder.told(Count)).tokens


@pytest.mark.usefixtures("priced")
@pytest.mark.parametrize("line", [Say(GOOD, usage=CACHED_DETAILS), Say("Three", finish="length", usage=CACHED_DETAILS)])
async def test_tokens_of_the_cache_are_told_apart_and_cost_less(
    line: Say, server: ChatServer, tmp_path: Path, log: CallLog
) -> None:
    server.script = [line]
    reply = await asked(server, tmp_path, log)
    cost = (200 * 2.0 + 800 * 0.5 + 50 * 8.0) / 1_000_000
    assert (reply.tokens, reply.cached) == (1050, 800)
    assert reply.usd == pytest.approx(cost)
    spent = await log.spent()
    assert (spent.calls, spent.tokens, spent.cached) == (1, 1050, 800)
    assert spent.usd == pytest.approx(cost)


LYING = {"prompt_tokens": -5_000_000, "completion_tokens": 7, "total_tokens": -4_999_993}


@pytest.mark.usefixtures("priced")
@pytest.mark.parametrize("usage", [None, LYING])
async def test_where_nobody_counts_in_earnest_the_worst_case_counts(
    usage: Any, server: ChatServer, tmp_path: Path, log: CallLog
) -> None:
    server.script = [Say(GOOD, usage=usage)]
    reply = await asked(server, tmp_path, log)
    most = worst_call(model(server, tmp_path), QUESTION, ladder.told(Count))
    assert (reply.tokens, reply.usd) == (most.tokens, most.usd)
    assert most.usd is not None
    assert most.usd > 0
    spent = await log.spent()
    assert (spent.tokens, spent.usd) == (most.tokens, most.usd)


@pytest.mark.usefixtures("priced")
async def test_a_call_holds_its_worst_case_while_it_is_under_way(
    server: ChatServer, tmp_path: Path, log: CallLog
) -> None:
    server.script = [Say(GOOD, delay=0.3)]
    task = asyncio.create_task(asked(server, tmp_path, log))
    while not server.asked:
        await asyncio.sleep(0.01)
    held = await log.spent()
    await task
    assert (held.calls, held.tokens) == (1, worst(server, tmp_path))
    assert held.usd == pytest.approx(((held.tokens - 100) * 2.0 + 100 * 8.0) / 1_000_000)
    assert (await log.spent()).tokens == 18


@pytest.mark.usefixtures("priced")
@pytest.mark.parametrize("name", ["openai:m", "nvidia:acme/m"])
async def test_a_server_that_is_not_there_costs_nothing(name: str, tmp_path: Path, log: CallLog) -> None:
    chat = get_chat(name, ImageStore(tmp_path), base_url="http://127.0.0.1:9/v1", max_tokens=100)
    with pytest.raises(ProviderFault):
        await ask(chat, Count, QUESTION, name="count", log=log)
    spent = await log.spent()
    assert (spent.calls, spent.tokens) == (1, 0)


@pytest.mark.usefixtures("priced")
@pytest.mark.parametrize("status", [400, 429, 500])
async def test_what_was_refused_costs_nothing(status: int, server: ChatServer, tmp_path: Path, log: CallLog) -> None:
    server.script = [Say("no", status=status)]
    with pytest.raises(ProviderFault):
        await asked(server, tmp_path, log)
    spent = await log.spent()
    assert (spent.calls, spent.tokens, spent.usd) == (len(server.asked), 0, 0.0)


@pytest.mark.usefixtures("priced")
async def test_a_connection_that_breaks_may_have_been_paid_for(tmp_path: Path, log: CallLog) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as breaking:
        cut = ChatServer(url=f"http://127.0.0.1:{breaking.sockets[0].getsockname()[1]}/v1")
        with pytest.raises(ProviderFault, match="Check the connection"):
            await asked(cut, tmp_path, log)
    spent = await log.spent()
    assert (spent.calls, spent.tokens) == (1, worst(cut, tmp_path))
    assert spent.usd


async def test_a_picture_that_is_not_there_costs_nothing(server: ChatServer, tmp_path: Path, log: CallLog) -> None:
    with pytest.raises(BadInput, match="no picture"):
        await ask(model(server, tmp_path), Count, [HumanMessage([picture("0" * 64)])], name="count", log=log)
    assert (await log.spent()).tokens == 0


@pytest.mark.parametrize(
    ("room", "cap"),
    [
        (Room(calls=0), "max_calls"),
        (Room(tokens=300), "max_tokens"),
        (Room(seconds=0.0), "max_seconds"),
        (Room(usd=5.0), "max_usd"),
    ],
)
async def test_a_call_that_might_go_past_a_cap_is_not_made(
    room: Room, cap: str, server: ChatServer, tmp_path: Path, log: CallLog
) -> None:
    with pytest.raises(NoRoom) as caught:
        await asked(server, tmp_path, log, room)
    assert caught.value.cap == cap
    assert server.requests == []
    assert await log.spent() == Spent(calls=0, tokens=0, cached=0, seconds=0.0, usd=0.0)


async def test_what_a_crashed_try_may_have_spent_is_taken_off_the_room(
    server: ChatServer, tmp_path: Path, log: CallLog
) -> None:
    room = Room(tokens=2 * worst(server, tmp_path))
    assert (await asked(server, tmp_path, log, room)).value is not None
    await log.begin("openai:m", "one whose process died", [], reserved_tokens=worst(server, tmp_path), usd=None)
    with pytest.raises(NoRoom):
        await asked(server, tmp_path, log, room)
    assert len(server.requests) == 1


@pytest.mark.parametrize("logged", [True, False])
@pytest.mark.parametrize(("room", "cap"), [(Room(calls=1), "max_calls"), (Room(tokens=1000), "max_tokens")])
async def test_without_room_to_ask_again_an_unreadable_answer_stays_one(
    logged: bool, room: Room, cap: str, server: ChatServer, tmp_path: Path, log: CallLog
) -> None:
    server.script = [Say("Three.", usage={"prompt_tokens": 900, "completion_tokens": 50, "total_tokens": 950})]
    reply = await asked(server, tmp_path, log if logged else None, room)
    assert reply.value is None
    assert f"there was no room to ask again ({cap})" in (reply.fault or "")
    assert (reply.raw, reply.calls, len(server.requests)) == ("Three.", 1, 1)


async def test_without_room_for_a_lower_rung_there_is_no_answer(server: ChatServer, tmp_path: Path) -> None:
    server.script = [Say("no response_format here", status=400)]
    with pytest.raises(NoRoom):
        await asked(server, tmp_path, room=Room(calls=1))
    assert len(server.requests) == 1


async def test_an_answer_is_waited_for_no_longer_than_there_is_time(
    server: ChatServer, tmp_path: Path, log: CallLog
) -> None:
    server.script = [Say(GOOD, delay=0.5)]
    with pytest.raises(NoRoom) as caught:
        await asked(server, tmp_path, log, Room(seconds=0.2))
    assert caught.value.cap == "max_seconds"
    (call,) = await read_calls(log.database, "run", 9)
    assert "no answer came within the 0.2 seconds" in (call.error or "")
    spent = await log.spent()
    assert 0 < spent.seconds < 0.5
    assert spent.tokens == worst(server, tmp_path)


async def test_one_at_a_time_means_that_and_waiting_is_no_model_time(
    server: ChatServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OVERPAINT_LIMITS", f"openai@{server.url.split('/')[2]}=1")
    await asked(server, tmp_path)
    server.script = [Say(GOOD, delay=0.12)]
    chats, began = [model(server, tmp_path) for _ in range(2)], time.monotonic()
    logs = [
        CallLog(open_database(f"sqlite:///{tmp_path / 'overpaint.db'}"), run="r", node="n", task=str(i))
        for i in range(2)
    ]
    await asyncio.gather(
        *(ask(chat, Count, QUESTION, name="count", log=log) for chat, log in zip(chats, logs, strict=True))
    )
    assert time.monotonic() - began >= 0.24
    first, second = await read_calls(logs[0].database, "r", 9)
    assert second.started >= first.started + (first.seconds or 0) - 0.05
    assert (second.seconds or 0) < 0.24


async def test_a_provider_that_asks_to_wait_is_left_alone_by_everybody(server: ChatServer, tmp_path: Path) -> None:
    server.script = [Say("slow down", status=429, headers={"retry-after-ms": "300"}), Say(GOOD)]
    with pytest.raises(ProviderFault):
        await asked(server, tmp_path)
    began = time.monotonic()
    assert (await asked(server, tmp_path)).value is not None
    assert time.monotonic() - began >= 0.25
