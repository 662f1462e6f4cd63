"""The painter for Hugging Face's inference providers, against a router and endpoints on loopback."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest
from blockbuster import blockbuster_ctx
from huggingface_hub import constants
from huggingface_hub.hf_api import InferenceProviderMapping
from huggingface_hub.inference._providers import _common, hf_inference

from overpaint.tools.backends.hf import HOSTED, HuggingFacePainter
from overpaint.tools.backends.remote import Options
from overpaint.tools.faults import BadInput, ProviderFault
from overpaint.tools.painters import PaintRequest
from tests.hf_server import HuggingFace, hugging_face
from tests.image_servers import Trouble, blocks

CIRCLE = PaintRequest("a red circle", seed=7)
KEY = "hf_OfThisTestAlone"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[HuggingFace]:
    """The router, with the hub's answers about one model in place: what is asked of the hub is none of ours."""
    monkeypatch.setenv("HF_TOKEN", KEY)
    monkeypatch.setattr("overpaint.tools.download.PAUSE", 0.01)
    with hugging_face() as server:
        monkeypatch.setattr("overpaint.tools.backends.hf.BASE", server.url)
        monkeypatch.setattr(constants, "INFERENCE_PROXY_TEMPLATE", server.url + "/{provider}")
        monkeypatch.setattr(hf_inference, "_check_supported_task", lambda model, task: None)
        for provider in set(HOSTED) - {"hf-inference"}:
            known = InferenceProviderMapping(  # type: ignore[no-untyped-call]
                provider=provider, hf_model_id="acme/m", providerId="m-there", task="text-to-image", status="live"
            )
            monkeypatch.setitem(_common.HARDCODED_MODEL_INFERENCE_MAPPING, provider, {"acme/m": known})
        yield server


@pytest.mark.parametrize("provider", HOSTED)
async def test_the_providers_bytes_are_kept_as_they_came(
    provider: str, server: HuggingFace, monkeypatch: pytest.MonkeyPatch
) -> None:
    if provider == "hf-inference":
        helper = hf_inference.HFInferenceTask("text-to-image")
        monkeypatch.setattr("overpaint.tools.backends.hf._helper", lambda provider, model: helper)
    result = await HuggingFacePainter(f"{provider}/acme/m").paint(CIRCLE)
    assert (result.outcome, result.data, result.seed) == ("ok", blocks("a red circle", 7), 7)
    assert result.params == {"model": "acme/m", "provider": provider}
    paid = [request for request in server.requests if request.method == "POST"]
    assert len(paid) == 1
    assert paid[0].path.startswith(f"/{provider}")
    assert paid[0].headers["authorization"] == f"Bearer {KEY}"
    fetched = [request for request in server.requests if request.method == "GET"]
    assert all("authorization" not in request.headers for request in fetched)


async def test_an_endpoint_of_ones_own_is_sent_parameters(server: HuggingFace) -> None:
    painter = HuggingFacePainter("hf-inference/mine", Options(base_url=server.url, extra_body={"scheduler": "euler"}))
    request = PaintRequest("a", negative_prompt="b", seed=0, size=(64, 32), steps=9, guidance=2.5)
    result = await painter.paint(request)
    assert result.data == blocks("a", 0)
    assert result.params == {"model": "mine", "provider": "hf-inference", "size": [64, 32]}
    (sent,) = server.requests
    assert sent.headers["accept"] == "image/png"
    assert sent.json == {
        "inputs": "a",
        "parameters": {
            "negative_prompt": "b",
            "width": 64,
            "height": 32,
            "num_inference_steps": 9,
            "guidance_scale": 2.5,
            "seed": 0,
            "scheduler": "euler",
        },
    }


