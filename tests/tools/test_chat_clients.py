"""Models of several servers at once: whose address, key and parameters each request carries, and what is refused."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from PIL import Image

from overpaint.tools.chat import get_chat
from overpaint.tools.chat_clients import longest_answer
from overpaint.tools.faults import BadInput
from overpaint.tools.images import ImageStore
from overpaint.tools.prices import chat_price
from overpaint.tools.references import picture, source_of
from tests.servers import ChatServer, Request, Say, chat_server


@pytest.fixture
def servers() -> Iterator[list[ChatServer]]:
    with ExitStack() as stack:
        yield [stack.enter_context(chat_server(Say("I see."))) for _ in range(3)]


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with chat_server(Say("I see.")) as server:
        yield server


@pytest.fixture
def store(tmp_path: Path) -> ImageStore:
    return ImageStore(tmp_path / "images")


def carried(request: Request) -> tuple[Any, ...]:
    body = request.json
    longest = body.get("max_completion_tokens") or body.get("max_tokens")
    return request.path, request.headers["authorization"], body["model"], body["temperature"], body["seed"], longest


async def test_three_roles_on_three_servers_are_asked_each_in_its_way(
    servers: list[ChatServer], store: ImageStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for role in ("WRITER", "CRITIC", "JUDGE"):
        monkeypatch.setenv(f"{role}_KEY", f"key-of-the-{role.lower()}")
    # Where everything went if the environment decided.
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    monkeypatch.setenv("NVIDIA_BASE_URL", "http://127.0.0.1:1/v1")
    before = dict(os.environ)
    writer, critic, judge = (
        get_chat(name, store, base_url=server.url, temperature=heat, seed=seed, max_tokens=most, api_key_env=key)
        for name, server, heat, seed, most, key in zip(
            ("openai:m", "nvidia:acme/m", "nvidia:acme/m"),
            servers,
            (0.9, 0.5, 0.0),
            (1, 2, 0),
            (100, 200, 300),
            ("WRITER_KEY", "CRITIC_KEY", "JUDGE_KEY"),
            strict=True,
        )
    )
    await asyncio.gather(*(chat.ainvoke("Hello") for chat in (writer, critic, judge) for _ in range(3)))
    path = "/v1/chat/completions"
    for server, expected in zip(
        servers,
        (
            (path, "Bearer key-of-the-writer", "m", 0.9, 1, 100),
            (path, "Bearer key-of-the-critic", "acme/m", 0.5, 2, 200),
            (path, "Bearer key-of-the-judge", "acme/m", 0.0, 0, 300),
        ),
        strict=True,
    ):
        assert [carried(request) for request in server.requests] == [expected] * 3
    assert [longest_answer(chat) for chat in (writer, critic, judge)] == [100, 200, 300]
    assert dict(os.environ) == before


async def test_what_is_not_given_is_not_sent(server: ChatServer, store: ImageStore) -> None:
    for name in ("openai:m", "nvidia:acme/m"):
        await get_chat(name, store, base_url=server.url).ainvoke("Hello")
        assert not {"temperature", "seed"} & server.asked[-1].json.keys()


@pytest.mark.parametrize("name", ["openai:m", "nvidia:acme/m"])
@pytest.mark.parametrize("by_file", [False, True])
async def test_a_server_named_by_a_setting_gets_the_key_named_beside_it_and_never_the_vendors(
    name: str, by_file: bool, server: ChatServer, store: ImageStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "key").write_text("sk-from-a-file\n")
    usual = f"{name.partition(':')[0].upper()}_API_KEY"
    monkeypatch.setenv(f"{usual}_FILE" if by_file else usual, str(tmp_path / "key") if by_file else "sk-the-vendors")
    await get_chat(name, store, base_url=server.url).ainvoke("Hello")
    assert server.asked[0].headers["authorization"] == "Bearer none"
    monkeypatch.setenv("MINE_FILE", str(tmp_path / "key"))
    chat = get_chat(name, store, base_url=server.url, api_key_env="MINE")
    await chat.ainvoke("Hello")
    assert server.asked[1].headers["authorization"] == "Bearer sk-from-a-file"
    assert "sk-from-a-file" not in repr(chat) + str(chat.to_json())


@pytest.mark.parametrize("name", ["openai:m", "nvidia:acme/m"])
def test_the_vendors_own_servers_want_a_key(name: str, store: ImageStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NVIDIA_BASE_URL", raising=False)
    with pytest.raises(BadInput, match=f"{name} needs a key: set"):
        get_chat(name, store)
    with pytest.raises(BadInput, match="needs a key: set MY_KEY or MY_KEY_FILE"):
        get_chat(name, store, api_key_env="MY_KEY")


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("ftp://host/v1", "must be an address"),
        ("host:8000/v1", "must be an address"),
        ("http://", "must be an address"),
        ("http://host:99999/v1", "must be an address"),
        ("http://me:secret-0815@host/v1", "no name, password or query"),
        ("http://host/v1?key=secret-0815", "no name, password or query"),
    ],
)
@pytest.mark.parametrize("name", ["openai:m", "nvidia:acme/m"])
@pytest.mark.parametrize("from_environment", [False, True])
def test_an_address_that_cannot_be_used_is_not_repeated(
    name: str, url: str, told: str, from_environment: bool, store: ImageStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    if from_environment:
        monkeypatch.setenv(f"{name.partition(':')[0].upper()}_BASE_URL", url)
    with pytest.raises(BadInput, match=told) as caught:
        get_chat(name, store, base_url=None if from_environment else url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "options", "told"),
    [
        ("shapes", {"seed": 1}, "shapes takes no seed"),
        ("shapes", {"base_url": "http://localhost/v1"}, "shapes takes no base_url"),
        ("openai:m", {"device": "cuda"}, "openai:m takes no device"),
        ("transformers:m", {"base_url": "http://localhost/v1"}, "transformers:m takes no base_url"),
        ("openai:m", {"temperature": "hot", "base_url": "http://localhost/v1"}, "openai:m cannot be used"),
    ],
)
def test_what_a_model_cannot_use_is_refused_by_name(
    name: str, options: dict[str, Any], told: str, store: ImageStore
) -> None:
    with pytest.raises(BadInput, match=told) as caught:
        get_chat(name, store, **options)
    assert "\n" not in str(caught.value)


OTHER = '''
from typing import Optional
from langchain_core.language_models import SimpleChatModel
from pydantic import Field, SecretStr

class ChatGroq(SimpleChatModel):
    """The fields of a package that names them in its own way, and has no seed."""

    model_name: str = Field(alias="model")
    temperature: float = 0.7
    max_tokens: int = Field(default=1024, alias="max_tokens_to_sample")
    groq_api_key: Optional[SecretStr] = Field(default=None, alias="api_key")
    groq_api_base: str = Field(default="https://api.groq.example/v1", alias="base_url")
    max_retries: int = 2
    _llm_type = "other"

    def _call(self, messages, *args, **kwargs):
        return f"{self.temperature} {self.max_tokens} {self.groq_api_base} {self.groq_api_key.get_secret_value()}"
'''


STAND_INS = {
    "langchain_groq": "ChatGroq",
    "langchain_mistralai": "ChatMistralAI",
    "langchain_google_genai": "ChatGoogleGenerativeAI",
}


@pytest.fixture
def other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Stand-ins for some of the many packages that are not installed here."""
    for module, name in STAND_INS.items():
        (tmp_path / f"{module}.py").write_text(OTHER.replace("ChatGroq", name))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("GROQ_API_KEY", "gsk-of-this-test")
    monkeypatch.setenv("MISTRALAI_API_KEY", "mistral-of-this-test")
    yield
    for module in STAND_INS:
        sys.modules.pop(module, None)


