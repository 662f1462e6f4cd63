"""The official client against the images API: what is painted, judged, and handed over, and what is left behind."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import re
import time
from collections.abc import AsyncGenerator, Iterator
from http.client import HTTPConnection
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from PIL import Image
from starlette.requests import ClientDisconnect

import overpaint
from overpaint.result import Run
from overpaint.runs import load_run, load_runs
from overpaint.server.openai_answers import Answer
from overpaint.server.openai_request import Asked
from overpaint.server.openai_routes import Stream
from overpaint.tools.images import ImageStore
from tests.image_servers import OpenAIImages, openai_images
from tests.server.openai_live import client_of, pictures_server

pytestmark = pytest.mark.slow

ONE_SHOT = {"preset": "one-shot", "settings": {"seed": 1}}
EIGHT = (
    "a red circle in the top left, a blue star at the top, a green square in the top right, a small red square on the"
    " left, a small black star in the center, a yellow diamond in the bottom left, a purple triangle at the bottom and"
    " an orange cross in the bottom right"
)
"""With seed 1 the first picture lacks three things, and an edit has them."""

OFFLINE = dict.fromkeys(("painter", "writer", "captioner"), "shapes")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with pictures_server() as address:
        yield address


@pytest.fixture
def client(url: str) -> Iterator[openai.OpenAI]:
    with client_of(url) as made:
        yield made


@pytest.fixture
def painter(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIImages]:
    """A painter that takes half a second, and counts what was paid."""
    monkeypatch.setenv("PAINTER_KEY", "a key")
    with openai_images(delay=0.5) as server:
        yield server


def remote(server: OpenAIImages) -> dict[str, Any]:
    settings = {"painter": "openai:gpt-image-1", "painter_base_url": server.url, "painter_api_key_env": "PAINTER_KEY"}
    return {"preset": "one-shot", "settings": {**settings, "seed": 1}}


def pictures(made: Any) -> list[bytes]:
    return [base64.b64decode(one.b64_json) for one in made.data]


def kept(run: str) -> Run:
    return asyncio.run(load_run(run))


def settled(seconds: float = 30.0) -> Run:
    """The latest run, once nobody works on it any more."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = asyncio.run(load_runs())
        if found and found[0].status != "running":
            return kept(found[0].run)
        time.sleep(0.05)
    raise AssertionError("the run goes on")


def test_models_are_the_presets(client: openai.OpenAI) -> None:
    named = [model.id for model in client.models.list()]
    assert named[0] == "overpaint"
    assert {"overpaint/default", "overpaint/dspy-strict", "overpaint/synthetic-prompts"} <= set(named)
    assert client.models.retrieve("overpaint/one-shot").owned_by == "overpaint"


def test_a_picture_with_its_prompt_verdict_and_receipt(client: openai.OpenAI, home: Path) -> None:
    made: Any = client.images.generate(
        model="overpaint",
        prompt="a red circle above a blue square",
        size="64x64",
        user="somebody",
        extra_body={"budget": 4, "settings": {"seed": 1}, "checklist": ["a red circle", "a blue square"]},
    )
    (picture,) = pictures(made)
    told = made.data[0].overpaint
    run = kept(told["run"])
    assert run.champion is not None
    assert run.image_path(run.champion).read_bytes() == picture  # type: ignore[union-attr]
    assert told["prompt"] == run.champion["prompt"]
    assert made.data[0].revised_prompt in [record["prompt"] for record in run.candidates]
    assert (told["thread"], told["candidate"], told["passed"]) == (run.thread, run.champion["id"], True)
    assert [wanted["text"] for wanted in run.checklist][:2] == ["a red circle", "a blue square"]
    assert run.settings["max_images"] == 4
    assert (made.size, made.output_format) == ("64x64", "png")
    assert made.overpaint["passed"] is True
    assert made.overpaint["receipt"]["images"] == run.receipt["images"] <= 4
    assert made.usage.total_tokens == made.usage.input_tokens + made.usage.output_tokens == run.receipt["tokens"] > 0
    assert httpx.get(told["link"]).content == picture


def test_a_run_that_stops_without_passing_gives_its_champion_and_says_so(client: openai.OpenAI) -> None:
    made: Any = client.images.generate(model="overpaint/one-shot", prompt=EIGHT, extra_body={"settings": {"seed": 1}})
    told = made.data[0].overpaint
    assert pictures(made)[0].startswith(b"\x89PNG")
    assert (told["status"], told["passed"], made.overpaint["passed"]) == ("stopped", False, False)
    assert told["score"] < 1
    assert told["lacks"]
    assert told["why"]