async def test_an_endpoint_of_ones_own_needs_neither_key_nor_package(
    server: HuggingFace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setitem(sys.modules, "huggingface_hub.inference._providers", None)
    painter = HuggingFacePainter("hf-inference/mine", Options(base_url=server.url))
    await painter.check()
    assert (await painter.paint(CIRCLE)).outcome == "ok"
    assert "authorization" not in server.requests[0].headers


async def test_a_missing_package_is_said_at_once(server: HuggingFace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub.inference._providers", None)
    with pytest.raises(BadInput, match="pip install huggingface_hub"):
        await HuggingFacePainter("fal-ai/acme/m").check()


async def test_what_the_hub_does_not_know_is_refused_before_it_is_paid(
    server: HuggingFace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(model: str) -> list[InferenceProviderMapping]:
        return []

    monkeypatch.setattr(_common, "_fetch_inference_provider_mapping", unknown)
    with pytest.raises(BadInput, match="acme/other is not supported by provider fal-ai"):
        await HuggingFacePainter("fal-ai/acme/other").paint(CIRCLE)
    assert server.requests == []


async def test_a_hub_that_cannot_be_reached_is_asked_again_later(
    server: HuggingFace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(model: str) -> list[InferenceProviderMapping]:
        raise ConnectionError("the hub is away")

    monkeypatch.setattr(_common, "_fetch_inference_provider_mapping", away)
    with pytest.raises(ProviderFault, match="the hub is away") as caught:
        await HuggingFacePainter("fal-ai/acme/other").paint(CIRCLE)
    assert (caught.value.retryable, caught.value.unsure) == (True, False)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, {"images": [{"url": "x"}], "has_nsfw_concepts": [True]}),
        (422, {"detail": [{"type": "content_policy_violation", "msg": "Flagged."}]}),
    ],
)
async def test_what_a_provider_will_not_paint_is_blocked(
    status: int, body: dict[str, Any], server: HuggingFace
) -> None:
    server.troubles = [Trouble("paint", status, body=body)]
    result = await HuggingFacePainter("fal-ai/acme/m").paint(CIRCLE)
    assert (result.outcome, result.data) == ("blocked", None)


async def test_a_prediction_that_goes_on_will_be_paid(server: HuggingFace) -> None:
    server.troubles = [Trouble("paint", 201, body={"status": "processing", "output": None}, paid=True)]
    with pytest.raises(ProviderFault, match="paints on") as caught:
        await HuggingFacePainter("replicate/acme/m").paint(CIRCLE)
    assert caught.value.unsure


@pytest.mark.parametrize("body", [{"images": []}, {"images": [3]}, {"data": [{}]}, {"output": 3}, {"error": "No."}])
async def test_an_answer_without_a_picture_is_told(body: dict[str, Any], server: HuggingFace) -> None:
    server.troubles = [Trouble("paint", body=body, paid=True)]
    result = await HuggingFacePainter("fal-ai/acme/m").paint(CIRCLE)
    assert result.outcome == "ok"
    assert not result.data


async def test_an_address_inside_is_not_visited(server: HuggingFace) -> None:
    for url in ("http://169.254.169.254/x", "http://localhost:5432/x", "file:///etc/passwd"):
        server.troubles = [Trouble("paint", body={"images": [{"url": url}]}, paid=True)]
        with pytest.raises(ProviderFault, match=r"inside|no http") as caught:
            await HuggingFacePainter("fal-ai/acme/m").paint(CIRCLE)
        assert caught.value.unsure


def test_what_cannot_be_used_is_refused() -> None:
    for model in ("", "fal-ai", "fal-ai/a/b/c", "fal-ai/../b", "fal-ai/a b"):
        with pytest.raises(BadInput, match="no model"):
            HuggingFacePainter(model)
    with pytest.raises(BadInput, match=r"provider 'wavespeed'.*fal-ai"):
        HuggingFacePainter("wavespeed/acme/m")
    with pytest.raises(BadInput, match="hf:hf-inference/NAME"):
        HuggingFacePainter("fal-ai/acme/m", Options(base_url="http://localhost:1"))
    assert "steps" not in HuggingFacePainter("nscale/acme/m").abilities.accepts


async def test_nothing_blocks_the_event_loop(server: HuggingFace) -> None:
    painter = HuggingFacePainter("fal-ai/acme/m")
    with blockbuster_ctx():
        assert (await painter.paint(CIRCLE)).data
