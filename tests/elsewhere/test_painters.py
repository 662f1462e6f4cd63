"""Painters against a server that nobody here wrote: OpenAI's images API, fal's queue, and what goes wrong there."""

from __future__ import annotations

import base64
from io import BytesIO
from typing import Any, cast

import pytest
from PIL import Image, ImageChops

from overpaint.tools.decoding import decode
from overpaint.tools.faults import ProviderFault
from overpaint.tools.painters import Painter, PaintRequest, Queue, get_painter
from tests.elsewhere.aimock import Aimock
from tests.elsewhere.wire import passed_on, wire
from tests.image_servers import blocks, encoded

PROMPT = "a red circle"
RED = blocks("red")

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "any")
    monkeypatch.setenv("FAL_KEY", "any")


def opened(mock: Aimock, scheme: str, **options: Any) -> Painter:
    if scheme == "openai":
        return get_painter("openai:m", base_url=mock.base_url, **options)
    return get_painter("fal:owner/app", base_url=mock.fal_url, **options)


def fal_answer(data: bytes) -> dict[str, Any]:
    image = {"url": f"data:image/png;base64,{base64.b64encode(data).decode()}", "width": 64, "height": 64}
    return {"json": {"images": [image], "seed": 9, "has_nsfw_concepts": [False], "prompt": PROMPT}}


async def test_openai_paints(aimock: Aimock) -> None:
    aimock.paint(RED, model="m", userMessage=PROMPT)
    result = await opened(aimock, "openai").paint(PaintRequest(PROMPT))
    assert (result.outcome, result.data) == ("ok", RED)
    [request] = aimock.journal()
    assert (request["method"], request["path"]) == ("POST", "/v1/images/generations")
    assert request["headers"]["authorization"] == "[REDACTED]"


async def test_openai_sends_what_a_server_of_ones_own_understands(aimock: Aimock) -> None:
    aimock.paint(RED)
    extra = {"num_inference_steps": 7, "guidance_scale": 2.5}
    with wire(passed_on(aimock.root)) as line:
        painter = get_painter("openai:m", base_url=line.base_url, extra_body=extra)
        await painter.paint(PaintRequest(PROMPT, seed=5, size=(64, 64)))
    [request] = line.requests
    asked = request.json
    assert asked.items() >= {"model": "m", "prompt": PROMPT, "size": "64x64", "seed": 5, **extra}.items()


async def test_openai_repaints_inside_the_boxes_alone(aimock: Aimock) -> None:
    source, patch = encoded(Image.new("RGB", (64, 64), "white")), encoded(Image.new("RGB", (64, 64), "red"))
    aimock.paint(patch, userMessage=PROMPT)
    request = PaintRequest(PROMPT, source=source, boxes=((0.5, 0.5, 1.0, 1.0),))
    result = await opened(aimock, "openai", edits=True).paint(request)
    [sent] = aimock.journal()
    assert sent["path"] == "/v1/images/edits"
    assert result.data is not None
    painted = decode(result.data)
    assert painted.getpixel((60, 60)) == (255, 0, 0)
    changed = ImageChops.difference(painted, Image.open(BytesIO(source)).convert("RGB")).getbbox()
    assert changed is not None
    assert changed[0] >= 32
    assert changed[1] >= 32


async def test_a_server_that_does_not_stream_paints_all_the_same(aimock: Aimock) -> None:
    aimock.paint(RED)
    result = await opened(aimock, "openai", partial_images=2).paint(PaintRequest(PROMPT))
    assert (result.outcome, result.data) == ("ok", RED)
    assert len(aimock.journal()) == 1


async def test_fal_hands_in_waits_and_collects(aimock: Aimock) -> None:
    aimock.answer(fal_answer(RED), endpoint="fal", userMessage=PROMPT)
    painter = cast(Queue, opened(aimock, "fal"))
    job = await painter.submit(PaintRequest(PROMPT, seed=9))
    result = await painter.collect(job)
    assert (result.outcome, result.data, result.seed) == ("ok", RED, 9)
    assert (await painter.collect(job)).data == RED
    paths = [entry["path"] for entry in aimock.journal()]
    assert paths[0] == "/fal/owner/app"
    assert paths[1] == f"/fal/owner/app/requests/{job}/status"
    assert paths.count("/fal/owner/app") == 1


async def test_a_job_that_fal_does_not_know_may_have_been_paid_for(aimock: Aimock) -> None:
    with pytest.raises(ProviderFault) as caught:
        await cast(Queue, opened(aimock, "fal")).collect("never-heard-of")
    assert caught.value.unsure


BOTH = pytest.mark.parametrize("scheme", ["openai", "fal"])
REFUSED: dict[str, tuple[dict[str, float], dict[str, Any]]] = {
    "429": ({"rateLimitRate": 1}, {"retryable": True, "unsure": False, "retry_after": 1.0}),
    "500": ({"dropRate": 1}, {"retryable": True, "unsure": False, "retry_after": None}),
    "disconnect": ({"disconnectRate": 1}, {"retryable": True, "unsure": True}),
}


@BOTH
@pytest.mark.parametrize(("rates", "kind"), REFUSED.values(), ids=REFUSED.keys())
async def test_chaos_ends_as_a_fault_after_one_request(
    scheme: str, rates: dict[str, float], kind: dict[str, Any], aimock: Aimock
) -> None:
    aimock.chaos(**rates)
    with pytest.raises(ProviderFault) as caught:
        await opened(aimock, scheme).paint(PaintRequest(PROMPT))
    assert {each: getattr(caught.value, each) for each in kind} == kind
    assert not caught.value.fatal
    assert len(aimock.journal()) == 1


async def test_a_malformed_answer_is_no_picture_and_never_asked_for_again(aimock: Aimock) -> None:
    aimock.chaos(malformedRate=1)
    result = await opened(aimock, "openai").paint(PaintRequest(PROMPT))
    assert (result.outcome, result.data) == ("ok", None)
    assert "no JSON" in result.notes[0]
    assert len(aimock.journal()) == 1


async def test_a_malformed_answer_without_an_id_may_have_been_paid_for(aimock: Aimock) -> None:
    aimock.chaos(malformedRate=1)
    with pytest.raises(ProviderFault) as caught:
        await opened(aimock, "fal").paint(PaintRequest(PROMPT))
    assert caught.value.unsure


@BOTH
async def test_an_answer_that_comes_too_late_may_have_been_paid_for(scheme: str, aimock: Aimock) -> None:
    aimock.chaos(latencyMs=1500)
    with pytest.raises(ProviderFault) as caught:
        await opened(aimock, scheme, timeout=0.3).paint(PaintRequest(PROMPT))
    assert caught.value.unsure


async def test_chaos_while_a_job_is_waited_for_costs_nothing(aimock: Aimock) -> None:
    aimock.answer(fal_answer(RED), endpoint="fal")
    painter = cast(Queue, opened(aimock, "fal", timeout=1.2))
    job = await painter.submit(PaintRequest(PROMPT))
    aimock.chaos(dropRate=1)
    with pytest.raises(ProviderFault) as caught:
        await painter.collect(job)
    assert caught.value.retryable
    assert not caught.value.unsure
    aimock.chaos()
    assert (await painter.collect(job)).data == RED
