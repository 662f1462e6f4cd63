"""The painter for OpenAI's images API, against a real server on loopback."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from blockbuster import blockbuster_ctx

from overpaint.tools.backends.openai_ import open_painter
from overpaint.tools.backends.openai_models import LIVE, RETIRED
from overpaint.tools.faults import BadInput, ProviderFault
from overpaint.tools.painters import PaintRequest, get_painter
from tests.image_servers import OpenAIImages, Trouble, blocks, openai_images

CIRCLE = PaintRequest("a red circle", key="the-key")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIImages]:
    with openai_images() as server:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-of-this-test-alone")
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        yield server


async def test_a_picture_is_painted_with_one_request(server: OpenAIImages) -> None:
    result = await open_painter("m").paint(PaintRequest("a red circle", size=(1024, 768), key="the-key"))
    assert (result.outcome, result.data, result.seed) == ("ok", blocks("a red circle"), None)
    assert result.params == {
        "model": "m", "size": "1024x768", "input_tokens": 9, "output_tokens": 40, "request_id": "req_1"
    }  # fmt: skip
    assert result.seconds > 0
    (request,) = server.requests
    assert request.json == {"model": "m", "prompt": "a red circle", "n": 1, "size": "1024x768"}
    assert request.headers["idempotency-key"] == "the-key"
    assert request.headers["connection"] == "close"
    assert request.headers["authorization"] == "Bearer sk-of-this-test-alone"
    assert server.delivered == [hashlib.sha256(blocks("a red circle")).hexdigest()]


async def test_without_a_size_none_is_sent(server: OpenAIImages) -> None:
    await open_painter("m").paint(CIRCLE)
    assert "size" not in server.requests[0].json


@pytest.mark.parametrize("how", ["url", "data"])
async def test_a_picture_named_by_address_is_fetched(how: str, server: OpenAIImages) -> None:
    server.answer_with = how  # type: ignore[assignment]
    assert (await open_painter("m").paint(CIRCLE)).data == blocks("a red circle")


async def test_the_providers_own_wording_is_told(server: OpenAIImages) -> None:
    server.troubles = [Trouble("paint", body={"data": [{"b64_json": "AAAA", "revised_prompt": "a scarlet disc"}]})]
    result = await open_painter("m").paint(CIRCLE)
    assert result.notes == ("the provider painted from its own wording: a scarlet disc",)


@pytest.mark.parametrize("code", ["moderation_blocked", "content_policy_violation"])
async def test_what_the_provider_will_not_paint_is_blocked(code: str, server: OpenAIImages) -> None:
    server.troubles = [Trouble("paint", 400, body={"error": {"code": code, "message": "Not this."}})]
    result = await open_painter("m").paint(CIRCLE)
    assert (result.outcome, result.data, result.notes) == ("blocked", None, ("Not this.",))


async def test_nothing_blocks_the_event_loop(
    server: OpenAIImages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OVERPAINT_HOME")  # its home, where prices may lie, is then a relative path
    monkeypatch.chdir(tmp_path)
    server.answer_with = "url"
    painter = open_painter("m")
    with blockbuster_ctx():
        assert painter.abilities.price_usd is None
        assert (await painter.paint(CIRCLE)).data


@pytest.mark.parametrize("status", [301, 307])
async def test_a_redirect_is_not_followed(status: int, server: OpenAIImages) -> None:
    with openai_images() as elsewhere:
        leads = {"location": f"{elsewhere.url}/images/generations"}
        server.troubles = [Trouble("paint", status, leads)]
        with pytest.raises(ProviderFault, match=f"{status}, which leads elsewhere") as caught:
            await open_painter("m").paint(CIRCLE)
        assert caught.value.fatal
        assert elsewhere.requests == []


async def test_an_answer_that_is_too_large_is_no_picture(server: OpenAIImages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("overpaint.tools.backends.openai_answers.MAX_ANSWER", 100)
    assert (await open_painter("m").paint(CIRCLE)).data is None


async def test_a_missing_key_is_said_at_once() -> None:
    with pytest.raises(BadInput, match="OPENAI_API_KEY"):
        await open_painter("m").check()


async def test_a_model_that_was_shut_down_is_refused_by_openai_alone(
    monkeypatch: pytest.MonkeyPatch, server: OpenAIImages
) -> None:
    for model in RETIRED:
        await open_painter(model).check()
    monkeypatch.delenv("OPENAI_BASE_URL")
    for model in RETIRED:
        with pytest.raises(BadInput, match=rf"{model}.*{LIVE[0]}"):
            await open_painter(model).check()
    await open_painter(LIVE[0]).check()


def test_what_it_can_do_and_how_it_is_opened() -> None:
    painter = get_painter("openai:m", timeout=5.0, idempotent=True)
    assert painter.name == "openai:m"
    assert painter.abilities.client_key
    assert not get_painter("openai:m").abilities.client_key
    assert painter.abilities.edit is None
    assert painter.abilities.price_usd is None
    for wrong in (0, -1.0, float("nan"), float("inf")):
        with pytest.raises(BadInput, match="timeout"):
            get_painter("openai:m", timeout=wrong)
    with pytest.raises(BadInput, match=LIVE[0]):
        get_painter("openai:")
    with pytest.raises(BadInput, match="openai:m does not honour device='cuda'"):
        get_painter("openai:m", device="cuda")


async def test_it_shows_signs_of_life_while_it_waits(server: OpenAIImages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("overpaint.tools.backends.remote.BEAT_SECONDS", 0.02)
    server.delay, beats = 0.2, list[tuple[int, int]]()
    await open_painter("m").paint(CIRCLE, lambda step, of: beats.append((step, of)))
    assert len(beats) >= 3
    assert set(beats) == {(0, 1)}


async def test_a_slow_server_is_waited_for_no_longer_than_told(server: OpenAIImages) -> None:
    server.delay = 5.0
    started = time.perf_counter()
    with pytest.raises(ProviderFault, match=r"0\.3 seconds") as caught:
        await open_painter("m", timeout=0.3).paint(CIRCLE)
    assert caught.value.unsure
    assert time.perf_counter() - started < 2


async def test_a_key_never_shows_in_a_fault(server: OpenAIImages) -> None:
    server.troubles = [Trouble("paint", 401, body={"error": {"message": "bad key sk-of-this-test-alone"}})]
    with pytest.raises(ProviderFault) as caught:
        await open_painter("m").paint(CIRCLE)
    assert caught.value.fatal
    assert "of-this-test" not in str(caught.value)


async def test_one_key_sent_twice_at_once_is_paid_once_by_a_server_that_honours_it(server: OpenAIImages) -> None:
    server.idempotent, server.delay = True, 0.1
    painter = open_painter("m", idempotent=True)
    results = await asyncio.gather(painter.paint(CIRCLE), painter.paint(CIRCLE))
    assert [result.data for result in results] == [blocks("a red circle")] * 2
    assert [work.key for work in server.paid] == ["the-key"]
    server.idempotent = False
    await painter.paint(CIRCLE)
    assert len(server.paid) == 2
