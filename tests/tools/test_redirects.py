"""Redirects, which no chat client follows: prompts go to the server that was named and to no other."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage
from pydantic import BaseModel

from overpaint.tools.asking import ask
from overpaint.tools.chat import get_chat
from overpaint.tools.faults import ProviderFault
from overpaint.tools.images import ImageStore
from tests.servers import ChatServer, Say, chat_server

MODELS = pytest.mark.parametrize("name", ["openai:m", "nvidia:acme/m"])


class Count(BaseModel):
    """How many things there are."""

    count: int


@pytest.fixture
def other() -> Iterator[ChatServer]:
    with chat_server(Say('{"count": 3}')) as server:
        yield server


@pytest.fixture(params=[301, 307, 308])
def leading(request: pytest.FixtureRequest, other: ChatServer) -> Iterator[ChatServer]:
    """A server that sends its clients to another."""
    location = {"Location": f"{other.url}/chat/completions"}
    with chat_server(Say("", status=request.param, headers=location)) as server:
        yield server


def opened(name: str, server: ChatServer, tmp_path: Path) -> BaseChatModel:
    return get_chat(name, ImageStore(tmp_path), base_url=server.url)


@MODELS
async def test_a_redirect_is_told_and_not_followed(
    name: str, leading: ChatServer, other: ChatServer, tmp_path: Path
) -> None:
    chat = opened(name, leading, tmp_path)
    with pytest.raises(ProviderFault, match=f"{name} answered 30., which leads elsewhere") as caught:
        await ask(chat, Count, [HumanMessage("How many?")], name="count")
    assert caught.value.fatal
    assert (len(leading.requests), other.requests) == (1, [])


@MODELS
def test_nor_does_a_synchronous_caller(name: str, leading: ChatServer, other: ChatServer, tmp_path: Path) -> None:
    with pytest.raises(ProviderFault, match="leads elsewhere"):
        opened(name, leading, tmp_path).invoke("How many?")
    assert (len(leading.requests), other.requests) == (1, [])


@MODELS
def test_a_model_answers_in_one_event_loop_after_another(name: str, other: ChatServer, tmp_path: Path) -> None:
    chat = opened(name, other, tmp_path)

    async def thrice() -> list[str]:
        return [answer.text for answer in await asyncio.gather(*(chat.ainvoke("How many?") for _ in range(3)))]

    for _ in range(2):
        assert asyncio.run(thrice()) == ['{"count": 3}'] * 3
    assert all(request.headers["connection"] == "close" for request in other.asked if name == "openai:m")
