"""The odds of yes: read from a server that gives them, None from one that does not, counted in either case."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overpaint.prompts import load
from overpaint.tools.budget import NoRoom, Room
from overpaint.tools.call_log import CallLog, read_calls
from overpaint.tools.chat import get_chat
from overpaint.tools.database import open_database
from overpaint.tools.faults import ProviderFault
from overpaint.tools.images import ImageStore
from overpaint.tools.yes_probability import of_yes, yes_probability
from tests.servers import ChatServer, Say, chat_server

ODDS = {"Yes": 0.6, " yes": 0.1, "No": 0.2, "Perhaps": 0.1}


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with chat_server(Say("Yes", finish="length", odds=ODDS)) as server:
        yield server


async def asked(server: ChatServer, tmp_path: Path, draw: Any, name: str = "openai:m", **more: Any) -> float | None:
    store = ImageStore(tmp_path)
    sha256 = (await store.save(draw((32, 32, 9, "red"))))["sha256"]
    system, question = load("judge.yes").render(question="Is there a red disc?")
    chat = get_chat(name, store, base_url=server.url, max_tokens=500)
    return await yes_probability(chat, question, sha256, instructions=system, **more)


async def test_yes_is_weighed_against_no_in_one_token(server: ChatServer, tmp_path: Path, draw: Any) -> None:
    log = CallLog(open_database(f"sqlite:///{tmp_path / 'overpaint.db'}"), run="run", node="judge", task="1.0")
    assert await asked(server, tmp_path, draw, log=log) == pytest.approx(0.7 / 0.9)
    body = server.asked[0].json
    assert (body["logprobs"], body["top_logprobs"], body["max_completion_tokens"]) == (True, 5, 1)
    (call,) = await read_calls(log.database, "run", 9)
    assert (call.name, call.reply, call.error, call.input_tokens) == ("yes_probability", "Yes", None, 11)
    assert "sha256:" in str(call.messages)
    assert (call.reserved_tokens or 0) < 3700  # one picture, the words, and one token of an answer


@pytest.mark.parametrize("line", [Say("Yes"), Say("Well", odds={"Well": 1.0}), Say("no logprobs here", status=400)])
async def test_a_server_that_gives_no_odds_gives_no_probability(
    line: Say, server: ChatServer, tmp_path: Path, draw: Any
) -> None:
    server.script = [line]
    assert await asked(server, tmp_path, draw) is None
    assert len(server.requests) == 1


async def test_a_client_that_drops_the_odds_is_not_asked(server: ChatServer, tmp_path: Path, draw: Any) -> None:
    assert await asked(server, tmp_path, draw, "nvidia:acme/m") is None
    assert server.requests == []


async def test_failures_and_caps_are_those_of_any_call(server: ChatServer, tmp_path: Path, draw: Any) -> None:
    with pytest.raises(NoRoom):
        await asked(server, tmp_path, draw, room=Room(calls=0))
    server.script = [Say("busy", status=503)]
    with pytest.raises(ProviderFault) as caught:
        await asked(server, tmp_path, draw)
    assert caught.value.retryable


@given(st.dictionaries(st.sampled_from(["yes", "Yes", " NO.", "no", "maybe", ""]), st.floats(-20, 0), max_size=5))
def test_it_is_a_probability_or_none(odds: dict[str, float]) -> None:
    found = of_yes({"token": token, "logprob": logprob} for token, logprob in odds.items())
    words = {token.strip(" .").casefold() for token in odds}
    assert (found is None) == (not words & {"yes", "no"})
    if found is not None:
        assert 0 <= found <= 1
        assert (found > 0) == ("yes" in words)
