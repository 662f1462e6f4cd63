"""The painter for fal's queue, against a real server on loopback."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from blockbuster import blockbuster_ctx

from overpaint.tools.backends import fal
from overpaint.tools.backends.fal import APP, FalPainter
from overpaint.tools.backends.fal_apps import known
from overpaint.tools.backends.remote import Options
from overpaint.tools.faults import BadInput, ProviderFault
from overpaint.tools.painters import PaintRequest, get_painter
from tests.image_servers import FalQueue, Paid, Reset, Trouble, blocks, fal_queue, openai_images

CIRCLE = PaintRequest("a red circle", seed=7, key="the-key")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FalQueue]:
    monkeypatch.setattr(fal, "POLL_SECONDS", (0.02, 0.05))
    monkeypatch.setattr("overpaint.tools.download.PAUSE", 0.01)
    monkeypatch.setattr("overpaint.tools.backends.remote.BEAT_SECONDS", 0.02)
    with fal_queue() as server:
        monkeypatch.setenv("FAL_KEY", "fal-of-this-test-alone")
        monkeypatch.setenv("FAL_BASE_URL", server.url)
        yield server


async def test_a_picture_is_queued_waited_for_and_fetched(server: FalQueue) -> None:
    server.delay = 0.1
    beats: list[tuple[int, int]] = []
    result = await FalPainter("fal-ai/flux/dev").paint(CIRCLE, lambda step, of: beats.append((step, of)))
    assert (result.outcome, result.data, result.seed) == ("ok", blocks("a red circle", 7), 7)
    assert result.params == {"model": "fal-ai/flux/dev", "size": [64, 64]}
    assert result.seconds >= 0.1
    assert set(beats) == {(0, 1)}
    assert len(beats) >= 2
    submitted = server.requests[0]
    assert submitted.path == "/fal-ai/flux/dev"
    assert submitted.json == {"prompt": "a red circle", "seed": 7, "num_images": 1, "output_format": "png"}
    job = server.paid[0].job
    paths = [r.path for r in server.requests if r.method == "GET"]
    assert set(paths) == {
        f"/fal-ai/flux/requests/{job}/status", f"/fal-ai/flux/requests/{job}", f"/pictures/{job}.png"
    }  # fmt: skip
    for request in server.requests:
        wanted = None if request.path.startswith("/pictures/") else "Key fal-of-this-test-alone"
        assert request.headers.get("authorization") == wanted


async def test_a_size_is_sent_as_the_app_takes_it(server: FalQueue) -> None:
    for app in ("fal-ai/flux/dev", ""):
        await FalPainter(app).submit(PaintRequest("a", size=(1920, 1080)))
    plain, ultra = (work.asked for work in server.paid)
    assert plain["image_size"] == {"width": 1920, "height": 1080}
    assert ultra["aspect_ratio"] == "16:9"
    assert "image_size" not in ultra


NOT_TAKEN = [
    ("", ["steps", "guidance", "negative_prompt", "strength"], None),
    ("fal-ai/flux/dev", ["negative_prompt"], None),
    ("fal-ai/flux/dev/image-to-image", ["negative_prompt"], None),
    ("fal-ai/flux-pro/kontext", ["steps", "negative_prompt", "strength"], "instruct"),
    ("fal-ai/nano-banana/edit", ["steps", "guidance", "negative_prompt", "strength"], "instruct"),
    ("fal-ai/fast-sdxl", ["strength"], None),
    ("me/mine", ["steps", "guidance", "negative_prompt", "strength"], None),
]


@pytest.mark.parametrize(("app", "refused", "edit"), NOT_TAKEN)
def test_each_app_declares_what_it_takes(app: str, refused: list[str], edit: str | None) -> None:
    able = FalPainter(app).abilities
    assert able.accepts.isdisjoint(refused)
    assert able.accepts >= {"size", "timeout", "base_url", "api_key_env", "extra_body", "local_urls"}
    assert able.edit == edit
    settings = {"steps", "guidance", "negative_prompt", "strength", "size"}
    assert settings - able.accepts == set(refused)


async def test_settings_are_sent_by_the_names_of_the_app(server: FalQueue) -> None:
    request = PaintRequest("a", seed=0, size=(512, 512), steps=9, guidance=2.5, negative_prompt="b")
    await FalPainter("fal-ai/fast-sdxl").submit(request)
    asked = server.paid[0].asked
    assert (asked["num_inference_steps"], asked["guidance_scale"], asked["negative_prompt"]) == (9, 2.5, "b")
    assert asked["seed"] == 0


EDITS = [
    ("fal-ai/flux-pro/kontext", "/fal-ai/flux-pro/kontext/text-to-image", "/fal-ai/flux-pro/kontext", "image_url"),
    ("fal-ai/nano-banana", "/fal-ai/nano-banana", "/fal-ai/nano-banana/edit", "image_urls"),
    ("fal-ai/nano-banana/edit", "/fal-ai/nano-banana", "/fal-ai/nano-banana/edit", "image_urls"),
    ("fal-ai/flux/dev", "/fal-ai/flux/dev", "/fal-ai/flux/dev/image-to-image", "image_url"),
]


@pytest.mark.parametrize(("app", "words", "picture", "field"), EDITS)
async def test_a_picture_goes_to_the_endpoint_that_takes_one(
    app: str, words: str, picture: str, field: str, server: FalQueue
) -> None:
    source = blocks("a source")
    painter = FalPainter(app)
    for request in (CIRCLE, replace(CIRCLE, source=source, size=(1024, 1024))):
        assert (await painter.paint(request)).outcome == "ok"
    posts = [request for request in server.requests if request.method == "POST"]
    assert [request.path for request in posts] == [words, picture]
    assert field not in posts[0].json
    sent = posts[1].json[field]
    [uri] = sent if field.endswith("s") else [sent]
    assert uri == f"data:image/png;base64,{base64.b64encode(source).decode()}"
    assert "image_size" not in posts[1].json


async def test_an_app_without_such_an_endpoint_takes_no_picture(server: FalQueue) -> None:
    with pytest.raises(BadInput, match="cannot start from a picture"):
        await FalPainter("a/b").submit(replace(CIRCLE, source=blocks("a source")))
    assert server.requests == []
    assert known("fal-ai/flux/dev/image-to-image")[0] == "fal-ai/flux/dev"


@pytest.mark.parametrize(("app", "field"), [("me/mine", "image_size"), ("", "aspect_ratio")])
def test_the_size_that_was_priced_cannot_be_replaced(app: str, field: str) -> None:
    with pytest.raises(BadInput, match=f"may not hold '{field}'"):
        FalPainter(app, Options(extra_body={field: "x"}))


async def test_what_a_picture_cost_follows_its_size(
    server: FalQueue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prices = tmp_path / "prices.yaml"
    prices.write_text("pictures: {'fal:me/mine': {per_megapixel: 0.5}, 'fal:me/other': {usd: 0.25}}", "utf-8")
    monkeypatch.setenv("OVERPAINT_PRICES", str(prices))
    assert (await FalPainter("me/mine").paint(CIRCLE)).usd == 0.5  # 64x64 is one begun megapixel
    assert FalPainter("me/other").abilities.price_usd == 0.25
    assert FalPainter("me/third").abilities.price_usd is None


async def test_a_base_url_and_a_variable_of_ones_own_come_first(
    server: FalQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAL_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("MY_FAL", "mine-of-this-test")
    painter = FalPainter("a/b", Options(base_url=f"{server.url}/", api_key_env="MY_FAL", extra_body={"loras": []}))
    assert (await painter.paint(CIRCLE)).outcome == "ok"
    assert server.requests[0].headers["authorization"] == "Key mine-of-this-test"
    assert server.paid[0].asked["loras"] == []
    assert painter.abilities.provider == f"fal@{server.url.removeprefix('http://')}"


async def test_the_older_name_of_the_key_will_do(server: FalQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FAL_KEY")
    monkeypatch.setenv("FAL_API_KEY", "older-of-this-test")
    await FalPainter("a/b").submit(CIRCLE)
    assert server.requests[0].headers["authorization"] == "Key older-of-this-test"


async def test_local_addresses_are_fetched_where_the_user_says_so(server: FalQueue) -> None:
    with openai_images() as inside:
        inside.paid.append(Paid("a red circle", None, None, {}, {}, "1", 0.0))
        answer = {"images": [{"url": f"{inside.root}/pictures/1.png"}]}
        server.troubles = [Trouble("result", body=answer)] * 2
        with pytest.raises(ProviderFault, match="inside"):
            await FalPainter("a/b").paint(CIRCLE)
        result = await FalPainter("a/b", Options(local_urls=True)).paint(CIRCLE)
    assert result.data == blocks("a red circle")


async def test_a_picture_inside_the_answer_is_decoded(server: FalQueue) -> None:
    server.answer_with = "data"
    assert (await FalPainter("a/b").paint(CIRCLE)).data == blocks("a red circle", 7)


async def test_a_picture_taken_for_unsafe_is_blocked(server: FalQueue) -> None:
    image = {"url": f"{server.url}/black.png"}
    server.troubles = [Trouble("result", body={"images": [image], "has_nsfw_concepts": [True]})]
    result = await FalPainter("a/b").paint(CIRCLE)
    assert (result.outcome, result.data) == ("blocked", None)


async def test_what_the_provider_will_not_paint_is_blocked(server: FalQueue) -> None:
    detail = [{"loc": ["body", "prompt"], "msg": "Flagged.", "type": "content_policy_violation"}]
    server.troubles = [Trouble("result", 422, body={"detail": detail})]
    result = await FalPainter("a/b").paint(CIRCLE)
    assert (result.outcome, result.notes) == ("blocked", ("Flagged.",))


async def test_a_job_is_collected_by_another_painter_and_again(server: FalQueue) -> None:
    job = await FalPainter("a/b").submit(CIRCLE)
    for _ in range(2):
        assert (await FalPainter("a/b").collect(job)).data == blocks("a red circle", 7)
    assert len(server.paid) == 1


async def test_a_server_that_is_away_for_a_while_is_waited_for(server: FalQueue) -> None:
    server.troubles = [
        Trouble("status", cut="unread"),
        Trouble("status", 503),
        Trouble("status", 429, headers={"Retry-After": "0"}),
        Trouble("status", body=b"<html>"),
        Trouble("result", 502),
        Trouble("result", cut="read"),
    ]
    assert (await FalPainter("a/b").paint(CIRCLE)).data == blocks("a red circle", 7)
    assert len(server.paid) == 1
    assert server.troubles == []


async def test_a_download_that_is_cut_is_begun_again(server: FalQueue) -> None:
    def cut(request: Any) -> None:
        del server.hooks["downloading"]
        raise Reset

    server.hooks["downloading"] = cut
    assert (await FalPainter("a/b").paint(CIRCLE)).data == blocks("a red circle", 7)
    assert len([r for r in server.requests if r.path.startswith("/pictures")]) == 2


async def test_a_job_that_takes_too_long_is_kept(server: FalQueue) -> None:
    server.delay = 5.0
    started = time.perf_counter()
    with pytest.raises(ProviderFault, match="job is kept") as caught:
        await FalPainter("a/b", Options(timeout=0.3)).paint(CIRCLE)
    assert (caught.value.retryable, caught.value.unsure) == (True, False)
    assert time.perf_counter() - started < 2


async def test_a_job_that_is_not_known_any_more_may_have_been_paid(server: FalQueue) -> None:
    with pytest.raises(ProviderFault, match="does not know the job") as caught:
        await FalPainter("a/b").collect("gone")
    assert (caught.value.retryable, caught.value.unsure) == (False, True)


@pytest.mark.parametrize("how", [{"headers": {"X-Fal-Error-Type": "runner_disconnected"}}, {"ended": "runner lost"}])
async def test_a_job_that_ended_in_an_error_was_not_billed(how: dict[str, Any], server: FalQueue) -> None:
    if ended := how.get("ended"):
        server.troubles.append(Trouble("status", body={"status": "COMPLETED", "error": ended}))
    server.troubles.append(Trouble("result", 500, how.get("headers", {}), {"detail": "runner lost"}))
    with pytest.raises(ProviderFault, match=r"runner lost.*Nothing was billed") as caught:
        await FalPainter("a/b").paint(CIRCLE)
    assert (caught.value.retryable, caught.value.unsure) == (False, False)


async def test_a_job_whose_result_is_refused_is_an_answer(server: FalQueue) -> None:
    server.troubles = [Trouble("result", 422, body={"detail": [{"msg": "too long", "type": "value_error"}]})]
    result = await FalPainter("a/b").paint(CIRCLE)
    assert (result.outcome, result.data, result.notes) == ("ok", None, ("the job ended with 422: too long",))


async def test_a_result_that_is_not_handed_out_is_asked_for_later(
    server: FalQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.troubles = [Trouble("result", 500)] * fal.RESULT_TRIES
    with pytest.raises(ProviderFault, match="hand out") as caught:
        await FalPainter("a/b").paint(CIRCLE)
    assert (caught.value.retryable, caught.value.unsure) == (True, False)


@pytest.mark.parametrize("job", ["", "../../x", "a b", "a" * 129, "id?x=1", "é"])
async def test_an_id_that_is_none_is_never_asked_for(job: str, server: FalQueue) -> None:
    with pytest.raises(BadInput, match="no id"):
        await FalPainter("a/b").collect(job)
    server.troubles = [Trouble("paint", body={"request_id": job}, paid=True)]
    with pytest.raises(ProviderFault) as caught:
        await FalPainter("a/b").submit(CIRCLE)
    assert caught.value.unsure
    assert len(server.requests) == 1


@pytest.mark.parametrize("app", ["flux", "a/../b", "a/b?c", "a//b", "/a/b", "a/b/", "a/b c", "http://a/b", "../a"])
def test_an_app_that_is_none_is_refused(app: str) -> None:
    with pytest.raises(BadInput, match="no app"):
        get_painter(f"fal:{app}")


async def test_a_workflow_keeps_its_place_before_the_owner(server: FalQueue) -> None:
    painter = FalPainter("workflows/me/mine/x")
    assert painter._at("1") == f"{server.url}/workflows/me/mine/requests/1"


def test_what_it_can_do_and_how_it_is_opened() -> None:
    assert get_painter("fal:").name == f"fal:{APP}"
    able = get_painter("fal:a/b", timeout=3).abilities
    assert (able.jobs, able.seeds, able.client_key, able.free) == ("collect", True, False, False)
    with pytest.raises(BadInput, match="fal:a/b does not honour idempotent=True"):
        get_painter("fal:a/b", idempotent=True)


async def test_a_missing_key_is_said_at_once() -> None:
    for call in (FalPainter().check(), FalPainter().submit(CIRCLE), FalPainter().collect("1")):
        with pytest.raises(BadInput, match="FAL_KEY"):
            await call


@pytest.mark.parametrize("key", ["two\nlines", "fäl"])
async def test_a_key_that_cannot_be_sent_is_refused(
    key: str, server: FalQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAL_KEY", key)
    with pytest.raises(BadInput, match="FAL_KEY holds characters"):
        await FalPainter().submit(CIRCLE)
    monkeypatch.setenv("FAL_KEY", " spaced \n")
    await FalPainter("a/b").submit(CIRCLE)
    assert server.requests[-1].headers["authorization"] == "Key spaced"


async def test_nothing_blocks_the_event_loop(server: FalQueue) -> None:
    painter = FalPainter("a/b")
    with blockbuster_ctx():
        assert (await painter.paint(CIRCLE)).data
