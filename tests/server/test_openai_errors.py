"""What goes wrong at the images API: the client's exception of each class, and OpenAI's shape in each of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest
from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint

from overpaint.server.keys import TooMany
from overpaint.server.openai_errors import ApiError, api_error
from overpaint.server.openai_running import Stopping
from overpaint.tools.faults import DatabaseFault, ProviderFault
from overpaint.tools.leases import Held
from tests.image_servers import OpenAIImages, Trouble, openai_images
from tests.server.openai_live import client_of, pictures_server

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with pictures_server() as address:
        yield address


@pytest.fixture
def client(url: str) -> Iterator[openai.OpenAI]:
    # With retries, because it must not make any: a run may have been paid.
    with client_of(url, retries=2) as made:
        yield made


@pytest.fixture
def painter(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIImages]:
    monkeypatch.setenv("PAINTER_KEY", "a key")
    with openai_images() as server:
        yield server


def remote(server: OpenAIImages, **settings: object) -> dict[str, Any]:
    own = {"painter": "openai:gpt-image-1", "painter_base_url": server.url, "painter_api_key_env": "PAINTER_KEY"}
    return {"preset": "one-shot", "settings": {**own, **settings}}


def body_of(error: openai.APIError) -> dict[str, Any]:
    assert isinstance(error.body, dict)
    assert set(error.body) == {"message", "type", "param", "code"}
    return error.body


@pytest.mark.parametrize(
    ("asked", "param", "code"),
    [
        ({"prompt": ""}, "prompt", "invalid_value"),
        ({"prompt": "x" * 32_001}, "prompt", "invalid_value"),
        ({"n": 0}, "n", "invalid_value"),
        ({"n": 11}, "n", "invalid_value"),
        ({"size": "1x1"}, "size", "invalid_value"),
        ({"size": "large"}, "size", "invalid_value"),
        ({"size": "1024x1024"}, "size", "invalid_value"),
        ({"quality": "high"}, "quality", "invalid_value"),
        ({"background": "transparent"}, "background", "invalid_value"),
        ({"moderation": "low"}, "moderation", "invalid_value"),
        ({"output_format": "gif"}, "output_format", "invalid_value"),
        ({"output_compression": 50}, "output_compression", "invalid_value"),
        ({"style": "vivid"}, "style", "unknown_parameter"),
        ({"partial_images": 4, "stream": True}, "partial_images", "invalid_value"),
        ({"stream": True, "n": 2}, "n", "invalid_value"),
        ({"stream": True, "response_format": "url"}, "response_format", "invalid_value"),
        ({"extra_body": {"no_such": 1}}, "no_such", "unknown_parameter"),
        ({"extra_body": {"preset": "no-such"}}, "preset", "invalid_value"),
        ({"model": "overpaint/one-shot", "extra_body": {"preset": "best-of-n"}}, "preset", "invalid_value"),
        ({"extra_body": {"budget": 0}}, "budget", "invalid_value"),
        ({"extra_body": {"settings": {"max_images": "many"}}}, "max_images", "invalid_value"),
        ({"extra_body": {"settings": {"no_such": 1}}}, None, "invalid_value"),
        ({"extra_body": {"checklist": [{"question": "?"}]}}, None, "invalid_value"),
        ({"n": 4, "extra_body": {"preset": "synthetic-prompts", "budget": 2}}, None, "invalid_value"),
        ({"stream": True, "extra_body": {"preset": "synthetic-prompts"}}, "stream", "invalid_value"),
    ],
)
def test_what_cannot_be_honoured_is_refused_by_name(
    client: openai.OpenAI, asked: dict[str, Any], param: str | None, code: str
) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        client.images.generate(**{"prompt": "a red circle", **asked})
    body = body_of(refused.value)
    assert (body["type"], body["param"], body["code"]) == ("invalid_request_error", param, code)
    assert "\n" not in body["message"]
    assert "pydantic" not in body["message"]


@pytest.mark.parametrize(
    ("files", "param"),
    [
        ({"image": PNG + b"broken"}, None),
        ({"image": b""}, None),
        ({"image": [PNG, PNG]}, "image"),
        ({"image": PNG, "mask": PNG}, "mask"),
    ],
)
def test_pictures_that_cannot_be_used(client: openai.OpenAI, files: dict[str, Any], param: str | None) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        client.images.edit(prompt="a red circle", **files)
    assert body_of(refused.value)["param"] == param


@pytest.mark.parametrize(
    ("path", "sent", "code"),
    [
        ("generations", {"content": b"{"}, "invalid_json"),
        ("generations", {"content": b"[]"}, "invalid_json"),
        ("generations", {"json": {}}, "missing_required_parameter"),
        ("generations", {"json": {"prompt": {"a": 1}}}, "invalid_value"),
        ("edits", {"json": {"prompt": "a red circle"}}, "invalid_content_type"),
        ("edits", {"files": {"other": PNG}, "data": {"prompt": "x"}}, "unknown_parameter"),
        ("edits", {"files": {"image": PNG}}, "missing_required_parameter"),
        ("edits", {"files": {"image": PNG}, "data": {"prompt": "x", "settings": "{"}}, "invalid_value"),
        ("edits", {"files": {"image": PNG}, "data": {"prompt": "x", "n[": "1"}}, "unknown_parameter"),
        ("edits", {"files": {"image": PNG}, "data": {"prompt": "x", "settings": "{}", "settings[seed]": "1"}}, "invalid_value"),
        ("edits", {"content": b"x", "headers": {"content-type": "multipart/form-data"}}, "invalid_value"),
    ],
)  # fmt: skip
def test_requests_that_no_client_sends(url: str, path: str, sent: dict[str, Any], code: str) -> None:
    answer = httpx.post(f"{url}/v1/images/{path}", **sent)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == code


def test_models_and_paths_that_are_not_there(client: openai.OpenAI) -> None:
    for model in ("gpt-image-2", "overpaint/no-such", "shapes"):
        with pytest.raises(openai.NotFoundError) as refused:
            client.images.generate(prompt="a red circle", model=model)
        assert body_of(refused.value)["code"] == "model_not_found"
        with pytest.raises(openai.NotFoundError):
            client.models.retrieve(model)
    with pytest.raises(openai.NotFoundError) as elsewhere:
        client.embeddings.create(model="overpaint", input="x")
    assert body_of(elsewhere.value)["code"] == "not_found"


def test_a_wrong_key_is_an_authentication_error(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERPAINT_API_KEYS", "alice:one")
    with client_of(url, "wrong") as client:
        for ask in (
            client.models.list,
            lambda: client.images.generate(prompt="x"),
            lambda: client.images.edit(prompt="x", image=PNG),
        ):
            with pytest.raises(openai.AuthenticationError) as refused:
                ask()
            assert body_of(refused.value)["code"] == "invalid_api_key"
    with client_of(url, "one") as client:
        assert client.models.retrieve("overpaint").id == "overpaint"


def test_a_caller_may_not_set_what_is_the_operators(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERPAINT_API_KEYS", "alice:one")
    with client_of(url, "one") as client, pytest.raises(openai.BadRequestError) as refused:
        client.images.generate(prompt="x", extra_body={"settings": {"templates": {"judge.checklist": "/etc/passwd"}}})
    assert body_of(refused.value)["param"] == "templates"


@pytest.mark.slow
def test_a_provider_that_fails_is_a_server_error_and_is_not_asked_again(
    client: openai.OpenAI, painter: OpenAIImages
) -> None:
    refusal = Trouble("paint", status=401, body={"error": {"message": "no such key", "code": "invalid_api_key"}})
    painter.troubles = [refusal]
    with pytest.raises(openai.InternalServerError) as failed:
        client.images.generate(prompt="a red circle", extra_body=remote(painter))
    body = body_of(failed.value)
    assert (failed.value.status_code, body["type"], body["code"]) == (502, "server_error", "provider_failed")
    assert len(painter.requests) == 1


@pytest.mark.slow
def test_a_provider_that_fails_in_a_stream_is_an_error_event(client: openai.OpenAI, painter: OpenAIImages) -> None:
    painter.troubles = [Trouble("paint", status=401, body={"error": {"message": "no such key"}})]
    with pytest.raises(openai.APIError) as failed:
        list(client.images.generate(prompt="a red circle", stream=True, extra_body=remote(painter)))
    assert body_of(failed.value)["code"] == "provider_failed"


@pytest.mark.slow
def test_a_refused_prompt_says_so(client: openai.OpenAI, painter: OpenAIImages) -> None:
    refusal = {"error": {"message": "rejected by the safety system", "code": "moderation_blocked"}}
    painter.troubles = [Trouble("paint", status=400, body=refusal)]
    with pytest.raises(openai.BadRequestError) as failed:
        client.images.generate(prompt="a red circle", extra_body=remote(painter))
    assert body_of(failed.value)["code"] == "moderation_blocked"


@pytest.mark.slow
def test_of_several_runs_those_that_succeed_are_delivered(client: openai.OpenAI, painter: OpenAIImages) -> None:
    painter.troubles = [Trouble("paint", status=401, body={"error": {"message": "no such key"}})]
    made: Any = client.images.generate(prompt="a red circle", n=2, extra_body=remote(painter, seed=1))
    assert len(made.data) == 1
    assert len(made.overpaint["failed"]) == 1


@pytest.mark.slow
def test_a_run_that_waits_for_a_person_before_it_paints(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as waiting:
        client.images.generate(prompt="a red circle", extra_body={"settings": {"review_checklist": True}})
    assert body_of(waiting.value)["code"] == "waiting_for_a_person"


@pytest.mark.parametrize(
    ("error", "status", "kind", "code"),
    [
        (HTTPException(413, "too large"), 413, "invalid_request_error", "request_too_large"),
        (TooMany("later"), 429, "rate_limit_error", "rate_limit_exceeded"),
        (Held("busy"), 409, "invalid_request_error", "conflict"),
        (ProviderFault("it failed"), 502, "server_error", "provider_failed"),
        (DatabaseFault("a secret"), 503, "server_error", "unavailable"),
        (RuntimeError("a secret"), 500, "server_error", None),
    ],
)
def test_every_error_has_its_status_and_type(error: Exception, status: int, kind: str, code: str | None) -> None:
    told = api_error(error)
    assert told.status == status
    assert told.body["error"]["type"] == kind
    assert told.body["error"]["code"] == code
    assert "secret" not in told.message


def test_only_who_asked_too_often_is_told_to_come_back() -> None:
    assert "x-should-retry" not in ApiError("later", status=429).response({"Retry-After": "3"}).headers
    assert ApiError("failed", status=502).response().headers["x-should-retry"] == "false"


async def test_who_still_waits_when_the_server_stops_is_told_and_does_not_ask_again() -> None:
    begun, app = asyncio.Event(), FastAPI()

    @app.get("/v1/work")
    async def work() -> None:
        begun.set()
        await asyncio.Event().wait()

    async def passing(request: Request, go_on: RequestResponseEndpoint) -> Response:
        return await go_on(request)

    app.add_middleware(BaseHTTPMiddleware, dispatch=passing)  # as LangGraph's server has between
    app.add_middleware(Stopping)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
        asked = asyncio.create_task(client.get("/v1/work"))
        await begun.wait()
        asked.cancel()  # as uvicorn does
        answer = await asked
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "interrupted")
    assert answer.headers["x-should-retry"] == "false"
