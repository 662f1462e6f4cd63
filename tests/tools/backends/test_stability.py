"""The painter for Stability's REST API, against a server on loopback that reads its forms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from blockbuster import blockbuster_ctx

from overpaint.tools.backends.remote import Options
from overpaint.tools.backends.stability import ENDPOINTS, StabilityPainter
from overpaint.tools.faults import BadInput, ProviderFault
from overpaint.tools.painters import PaintRequest
from overpaint.tools.refusals import refuse_request
from tests.image_servers import Trouble, blocks
from tests.stability_server import Stability, stability_images

LARGE = "sd3.5-large"
CIRCLE = PaintRequest("a red circle", seed=7)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stability]:
    monkeypatch.setenv("STABILITY_API_KEY", "sk-of-this-test-alone")
    with stability_images() as server:
        monkeypatch.setattr("overpaint.tools.backends.stability.BASE", server.url)
        yield server


async def test_a_picture_is_asked_for_with_one_form(server: Stability) -> None:
    request = PaintRequest("a red circle", negative_prompt="blue", seed=7, size=(1344, 768), guidance=4.5)
    result = await StabilityPainter(LARGE).paint(request)
    assert (result.outcome, result.data, result.seed) == ("ok", blocks("a red circle", 7), 7)
    assert result.params == {"model": LARGE, "seed": 7, "aspect_ratio": "16:9"}
    assert result.seconds > 0
    (sent,) = server.requests
    assert sent.path == "/v2beta/stable-image/generate/sd3"
    assert sent.headers["authorization"] == "Bearer sk-of-this-test-alone"
    assert sent.headers["accept"] == "image/*"
    assert server.paid[0].asked == {
        "prompt": "a red circle",
        "output_format": "png",
        "model": LARGE,
        "mode": "text-to-image",
        "seed": "7",
        "negative_prompt": "blue",
        "cfg_scale": "4.5",
        "aspect_ratio": "16:9",
    }


@pytest.mark.parametrize("model", ["core", "ultra"])
async def test_the_other_endpoints_have_no_model(model: str, server: Stability) -> None:
    await StabilityPainter(model).paint(CIRCLE)
    assert server.requests[0].path == f"/v2beta/stable-image/generate/{model}"
    assert server.paid[0].asked == {"prompt": "a red circle", "output_format": "png", "seed": "7"}


async def test_a_picture_to_start_from_goes_along_with_its_strength(server: Stability) -> None:
    source = blocks("a source")
    request = replace(CIRCLE, source=source, strength=0.6, size=(1024, 1024))
    painter = StabilityPainter(LARGE)
    refuse_request(painter, request)
    assert (await painter.paint(request)).outcome == "ok"
    asked = server.paid[0].asked
    assert (asked["mode"], asked["image"], asked["strength"]) == ("image-to-image", source, "0.6")
    assert "aspect_ratio" not in asked


async def test_a_picture_to_start_from_needs_a_strength(server: Stability) -> None:
    with pytest.raises(BadInput, match="set strength"):
        await StabilityPainter(LARGE).paint(replace(CIRCLE, source=blocks("a source")))
    assert server.requests == []


async def test_seed_0_is_never_sent_and_the_largest_is_in_reach(server: Stability) -> None:
    sent = [(await StabilityPainter("core").paint(replace(CIRCLE, seed=seed))).seed for seed in (0, 2**32 - 1)]
    assert sent == [2**32 - 2, 1]
    assert [paid.seed for paid in server.paid] == sent


async def test_the_seed_that_the_provider_drew_is_told(server: Stability) -> None:
    assert (await StabilityPainter("core").paint(PaintRequest("a"))).seed == 4


async def test_a_picture_inside_json_is_read(server: Stability) -> None:
    server.as_json = True
    result = await StabilityPainter(LARGE).paint(CIRCLE)
    assert (result.data, result.seed) == (blocks("a red circle", 7), 7)


@pytest.mark.parametrize("as_json", [False, True])
async def test_a_filtered_picture_is_blocked_and_not_kept(as_json: bool, server: Stability) -> None:
    server.finish, server.as_json = "CONTENT_FILTERED", as_json
    result = await StabilityPainter(LARGE).paint(CIRCLE)
    assert (result.outcome, result.data) == ("blocked", None)


async def test_a_flagged_prompt_is_blocked_and_the_run_goes_on(server: Stability) -> None:
    body = {"id": "1", "name": "content_moderation", "errors": ["Your request was flagged."]}
    server.troubles = [Trouble("paint", 403, body=body)]
    result = await StabilityPainter(LARGE).paint(CIRCLE)
    assert (result.outcome, result.notes) == ("blocked", ("Your request was flagged.",))


async def test_other_refusals_are_told_in_the_providers_words(server: Stability) -> None:
    for status, name, fatal in ((402, "payment_required", True), (403, "unauthorized", True), (400, "bad", False)):
        server.troubles = [Trouble("paint", status, body={"id": "1", "name": name, "errors": ["No way."]})]
        with pytest.raises(ProviderFault, match=r"No way\.") as caught:
            await StabilityPainter(LARGE).paint(CIRCLE)
        assert (caught.value.fatal, caught.value.retryable) == (fatal, False)


async def test_fields_of_ones_own_are_texts_and_numbers(server: Stability) -> None:
    painter = StabilityPainter("core", Options(extra_body={"style_preset": "anime", "seed_boost": 2}))
    await painter.paint(CIRCLE)
    assert (server.paid[0].asked["style_preset"], server.paid[0].asked["seed_boost"]) == ("anime", "2")
    extra: dict[str, Any]
    for extra in ({"style": {"preset": "anime"}}, {"raw": True}, {"mode": "text-to-image"}):
        with pytest.raises(BadInput, match="extra_body"):
            StabilityPainter("core", Options(extra_body=extra))


def test_what_each_model_honours_is_declared() -> None:
    for model in ENDPOINTS:
        able = StabilityPainter(model).abilities
        assert (able.seeds, able.prompt_characters, able.edit, able.jobs) == (True, 10_000, None, None)
        assert "steps" not in able.accepts
    assert StabilityPainter("core").abilities.accepts.isdisjoint({"strength", "guidance"})
    assert "negative_prompt" not in StabilityPainter("sd3.5-large-turbo").abilities.accepts
    with pytest.raises(BadInput, match=r"no model 'sd4'.*sd3\.5-large"):
        StabilityPainter("sd4")


async def test_nothing_blocks_the_event_loop(server: Stability) -> None:
    painter = StabilityPainter(LARGE)
    with blockbuster_ctx():
        assert (await painter.paint(CIRCLE)).data
