"""Pictures on their way from OpenAI's images API: shown as progress, and what becomes of a stream that breaks."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from overpaint.tools.backends.openai_ import OpenAIPainter, open_painter
from overpaint.tools.faults import ProviderFault
from overpaint.tools.painters import PaintRequest, PaintResult
from tests.image_servers import OpenAIImages, Reset, Trouble, blocks, fields, openai_images
from tests.servers import Request

CIRCLE = PaintRequest("a red circle")
EVENTS = {"Content-Type": "text/event-stream"}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIImages]:
    monkeypatch.setenv("OPENAI_API_KEY", "of-this-test")
    with openai_images() as server:
        yield server


def opened(server: OpenAIImages, partial: int = 2, **options: Any) -> OpenAIPainter:
    return open_painter("m", base_url=server.url, partial_images=partial, **options)


def stream(*events: dict[str, Any] | str) -> Trouble:
    texts = [each if isinstance(each, str) else json.dumps(each) for each in events]
    return Trouble("paint", headers=EVENTS, body="".join(f"data: {text}\n\n" for text in texts).encode())


async def painted(server: OpenAIImages, *events: dict[str, Any] | str) -> PaintResult:
    server.troubles = [stream(*events)]
    return await opened(server).paint(CIRCLE)


@pytest.mark.parametrize("partial", [1, 3])
async def test_each_picture_on_its_way_is_progress(partial: int, server: OpenAIImages) -> None:
    beats = list[tuple[int, int]]()
    result = await opened(server, partial).paint(CIRCLE, lambda step, of: beats.append((step, of)))
    assert result.data == blocks("a red circle")
    assert (result.params["input_tokens"], result.params["output_tokens"]) == (9, 40)
    assert beats == [(step, partial + 1) for step in range(partial + 1)]
    asked = server.requests[0].json
    assert (asked["stream"], asked["partial_images"]) == (True, partial)


async def test_a_sign_of_life_does_not_go_back(server: OpenAIImages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("overpaint.tools.backends.remote.BEAT_SECONDS", 0.02)
    beats = list[tuple[int, int]]()
    server.hooks["streaming"] = lambda request: time.sleep(0.1)
    await opened(server).paint(CIRCLE, lambda step, of: beats.append((step, of)))
    assert beats == sorted(beats)
    assert len(beats) > 5


async def test_an_edit_is_streamed_too(server: OpenAIImages) -> None:
    beats = list[tuple[int, int]]()
    request = PaintRequest("a red circle", source=blocks("source"))
    result = await opened(server, edits=True).paint(request, lambda step, of: beats.append((step, of)))
    assert (result.data, beats) == (blocks("a red circle"), [(0, 3), (1, 3), (2, 3)])
    assert (fields(server.requests[0])["stream"], fields(server.requests[0])["partial_images"]) == ("true", "2")


async def test_without_pictures_on_their_way_nothing_is_streamed(server: OpenAIImages) -> None:
    await opened(server, 0).paint(CIRCLE)
    assert "stream" not in server.requests[0].json


async def test_an_answer_in_one_piece_is_read_as_well(server: OpenAIImages) -> None:
    server.streams = False
    assert (await opened(server).paint(CIRCLE)).data == blocks("a red circle")


async def test_a_stream_that_is_cut_may_have_been_paid_for(server: OpenAIImages) -> None:
    def cut(request: Request) -> None:
        raise Reset

    server.hooks["streaming"] = cut
    with pytest.raises(ProviderFault) as caught:
        await opened(server).paint(CIRCLE)
    assert (caught.value.retryable, caught.value.unsure, len(server.paid)) == (True, True, 1)


@pytest.mark.parametrize(
    "events",
    [
        (),
        ({"type": "image_generation.partial_image", "b64_json": "AAAA"},),
        ({"type": "image_generation.partial_image", "b64_json": "AAAA"}, "[DONE]"),
        ({"type": "keepalive"},),
    ],
)
async def test_a_stream_that_ends_early_may_have_been_paid_for(events: Any, server: OpenAIImages) -> None:
    with pytest.raises(ProviderFault, match="ended its answer before the picture") as caught:
        await painted(server, *events)
    assert (caught.value.retryable, caught.value.unsure) == (True, True)


async def test_another_servers_last_event_is_understood(server: OpenAIImages) -> None:
    result = await painted(
        server, {"type": "ar_delta", "delta": "…"}, {"type": "image", "data": [{"b64_json": "AAAA"}]}
    )
    assert (result.outcome, result.data) == ("ok", b"\0\0\0")


async def test_a_refusal_in_a_stream_is_blocked(server: OpenAIImages) -> None:
    result = await painted(server, {"type": "error", "error": {"code": "moderation_blocked", "message": "Not this."}})
    assert (result.outcome, result.data, result.notes) == ("blocked", None, ("Not this.",))


@pytest.mark.parametrize("event", [{"type": "error", "message": "Overloaded."}, {"error": {"message": "Overloaded."}}])
async def test_an_error_in_a_stream_is_told(event: dict[str, Any], server: OpenAIImages) -> None:
    result = await painted(server, event)
    assert (result.data, result.notes) == (None, ("it answered 200, and Overloaded.",))


async def test_an_event_that_is_no_json_is_told(server: OpenAIImages) -> None:
    assert "no JSON: <html>" in (await painted(server, "<html>")).notes[0]


async def test_a_stream_is_read_no_further_than_its_limit(
    server: OpenAIImages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("overpaint.tools.backends.openai_answers.MAX_ANSWER", 1000)
    partial = {"type": "image_generation.partial_image", "b64_json": "A" * 500}
    result = await painted(server, *[partial] * 20)
    assert (result.data, result.notes) == (None, ("it answered 200, and an answer of more than 0 MB",))


async def test_events_are_read_however_they_are_written(server: OpenAIImages) -> None:
    body = b': hello\r\nevent: x\r\ndata: {"type": "image",\r\ndata: "b64_json": "AAAA"}\r\n\r\n'
    server.troubles = [Trouble("paint", headers=EVENTS, body=body)]
    assert (await opened(server).paint(CIRCLE)).data == b"\0\0\0"
