"""The painter for NVIDIA's image models, against a server on loopback that speaks as the hosted ones and as a NIM."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from blockbuster import blockbuster_ctx

from overpaint.tools.backends import nvidia
from overpaint.tools.backends.nvidia import NvidiaPainter
from overpaint.tools.backends.remote import Options
from overpaint.tools.faults import BadInput, ProviderFault
from overpaint.tools.painters import PaintRequest
from overpaint.tools.refusals import refuse_settings, refuse_size
from tests.image_servers import Trouble, blocks
from tests.nvidia_server import NvidiaGenAI, nvidia_genai

DEV, SCHNELL = "black-forest-labs/flux.1-dev", "black-forest-labs/flux.1-schnell"
SD3, KONTEXT = "stabilityai/stable-diffusion-3-medium", "black-forest-labs/flux.1-kontext-dev"
CIRCLE = PaintRequest("a red circle", seed=7)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[NvidiaGenAI]:
    monkeypatch.setattr(nvidia, "POLL_SECONDS", 0.02)
    monkeypatch.setenv("NVIDIA_API_KEY", "nvapi-of-this-test-alone")
    with nvidia_genai() as server:
        monkeypatch.setattr(nvidia, "BASE", server.url)
        yield server


async def test_a_hosted_model_is_asked_once(server: NvidiaGenAI) -> None:
    request = PaintRequest("a red circle", seed=7, size=(1024, 768), steps=20, guidance=3.5)
    result = await NvidiaPainter(DEV).paint(request)
    assert (result.outcome, result.data, result.seed) == ("ok", blocks("a red circle", 7), 7)
    assert result.params == {"model": DEV, "seed": 7, "steps": 20, "size": [1024, 768]}
    assert result.seconds > 0
    (sent,) = server.requests
    assert sent.path == f"/v1/genai/{DEV}"
    assert sent.headers["authorization"] == "Bearer nvapi-of-this-test-alone"
    assert sent.headers["accept"] == "application/json"
    assert sent.json == {
        "prompt": "a red circle", "mode": "base", "steps": 20, "cfg_scale": 3.5, "seed": 7, "width": 1024, "height": 768
    }  # fmt: skip


async def test_a_nim_of_ones_own_is_asked_without_a_key(server: NvidiaGenAI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NVIDIA_API_KEY")
    painter = NvidiaPainter(DEV, Options(base_url=server.url))
    assert (await painter.paint(CIRCLE)).outcome == "ok"
    assert server.requests[0].path == "/v1/infer"
    assert "authorization" not in server.requests[0].headers
    assert (painter.abilities.sides, NvidiaPainter(DEV).abilities.sides) == (None, range(768, 1345, 64))


BODIES: list[tuple[str, PaintRequest, dict[str, Any]]] = [
    (SCHNELL, PaintRequest("a", steps=4), {"prompt": "a", "cfg_scale": 0, "steps": 4}),
    ("black-forest-labs/flux.2-klein-4b", PaintRequest("a"), {"prompt": "a", "cfg_scale": 0}),
    (
        SD3,
        PaintRequest("a", size=(1920, 1080), negative_prompt="b"),
        {
            "prompt": "a",
            "mode": "text-to-image",
            "model": "sd3",
            "output_format": "jpeg",
            "negative_prompt": "b",
            "aspect_ratio": "16:9",
        },
    ),
    ("acme/new-model", PaintRequest("a", size=(512, 256)), {"prompt": "a", "width": 512, "height": 256}),
]


@pytest.mark.parametrize(("model", "request_", "body"), BODIES)
async def test_each_model_is_sent_what_it_takes(
    model: str, request_: PaintRequest, body: dict[str, Any], server: NvidiaGenAI
) -> None:
    await NvidiaPainter(model).paint(request_)
    assert server.requests[0].json == body


@pytest.mark.parametrize(
    ("model", "given", "told"),
    [
        (SCHNELL, {"steps": 5}, "1 to 4 steps, not 5"),
        (DEV, {"steps": 4}, "5 to 100 steps"),
        (DEV, {"guidance": 9.5}, "at most 9, not 9.5"),
    ],
)
async def test_what_a_model_cannot_do_is_refused_before_it_is_paid(
    model: str, given: dict[str, Any], told: str, server: NvidiaGenAI
) -> None:
    with pytest.raises(BadInput, match=told):
        await NvidiaPainter(model).paint(replace(CIRCLE, **given))
    with pytest.raises(BadInput, match=told):
        refuse_settings(NvidiaPainter(model), given, None)
    assert server.requests == []


def test_sizes_are_declared() -> None:
    for model, size in ((SCHNELL, (768, 768)), (DEV, (1000, 1024)), (SD3, (1024, 300))):
        with pytest.raises(BadInput, match=r"size|ratios"):
            refuse_size(NvidiaPainter(model), size)
    for model, size in ((SCHNELL, (1024, 1024)), (DEV, (768, 1344)), (SD3, (1344, 768))):
        refuse_size(NvidiaPainter(model), size)


async def test_seed_0_is_never_sent_and_the_sent_one_is_told(server: NvidiaGenAI) -> None:
    for _ in range(2):
        result = await NvidiaPainter(DEV).paint(replace(CIRCLE, seed=0))
        assert (result.seed, result.params["seed"]) == (2**32 - 2, 2**32 - 2)
    assert [request.json["seed"] for request in server.requests] == [2**32 - 2] * 2


async def test_without_a_seed_the_provider_draws_one_and_tells_it(server: NvidiaGenAI) -> None:
    result = await NvidiaPainter(DEV).paint(PaintRequest("a"))
    assert "seed" not in server.requests[0].json
    assert result.seed == 4


async def test_both_shapes_of_an_answer_are_read(server: NvidiaGenAI) -> None:
    server.shape = "image"
    result = await NvidiaPainter(SD3).paint(CIRCLE)
    assert (result.data, result.seed) == (blocks("a red circle", 7), 7)


async def test_a_filtered_picture_is_blocked_and_not_kept(server: NvidiaGenAI) -> None:
    server.finish = "CONTENT_FILTERED"
    result = await NvidiaPainter(DEV).paint(CIRCLE)
    assert (result.outcome, result.data) == ("blocked", None)


@pytest.mark.parametrize(
    "body", [{"artifacts": []}, {"artifacts": "soon"}, {"artifacts": [{"finishReason": "ERROR"}]}, {"artifacts": ["x"]}]
)
async def test_an_answer_without_a_picture_is_told(body: dict[str, Any], server: NvidiaGenAI) -> None:
    server.troubles = [Trouble("paint", body=body, paid=True)]
    result = await NvidiaPainter(DEV).paint(CIRCLE)
    assert (result.outcome, result.data, result.notes) == ("ok", None, ("it answered 200, and no image was in it",))


async def test_a_request_put_aside_is_waited_for(server: NvidiaGenAI) -> None:
    server.aside = 3
    server.troubles = [Trouble("status", 503), Trouble("status", cut="read"), Trouble("status", 429)]
    assert (await NvidiaPainter(DEV).paint(CIRCLE)).data == blocks("a red circle", 7)
    assert len(server.paid) == 1
    asked = [request for request in server.requests if request.method == "GET"]
    assert {request.path for request in asked} == {f"/v1/status/{server.paid[0].job}"}
    assert {request.headers["authorization"] for request in asked} == {"Bearer nvapi-of-this-test-alone"}


@pytest.mark.parametrize("status", [401, 404])
async def test_a_request_put_aside_and_lost_may_have_been_paid(status: int, server: NvidiaGenAI) -> None:
    server.aside = 1
    server.troubles = [Trouble("status", status, body={"detail": "Gone."})]
    with pytest.raises(ProviderFault, match=r"lost it: Gone\.") as caught:
        await NvidiaPainter(DEV).paint(CIRCLE)
    assert (caught.value.unsure, caught.value.retryable) == (True, False)


@pytest.mark.parametrize("id_", ["", "../../x", "a b"])
async def test_an_id_that_is_none_is_never_asked_for(id_: str, server: NvidiaGenAI) -> None:
    server.troubles = [Trouble("paint", 202, {"NVCF-REQID": id_} if id_ else {}, paid=True)]
    with pytest.raises(ProviderFault, match="did not say its id") as caught:
        await NvidiaPainter(DEV).paint(CIRCLE)
    assert caught.value.unsure
    assert len(server.requests) == 1


async def test_a_request_put_aside_for_too_long_may_have_been_paid(server: NvidiaGenAI) -> None:
    server.aside = 10_000
    started = time.perf_counter()
    with pytest.raises(ProviderFault, match="within") as caught:
        await NvidiaPainter(DEV, Options(timeout=0.2)).paint(CIRCLE)
    assert caught.value.unsure
    assert time.perf_counter() - started < 2


@pytest.mark.parametrize("base_url", [None, "http://localhost:8000"])
def test_a_model_that_only_changes_pictures_is_no_painter(base_url: str | None) -> None:
    with pytest.raises(BadInput, match="paints none from words"):
        NvidiaPainter(KONTEXT, Options(base_url=base_url))


@pytest.mark.parametrize("model", ["", "flux.1-dev", "a/b/c", "../b", "a/..", "a/b?c", "a b/c"])
def test_a_model_that_is_none_is_refused(model: str) -> None:
    with pytest.raises(BadInput, match="no model"):
        NvidiaPainter(model)


async def test_nothing_blocks_the_event_loop(server: NvidiaGenAI) -> None:
    painter = NvidiaPainter(DEV)
    with blockbuster_ctx():
        assert (await painter.paint(CIRCLE)).data
