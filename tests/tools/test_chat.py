"""Chat models by name: pictures reach the server's wire and nothing else; what goes wrong is told in one line."""

from __future__ import annotations

import asyncio
import base64
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.language_models import SimpleChatModel
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from PIL import Image

from overpaint.tools.chat import get_chat, picture
from overpaint.tools.decoding import decode
from overpaint.tools.faults import BadInput, ProviderFault
from overpaint.tools.images import ImageStore
from overpaint.tools.references import by_reference, source_of
from tests.servers import ChatServer, Say, chat_server, collector, traced

MODELS = ["openai:m", "nvidia:acme/m"]


@pytest.fixture
def store(tmp_path: Path) -> ImageStore:
    return ImageStore(tmp_path / "images")


@pytest.fixture
def noise(tmp_path: Path) -> bytes:
    """A picture that does not compress, so that its base64 is long and like no other."""
    Image.effect_noise((96, 96), 90).convert("RGB").save(tmp_path / "noise.png")
    return (tmp_path / "noise.png").read_bytes()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ChatServer]:
    with chat_server(Say("I see.")) as server:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-of-this-test-alone")
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("NVIDIA_BASE_URL", server.url)
        yield server


class Eavesdropper(AsyncCallbackHandler):
    """Writes down everything LangChain tells a callback."""

    def __init__(self) -> None:
        self.heard = ""

    def __getattribute__(self, name: str) -> Any:
        if not name.startswith("on_"):
            return super().__getattribute__(name)

        async def listen(*args: Any, **kwargs: Any) -> None:
            self.heard += f"{name} {args!r} {kwargs!r}"

        return listen


def sent(server: ChatServer, place: int = 0) -> bytes:
    """The picture that reached the server."""
    content = server.asked[place].json["messages"][-1]["content"]
    url = next(block["image_url"]["url"] for block in content if block["type"] == "image_url")
    return base64.b64decode(url.partition(";base64,")[2])


def slice_of(data: bytes) -> str:
    return base64.b64encode(data).decode()[600:680]


@pytest.mark.parametrize("name", MODELS)
async def test_a_picture_reaches_the_server_and_no_trace_callback_or_event(
    name: str, server: ChatServer, store: ImageStore, noise: bytes
) -> None:
    sha256 = (await store.save(noise))["sha256"]
    asked = [SystemMessage("Look."), HumanMessage([{"type": "text", "text": "What is it?"}, picture(sha256)])]
    chat, spy, events = get_chat(name, store), Eavesdropper(), ""
    with collector() as langsmith:
        with traced(langsmith):
            answer = await chat.ainvoke(asked, {"callbacks": [spy]})
            streamed = [chunk.text async for chunk in chat.astream(asked)]
            async for event in chat.astream_events(asked, version="v2"):
                events += repr(event)
        bodies = b"".join(langsmith.bodies)

    assert answer.text == "".join(streamed) == "I see."
    assert len(server.asked) == 3
    assert all(sent(server, place) == noise for place in range(3))
    assert sha256.encode() in bodies
    assert sha256 in spy.heard
    assert sha256 in events
    for told in (bodies.decode(errors="replace"), spy.heard, events, repr(asked), repr(answer)):
        assert slice_of(noise) not in told
        assert "data:image" not in told
    assert len(bodies) < 3 * 12_000 < len(noise) * 2


async def test_the_collector_would_show_a_picture_that_leaks(server: ChatServer, noise: bytes) -> None:
    from langchain_openai import ChatOpenAI

    inline = {"type": "image", "base64": base64.b64encode(noise).decode(), "mime_type": "image/png"}
    with collector() as langsmith:
        with traced(langsmith):
            await ChatOpenAI(model="m", default_headers={"Connection": "close"}).ainvoke([HumanMessage([inline])])
        assert slice_of(noise) in b"".join(langsmith.bodies).decode(errors="replace")


@pytest.mark.parametrize("name", MODELS)
async def test_a_server_that_quotes_the_picture_in_its_error_does_not_get_it_into_the_trace(
    name: str, server: ChatServer, store: ImageStore, noise: bytes
) -> None:
    sha256 = (await store.save(noise))["sha256"]
    server.script = [Say(f"bad input: data:image/png;base64,{base64.b64encode(noise).decode()}", status=422)]
    with collector() as langsmith:
        with traced(langsmith), pytest.raises(ProviderFault, match="answered 422: bad input: data:image/png") as caught:
            await get_chat(name, store).ainvoke([HumanMessage([picture(sha256)])])
        bodies = b"".join(langsmith.bodies).decode(errors="replace")
    assert not caught.value.retryable
    assert not caught.value.fatal
    assert "answered 422" in bodies
    assert slice_of(noise) not in bodies + str(caught.value)


@pytest.mark.parametrize("name", MODELS)
def test_a_synchronous_call_shows_the_picture_too(
    name: str, server: ChatServer, store: ImageStore, noise: bytes
) -> None:
    message = HumanMessage([picture(asyncio.run(store.save(noise))["sha256"])])
    chat = get_chat(name, store)
    assert chat.invoke([message]).text == "I see."
    assert "".join(chunk.text for chunk in chat.stream([message])) == "I see."
    assert sent(server, 0) == sent(server, 1) == noise