@pytest.mark.usefixtures("other")
async def test_any_other_provider_is_told_in_its_own_words_or_refused_by_name(store: ImageStore) -> None:
    chat = get_chat("groq:m", store, temperature=0.1, max_tokens=50, base_url="http://localhost:9/v1")
    assert (await chat.ainvoke("Hello")).text == "0.1 50 http://localhost:9/v1 none"
    assert longest_answer(chat) == 50
    assert chat.max_retries == 0  # type: ignore[attr-defined]
    source = source_of(chat)
    assert source is not None
    assert (source.provider, source.base_url) == ("groq@localhost:9", "http://localhost:9/v1")
    assert longest_answer(get_chat("groq:m", store)) == 4096  # its own 1024 would cut answers off
    with pytest.raises(BadInput, match="groq:m takes no seed: leave it out"):
        get_chat("groq:m", store, seed=1)
    with pytest.raises(BadInput, match="no name, password or query"):
        get_chat("groq:m", store, base_url="http://me:secret@host")


@pytest.mark.usefixtures("other")
@pytest.mark.parametrize(("name", "number"), [("groq:m", 0), ("mistralai:m", 0), ("google_genai:m", 1)])
def test_no_client_tries_again_by_itself(name: str, number: int, store: ImageStore) -> None:
    """Google's counts tries, and takes 0 for its usual five."""
    chat = get_chat(name, store, base_url="http://localhost:9/v1")
    assert chat.max_retries == number  # type: ignore[attr-defined]