def test_several_pictures_are_runs_of_their_own_with_seeds_apart(client: openai.OpenAI) -> None:
    made: Any = client.images.generate(prompt="a red circle", n=3, extra_body=ONE_SHOT)
    assert len({one.overpaint["thread"] for one in made.data}) == 3
    assert len({one.overpaint["seed"] for one in made.data}) == 3
    assert len(set(pictures(made))) == 3
    assert made.overpaint["receipt"]["images"] == 3
    seeds = [kept(one.overpaint["run"]).settings["seed"] for one in made.data]
    assert seeds == [1, 2, 3]


def test_synthetic_prompts_paints_as_many_different_prompts_in_one_run(client: openai.OpenAI) -> None:
    made: Any = client.images.generate(
        prompt="a red circle above a blue square",
        n=4,
        extra_body={"preset": "synthetic-prompts", "settings": {**OFFLINE, "seed": 1}},
    )
    assert len({one.revised_prompt for one in made.data}) == 4
    assert len(set(pictures(made))) == 4
    assert len({one.overpaint["run"] for one in made.data}) == 1
    assert made.overpaint["passed"] is None
    assert made.overpaint["receipt"]["images"] == 4


@pytest.mark.parametrize(("wanted", "begins"), [("jpeg", b"\xff\xd8\xff"), ("webp", b"RIFF"), ("png", b"\x89PNG")])
def test_formats_and_addresses(client: openai.OpenAI, wanted: Any, begins: bytes) -> None:
    made: Any = client.images.generate(
        prompt="a red circle", response_format="url", output_format=wanted, output_compression=100, extra_body=ONE_SHOT
    )
    assert made.output_format == wanted
    assert made.data[0].b64_json is None
    fetched = httpx.get(made.data[0].url)
    assert fetched.content.startswith(begins)
    assert fetched.headers["content-type"] == f"image/{wanted}"