async def test_a_part_of_a_picture_is_cut_out_enlarged(server: ChatServer, store: ImageStore) -> None:
    halves = Image.new("RGB", (64, 64), "red")
    halves.paste("blue", (32, 0, 64, 64))
    halves.save(store.root.parent / "halves.png")
    sha256 = (await store.save((store.root.parent / "halves.png").read_bytes()))["sha256"]
    block = picture(sha256, (0.5, 0.0, 1.0, 1.0))
    await get_chat("openai:m", store).ainvoke([HumanMessage([block])])
    part = decode(sent(server))
    assert part.size == (128, 256)
    assert part.getcolors() == [(128 * 256, (0, 0, 255))]


@pytest.mark.slow
async def test_nvidia_takes_small_pictures_only_where_it_hosts_the_model(
    server: ChatServer, store: ImageStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    Image.effect_noise((700, 700), 90).convert("RGB").save(tmp_path / "large.png")
    data = (tmp_path / "large.png").read_bytes()
    message = HumanMessage([picture((await store.save(data))["sha256"])])
    await get_chat("nvidia:acme/m", store).ainvoke([message])
    monkeypatch.delenv("NVIDIA_BASE_URL")
    monkeypatch.setenv("NVIDIA_API_KEY", "nvapi-of-this-test")
    hosted = get_chat("nvidia:acme/never-heard-of", store)  # the network is blocked: nothing was looked up
    hosted._async_client.infer_path = f"{server.url}/chat/completions"  # type: ignore[attr-defined]
    await hosted.ainvoke([message])
    assert 130_000 < len(sent(server, 0)) <= 700_000
    assert len(sent(server, 1)) <= 130_000


async def test_an_unknown_picture_is_bad_input(server: ChatServer, store: ImageStore) -> None:
    with pytest.raises(BadInput, match="no picture"):
        await get_chat("openai:m", store).ainvoke([HumanMessage([picture("0" * 64)])])
    assert server.requests == []


def test_one_process_may_run_many_event_loops(server: ChatServer, store: ImageStore) -> None:
    for _ in range(3):
        assert asyncio.run(get_chat("openai:m", store).ainvoke("Hello")).text == "I see."


def test_a_model_keeps_its_class_its_serial_form_and_its_silence(server: ChatServer, store: ImageStore) -> None:
    from langchain_openai import ChatOpenAI

    chat = get_chat("openai:m", store)
    assert isinstance(chat, ChatOpenAI)
    assert chat.lc_id() == ChatOpenAI.lc_id()
    assert chat.max_retries == 0
    assert chat._get_ls_params()["ls_provider"] == "openai"
    assert (source := source_of(chat)) is not None
    assert not source.free
    nvidia = get_chat("nvidia:acme/m", store)
    assert nvidia.usage_telemetry_enabled is False  # type: ignore[attr-defined]
    assert nvidia.max_tokens == 4096  # type: ignore[attr-defined]
    assert server.requests == []


def test_the_built_in_model_needs_nothing_and_costs_nothing(store: ImageStore) -> None:
    chat = get_chat("shapes", store)
    assert chat._llm_type == "shapes"
    assert (source := source_of(chat)) is not None
    assert source.free


async def test_a_model_that_cannot_stream_is_not_made_to(store: ImageStore, noise: bytes) -> None:
    class Plain(SimpleChatModel):
        _llm_type = "plain"

        def _call(self, messages: Any, *args: Any, **kwargs: Any) -> str:
            return str(messages[-1].content)

    sha256 = (await store.save(noise))["sha256"]
    chat = by_reference(Plain(), store, name="plain", free=True)
    assert (source := source_of(chat)) is not None
    assert source.free
    assert not chat._should_stream(async_api=True, stream=True)
    answers = [chunk async for chunk in chat.astream([HumanMessage([picture(sha256)])])]
    assert len(answers) == 1
    assert slice_of(noise) in answers[0].text


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("gpt", "write provider:model"),
        ("", "write provider:model"),
        ("openai:", "write provider:model"),
        ("acme:m", "no provider is called 'acme'"),
        ("anthropic:m", "pip install langchain-anthropic"),
        ("openai:m", "set OPENAI_API_KEY or OPENAI_API_KEY_FILE"),
        ("nvidia:m", "set NVIDIA_API_KEY or NVIDIA_API_KEY_FILE"),
    ],
)
def test_a_name_that_cannot_be_used_says_why_in_one_line(
    name: str, told: str, store: ImageStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NVIDIA_BASE_URL", raising=False)
    with pytest.raises(BadInput, match=told) as caught:
        get_chat(name, store)
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_importing_loads_no_vendor() -> None:
    program = "import sys, overpaint.tools.chat, overpaint.tools.inspect_image\n"
    program += "print([m for m in ('openai', 'langchain', 'langchain_openai', 'torch') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_messages_without_pictures_are_passed_on_as_they_are(server: ChatServer, store: ImageStore) -> None:
    url = {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}
    get_chat("openai:m", store).invoke([HumanMessage([url]), AIMessage("So?"), HumanMessage("Well?")])
    assert server.asked[0].json["messages"][0]["content"] == [url]