@pytest.mark.usefixtures("other")
@pytest.mark.parametrize(
    ("name", "url", "key"),
    [
        ("groq:m", "https://api.groq.example/v1", "gsk-of-this-test"),
        ("groq:m", None, "gsk-of-this-test"),
        ("mistralai:m", "https://api.mistral.ai/v1", "mistral-of-this-test"),
    ],
)
async def test_the_vendors_own_address_written_out_is_still_the_vendors(
    name: str, url: str | None, key: str, store: ImageStore
) -> None:
    chat = get_chat(name, store, base_url=url)
    source = source_of(chat)
    assert source is not None
    assert (source.provider, source.base_url) == (name.partition(":")[0], None)
    assert (await chat.ainvoke("Hello")).text.endswith(key)


@pytest.mark.parametrize("url", ["https://api.openai.com/v1", "https://eu.api.openai.com/v1"])
def test_the_vendors_prices_hold_at_its_address_whatever_the_environment_says(
    url: str, store: ImageStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-this-test")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    chat = get_chat("openai:gpt-5-mini", store, base_url=url)
    source = source_of(chat)
    assert source is not None
    assert source.price == chat_price("openai:gpt-5-mini", url) is not None
    assert (source.provider, source.base_url) == ("openai", None)
    assert chat.openai_api_key.get_secret_value() == "sk-of-this-test"  # type: ignore[attr-defined]
    elsewhere = source_of(get_chat("openai:gpt-5-mini", store))
    assert elsewhere is not None
    assert (elsewhere.price, elsewhere.provider) == (None, "openai@127.0.0.1:1")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "own", "edge", "size"),
    [
        ("openai:m", False, 2048, 3_500_000),
        ("openai:m", True, 1568, 3_500_000),
        ("nvidia:acme/m", False, 1568, 130_000),
        ("nvidia:acme/m", True, 1568, 350_000),
    ],
)
async def test_no_picture_is_larger_than_its_provider_takes(
    name: str, own: bool, edge: int, size: int, server: ChatServer, store: ImageStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.effect_noise((2600, 1300), 90).convert("RGB").save(store.root.parent / "large.png")
    sha256 = (await store.save((store.root.parent / "large.png").read_bytes()))["sha256"]
    monkeypatch.delenv("NVIDIA_BASE_URL", raising=False)
    monkeypatch.setenv(f"{name.partition(':')[0].upper()}_API_KEY", "of-this-test")
    chat = get_chat(name, store, base_url=server.url if own else None)
    source = source_of(chat)
    assert source is not None
    assert (source.limit.edge, source.limit.of_each(2)) == (edge, size)
    if own:
        await chat.ainvoke([HumanMessage([picture(sha256), picture(sha256, (0.0, 0.0, 0.9, 0.9))])])
        for block in server.asked[0].json["messages"][0]["content"]:
            assert len(block["image_url"]["url"]) <= size * 4 / 3 + 100
        assert len(server.asked[0].raw) < 2 * size * 4 / 3 + 1000