def test_under_keys_the_address_is_signed_and_the_run_is_the_callers(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERPAINT_API_KEYS", "alice:one,bob:two")
    with client_of(url, "two") as client:
        made: Any = client.images.generate(prompt="a red circle", response_format="url", extra_body=ONE_SHOT)
    address = made.data[0].url
    assert httpx.get(address).status_code == 200
    assert httpx.get(address.partition("?")[0], headers={"Authorization": "Bearer two"}).status_code == 404


def test_an_edit_starts_from_the_picture_and_ends_with_what_was_asked(client: openai.OpenAI, home: Path) -> None:
    first: Any = client.images.generate(prompt="a red circle in the top left", extra_body=ONE_SHOT)
    (source,) = pictures(first)
    made: Any = client.images.edit(
        image=("circle.png", source),
        prompt="a red circle in the top left and a blue square in the bottom right",
        extra_body={
            "budget": 6,
            "settings": {"seed": 1, "actions": ["edit", "revise"]},
            "checklist": ["a blue square"],
        },
    )
    run = kept(made.data[0].overpaint["run"])
    assert run.candidates[0]["action"] == "given"
    assert run.image_path(run.candidates[0]).read_bytes() == source  # type: ignore[union-attr]
    assert run.settings["actions"] == ["edit", "revise"]
    assert made.data[0].overpaint["passed"] is True
    assert made.data[0].revised_prompt
    assert pictures(made)[0] != source


def test_a_stream_sends_each_new_champion_and_then_the_last(client: openai.OpenAI) -> None:
    events: list[Any] = list(
        client.images.generate(
            prompt=EIGHT, stream=True, partial_images=3, extra_body={"budget": 6, "settings": {"seed": 1}}
        )
    )
    *partial, last = events
    assert len(partial) >= 2
    assert [event.type for event in partial] == ["image_generation.partial_image"] * len(partial)
    assert [event.partial_image_index for event in partial] == list(range(len(partial)))
    assert (last.type, last.overpaint["passed"]) == ("image_generation.completed", True)
    scores = [event.overpaint["score"] for event in partial]
    assert scores == sorted(scores)
    assert scores[0] < scores[-1]
    assert partial[-1].b64_json == last.b64_json != partial[0].b64_json
    # The last is an edit: its own prompt names only what was repainted.
    assert last.revised_prompt == kept(last.overpaint["run"]).candidates[0]["prompt"] != last.overpaint["prompt"]
    assert last.usage.total_tokens > 0
    for event in events:
        with Image.open(BytesIO(base64.b64decode(event.b64_json))) as picture:
            assert f"{picture.width}x{picture.height}" == event.size
        assert (event.output_format, event.quality, event.background) == ("png", "auto", "auto")
        assert event.created_at > 1_700_000_000


async def test_the_async_client_streams_an_edit(url: str) -> None:
    async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as client:
        first = await client.images.generate(prompt="a red circle in the top left", extra_body=ONE_SHOT)
        assert first.data
        assert first.data[0].b64_json
        stream = await client.images.edit(
            image=base64.b64decode(first.data[0].b64_json),
            prompt="a red circle in the top left and a blue square in the bottom right",
            stream=True,
            partial_images=1,
            extra_body={"budget": 6, "settings": {"seed": 1}},
        )
        events = [event async for event in stream]
    assert [event.type for event in events] == ["image_edit.partial_image", "image_edit.completed"]
    # The picture that was given is known to who sent it.
    assert events[0].b64_json != first.data[0].b64_json


def test_without_partial_images_a_stream_is_one_event(client: openai.OpenAI) -> None:
    events = list(client.images.generate(prompt="a red circle", stream=True, extra_body=ONE_SHOT))
    assert [event.type for event in events] == ["image_generation.completed"]


@pytest.mark.parametrize("stream", [False, True])
def test_who_goes_away_pays_for_nothing_twice(url: str, painter: OpenAIImages, stream: bool) -> None:
    body = json.dumps({"prompt": "a red circle", "stream": stream, **remote(painter)})
    line = HTTPConnection(url.removeprefix("http://"), timeout=30)
    line.request("POST", "/v1/images/generations", body, {"Content-Type": "application/json"})
    while not painter.paid:
        time.sleep(0.01)
    line.close()
    left = settled()
    assert left.status == "interrupted"
    resumed = overpaint.resume(left.run)
    assert resumed.champion is not None
    assert (len(painter.paid), resumed.receipt["images"], resumed.receipt["unknown"]) == (1, 1, 0)


async def test_who_leaves_before_the_first_line_is_waited_for_no_longer() -> None:
    left = asyncio.Event()

    async def events() -> AsyncGenerator[dict[str, Any], None]:
        try:
            while True:
                yield {"kind": "started"}
        finally:
            left.set()

    async def gone(message: object) -> None:
        raise OSError("the line is closed")

    async def waiting() -> Any:
        await asyncio.Event().wait()

    run = events()
    await anext(run)
    scope: Any = {"type": "http", "asgi": {"spec_version": "2.4"}}
    with pytest.raises(ClientDisconnect):
        await Stream(run, Answer(Asked.model_validate({"prompt": "x"}), ""), "image_generation")(scope, waiting, gone)
    assert left.is_set()


def test_no_base64_in_database_records_or_logs(
    client: openai.OpenAI, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    first: Any = client.images.generate(prompt="a red circle", extra_body=ONE_SHOT)
    (source,) = pictures(first)
    client.images.edit(image=source, prompt="a red circle and a blue square", extra_body={"budget": 1})
    parts = [base64.b64encode(source)[start : start + 40] for start in range(60, 300, 40)]
    files = [
        file
        for file in home.rglob("*")
        if file.is_file() and "images" not in file.parts and "reports" not in file.parts
    ]
    kept = b"".join(file.read_bytes() for file in files)
    # The client and this test share the process: what its library logs of its own requests is not ours.
    logged = "".join(r.getMessage() for r in caplog.records if not r.name.startswith(("openai", "httpcore", "httpx")))
    assert len(kept) > 10_000
    assert ImageStore(home / "images").root.exists()
    for part in parts:
        assert part not in kept
        assert part.decode() not in logged


def test_the_page_that_explains_this_runs(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (Path(__file__).parents[2] / "docs" / "images-api.md").read_text("utf-8")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for code in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        exec(compile(code.replace("http://127.0.0.1:2024", url), "images-api.md", "exec"), names)
        Path("circle.png").write_bytes(pictures(names["made"])[0])
    names["client"].close()
    assert "image_generation.completed" in capsys.readouterr().out
    sent = re.search(r"-d '(.*?)'", page)
    assert sent
    answer = httpx.post(f"{url}/v1/images/generations", json=json.loads(sent[1]), timeout=60)
    assert httpx.get(answer.json()["data"][0]["url"]).status_code == 200


def test_a_picture_that_shows_all_that_is_asked_is_given_back(client: openai.OpenAI) -> None:
    first: Any = client.images.generate(prompt="a red circle", extra_body=ONE_SHOT)
    made: Any = client.images.edit(image=pictures(first)[0], prompt="a red circle")
    assert pictures(made) == pictures(first)
    assert made.overpaint["receipt"]["images"] == 0


def test_the_address_of_the_operator_goes_into_links(client: openai.OpenAI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERPAINT_URL", "https://pictures.example")
    made: Any = client.images.generate(prompt="a red circle", response_format="url", extra_body=ONE_SHOT)
    assert made.data[0].url.startswith("https://pictures.example/images/")
