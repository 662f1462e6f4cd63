"""Edits over OpenAI's images API: what is sent, and that pixels outside the boxes stay."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from blockbuster import blockbuster_ctx
from PIL import Image, ImageChops

from overpaint.tools.backends.openai_ import OpenAIPainter, open_painter
from overpaint.tools.faults import BadInput, ProviderFault
from overpaint.tools.painters import PaintRequest
from tests.image_servers import OpenAIImages, Trouble, blocks, encoded, fields, openai_images

KEY = "sk-of-this-test-alone"
BOX = (0.25, 0.25, 0.5, 0.75)
SOURCE = blocks("source")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIImages]:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with openai_images() as server:
        yield server
        assert all(KEY.encode() not in request.raw for request in server.requests)


def opened(server: OpenAIImages, model: str = "m", **options: Any) -> OpenAIPainter:
    return open_painter(model, base_url=server.url, edits=True, **options)


def shown(data: bytes | None) -> Image.Image:
    return Image.open(BytesIO(data or b""))


def same(left: Image.Image, right: Image.Image) -> bool:
    return (
        left.size == right.size and ImageChops.difference(left.convert("RGB"), right.convert("RGB")).getbbox() is None
    )


def noisy(width: int, height: int) -> bytes:
    """A picture no two pixels of which need be alike."""
    image = Image.effect_noise((width, height), 90).convert("RGB")
    image.putpixel((0, 0), (13, 10, 26))  # CR, LF, EOF: no form may choke on them
    return encoded(image)


async def test_an_edit_sends_image_and_mask_and_keeps_what_lies_outside(server: OpenAIImages) -> None:
    request = PaintRequest("a red circle", seed=0, steps=3, source=SOURCE, boxes=(BOX,), key="the-key")
    result = await opened(server, extra_body={"quality": "low", "lora": {"scale": 0.5}}).paint(request)
    (sent,) = server.requests
    assert (sent.path, sent.headers["idempotency-key"]) == ("/v1/images/edits", "the-key")
    form = fields(sent)
    image, mask = shown(form.pop("image")), shown(form.pop("mask"))
    assert form == {
        "model": "m", "prompt": "a red circle", "n": "1", "size": "64x64", "seed": "0", "num_inference_steps": "3",
        "quality": "low", "lora[scale]": "0.5",
    }  # fmt: skip
    assert same(image, shown(SOURCE))
    assert (mask.mode, mask.size) == ("RGBA", (64, 64))
    inside = (16, 16, 32, 48)
    alpha = mask.getchannel("A")
    assert ImageChops.invert(alpha).getbbox() == inside
    assert alpha.crop(inside).getextrema() == (0, 0)
    assert same(mask.convert("L"), ImageChops.invert(alpha)), "white where to repaint, for servers that read colours"
    expected = shown(SOURCE).convert("RGB")
    expected.paste(shown(blocks("a red circle", 0)).crop(inside), inside)
    assert same(shown(result.data), expected)
    assert (result.outcome, result.seed, result.notes) == ("ok", 0, ())


async def test_an_edit_of_the_whole_keeps_the_providers_bytes(server: OpenAIImages) -> None:
    result = await opened(server).paint(PaintRequest("a red circle", source=SOURCE))
    assert result.data == blocks("a red circle")
    assert "mask" not in fields(server.requests[0])


@pytest.mark.parametrize("model", ["m", "gpt-image-2", "gpt-image-1-mini"])
async def test_what_comes_in_another_size_is_resized_back_and_said(model: str, server: OpenAIImages) -> None:
    source = noisy(150, 101)
    result = await opened(server, model).paint(PaintRequest("a red circle", source=source, boxes=(BOX,)))
    asked = {"m": "150x101", "gpt-image-2": "144x96", "gpt-image-1-mini": "1536x1024"}[model]
    assert fields(server.requests[0])["size"] == result.params["size"] == asked
    assert result.notes == ("it came as 64x64 and was resized to 150x101",)
    painted, kept = shown(result.data), shown(source)
    changed = ImageChops.difference(painted, kept).getbbox()
    assert changed is not None
    left, top, right, bottom = changed
    assert left >= 37
    assert top >= 25
    assert right <= 75
    assert bottom <= 76


async def test_a_source_of_another_size_than_is_wanted_is_resized_first(server: OpenAIImages) -> None:
    request = PaintRequest("a red circle", source=noisy(50, 40), size=(64, 64), boxes=(BOX,))
    result = await opened(server).paint(request)
    assert shown(fields(server.requests[0])["image"]).size == shown(result.data).size == (64, 64)
    assert result.notes == ("the source was resized from 50x40 to 64x64",)


async def test_a_size_that_is_left_to_the_model_is_not_sent(server: OpenAIImages) -> None:
    request = PaintRequest("a red circle", source=noisy(400, 20))
    result = await opened(server, "gpt-image-2").paint(request)
    assert "size" not in fields(server.requests[0])
    assert shown(result.data).size == (400, 20)


@pytest.mark.parametrize("status", [404, 405, 501])
async def test_a_server_without_edits_costs_one_candidate(status: int, server: OpenAIImages) -> None:
    server.troubles = [Trouble("paint", status)]
    with pytest.raises(ProviderFault, match=f"answered {status} to an edit.*actions") as caught:
        await opened(server).paint(PaintRequest("p", source=SOURCE, boxes=(BOX,)))
    assert (caught.value.fatal, caught.value.retryable, caught.value.unsure) == (False, False, False)
    server.troubles = [Trouble("paint", 404)]
    with pytest.raises(ProviderFault) as caught:
        await opened(server).paint(PaintRequest("p"))
    assert caught.value.fatal


async def test_an_answer_that_is_no_picture_is_handed_on_as_it_came(server: OpenAIImages) -> None:
    server.picture = lambda prompt, seed: b"<html>"
    result = await opened(server).paint(PaintRequest("p", source=SOURCE, boxes=(BOX,)))
    assert (result.outcome, result.data) == ("ok", b"<html>")
    server.troubles = [Trouble("paint", body={"data": []})]
    assert (await opened(server).paint(PaintRequest("p", source=SOURCE))).data is None


@pytest.mark.parametrize(("source", "box"), [(b"<html>", BOX), (SOURCE, (0.5, 0.5, 0.5, 0.9))])
async def test_what_cannot_be_edited_is_refused_before_it_is_sent(
    source: bytes, box: Any, server: OpenAIImages
) -> None:
    with pytest.raises(BadInput):
        await opened(server).paint(PaintRequest("p", source=source, boxes=(box,)))
    assert not server.requests


async def test_no_edit_blocks_the_event_loop(server: OpenAIImages) -> None:
    painter = opened(server, partial_images=1)
    with blockbuster_ctx():
        assert (await painter.paint(PaintRequest("p", source=SOURCE, boxes=(BOX,)))).data
