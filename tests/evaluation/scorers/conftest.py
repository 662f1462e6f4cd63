from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.servers import ChatServer, Say, chat_server


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ChatServer]:
    """A chat server that `openai:` models are asked at."""
    with chat_server(Say("")) as server:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-of-this-test-alone")
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        yield server
