"""A prompt that the painter's encoder would not read whole is shortened once, and what stays unread is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from overpaint.run import arefine, stream
from overpaint.tools import painters
from tests.graph.test_faults import Moody, moody
from tests.servers import ChatServer, chat_server

__all__ = ["moody"]

LIMIT = 6
BRIEF = "a red circle above a blue square"
LONG = "a red circle high above a blue square on plain ground"
SHORT = "red circle above blue square"


@dataclass
class Reader(Moody):
    """Reads words for tokens, and the first LIMIT of them."""

    async def unread(self, prompt: str) -> str:
        return " ".join(prompt.split()[LIMIT:])


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    painter = Reader()
    monkeypatch.setattr(painters, "_factory", lambda scheme: lambda model, **options: painter)
    painters.open_cached.cache_clear()
    yield painter
    painters.open_cached.cache_clear()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ChatServer]:
    with chat_server() as serving:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-of-this-test")
        monkeypatch.setenv("OPENAI_BASE_URL", serving.url)
        yield serving


def writing(*prompts: str) -> Any:
    """A writer that gives these prompts one after another."""
    given = iter(prompts)
    return lambda request: json.dumps({"reasoning": "r", "prompt": next(given, "asked once too often")})


pytestmark = pytest.mark.slow
SETTINGS = {"painter": "reader", "writer": "openai:w", "judge_method": "none", "seed": 1, "max_images": 1}


@pytest.mark.parametrize(
    ("written", "painted"),
    [
        ([SHORT], SHORT),
        ([LONG, SHORT], SHORT),
        ([LONG, LONG + " and more of it"], LONG),
        ([LONG, " "], LONG),
        ([LONG, "a red circle above a blue square now"], "a red circle above a blue square now"),
    ],
    ids=["fits", "shortened", "grew", "emptied", "better"],
)
async def test_the_writer_is_asked_once_and_the_prompt_read_furthest_is_painted(
    written: list[str], painted: str, reader: Reader, server: ChatServer
) -> None:
    server.think = writing(*written)
    run = await arefine(BRIEF, settings=SETTINGS)
    assert reader.asked[0].prompt == painted
    assert len(server.asked) == len(written) == run.receipt["calls"]
    labels = run.candidates[0]["prompts"]
    assert ("shorten" in labels) == (len(written) > 1)
    if len(written) > 1:
        assert "plain ground" in server.asked[1].json["messages"][-1]["content"][0]["text"]


async def test_what_stays_unread_is_told_before_it_is_painted(reader: Reader, server: ChatServer) -> None:
    server.think = writing(LONG, LONG)
    told = [e async for e in stream(BRIEF, settings=SETTINGS)]
    kinds = [e["kind"] for e in told]
    assert kinds.index("unread") < kinds.index("painted")
    assert next(e for e in told if e["kind"] == "unread")["text"] == "blue square on plain ground"


async def test_without_a_writer_the_brief_is_painted_and_what_is_cut_off_told(reader: Reader) -> None:
    settings = {**SETTINGS, "writer": "shapes", "upsample": False}
    told = [e async for e in stream(BRIEF, settings=settings)]
    assert [e["text"] for e in told if e["kind"] == "unread"] == ["square"]
    assert reader.asked[0].prompt == BRIEF


async def test_a_prompt_too_long_to_be_sent_gives_way_to_a_shorter_one_or_to_the_brief(
    moody: Moody, server: ChatServer
) -> None:
    moody.abilities = replace(moody.abilities, prompt_characters=60)
    settings = {**SETTINGS, "painter": "moody"}
    server.think = writing("words " * 20, SHORT)
    await arefine(BRIEF, settings=settings)
    server.think = writing("words " * 20, "words " * 15)
    run = await arefine(BRIEF, settings=settings)
    assert [request.prompt for request in moody.asked] == [SHORT, BRIEF]
    assert run.champion is not None
