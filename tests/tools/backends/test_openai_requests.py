"""What the painter for OpenAI's images API sends: settings, the user's fields, keys; and to whom."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from overpaint.tools.backends.openai_ import OpenAIPainter, open_painter, unknown_model
from overpaint.tools.backends.openai_models import LIVE, LONGEST_PROMPT
from overpaint.tools.faults import BadInput, ProviderFault
from overpaint.tools.painters import PaintRequest, get_painter
from overpaint.tools.refusals import refuse_request, refuse_settings
from tests.image_servers import OpenAIImages, Trouble, blocks, openai_images

KEY = "of-this-test-alone"
WHOLE = PaintRequest(
    "a red circle", negative_prompt="text", seed=0, size=(64, 48), steps=4, guidance=0.0, key="the-key"
)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIImages]:
    with openai_images() as server:
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        yield server
        assert all(KEY.encode() not in request.raw for request in server.requests)


def opened(server: OpenAIImages, model: str = "Qwen/Qwen-Image", **options: Any) -> OpenAIPainter:
    return open_painter(model, base_url=server.url, **options)


async def test_a_server_of_ones_own_is_sent_every_setting(server: OpenAIImages) -> None:
    painter = opened(server)
    refuse_request(painter, WHOLE)
    result = await painter.paint(WHOLE)
    assert server.requests[0].json == {
        "model": "Qwen/Qwen-Image",
        "prompt": "a red circle",
        "n": 1,
        "size": "64x48",
        "seed": 0,
        "num_inference_steps": 4,
        "guidance_scale": 0.0,
        "negative_prompt": "text",
    }
    assert (painter.abilities.seeds, result.seed, result.data) == (True, 0, blocks("a red circle", 0))
    sent = {"seed": 0, "steps": 4, "guidance": 0.0, "negative_prompt": "text"}
    assert {name: result.params[name] for name in sent} == sent


@pytest.mark.parametrize("setting", ["steps", "guidance", "negative_prompt", "strength"])
def test_openais_models_are_refused_what_they_would_ignore(setting: str) -> None:
    painter = open_painter("gpt-image-2")
    assert not painter.abilities.seeds
    given = {"steps": 4, "guidance": 1.0, "negative_prompt": "text", "strength": 0.5}
    request = PaintRequest("p", source=b"-", **{setting: given[setting]})  # type: ignore[arg-type]
    with pytest.raises(BadInput, match=f"openai:gpt-image-2 does not honour {setting}"):
        refuse_request(painter, request)


async def test_openais_models_are_sent_no_seed_behind_a_gateway_either(server: OpenAIImages) -> None:
    result = await opened(server, "gpt-image-2").paint(PaintRequest("a red circle", seed=7))
    assert server.requests[0].json == {"model": "gpt-image-2", "prompt": "a red circle", "n": 1}
    assert result.seed is None


@pytest.mark.slow
async def test_the_users_fields_are_added_and_null_leaves_one_out(server: OpenAIImages) -> None:
    extra = {"quality": "low", "lora": {"name": "x", "scale": 0.5}, "seed": None, "size": None, "guidance_scale": 3}
    painter = opened(server, extra_body=extra)
    result = await painter.paint(WHOLE)
    assert server.requests[0].json == {
        "model": "Qwen/Qwen-Image",
        "prompt": "a red circle",
        "n": 1,
        "num_inference_steps": 4,
        "negative_prompt": "text",
        "quality": "low",
        "lora": {"name": "x", "scale": 0.5},
        "guidance_scale": 3,
    }
    assert (painter.abilities.seeds, result.seed) == (False, None)
    assert result.params["extra_body"] == {"quality": "low", "lora": {"name": "x", "scale": 0.5}, "guidance_scale": 3}
    assert "steps" not in opened(server, extra_body={"num_inference_steps": None}).abilities.accepts


@pytest.mark.parametrize(
    ("extra", "named"),
    [
        ({"model": "another"}, "model"),
        ({"prompt": None}, "prompt"),
        ({"n": 4}, "n"),
        ({"seed": 5}, "seed"),
        ({"size": "8x8"}, "size"),
        ({"stream": True}, "stream"),
        ({"api_key": "a"}, "api_key"),
        ({"headers": {"Authorization": "a"}}, "Authorization"),
        ({"deep": [{"access-token": "a"}]}, "access-token"),
        ({"note": "Bearer abcdef"}, "note"),
        ({"note": "sk-abcdefghijkl"}, "note"),
    ],
)
def test_what_is_not_the_users_to_add_is_refused_by_name(extra: dict[str, Any], named: str) -> None:
    with pytest.raises(BadInput, match=rf"extra_body.*{named}'") as caught:
        open_painter("m", extra_body=extra)
    assert "abcdef" not in str(caught.value)


def test_what_only_looks_a_little_like_a_secret_is_let_through() -> None:
    extra = {"max_tokens": 5, "token_limit": 3, "keyframes": 2, "monkey": "x", "path": "/models/lora/" + "x" * 90}
    assert open_painter("m", extra_body=extra).abilities.accepts


async def test_the_given_address_goes_before_that_of_the_environment(
    server: OpenAIImages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    await opened(server).paint(WHOLE)
    assert server.paid
    with pytest.raises(ProviderFault) as caught:
        await open_painter("m").paint(WHOLE)
    assert (caught.value.retryable, caught.value.unsure) == (True, False)


async def test_the_key_is_the_one_that_is_named(
    server: OpenAIImages, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "key"
    file.write_text("from-a-file\n")
    monkeypatch.setenv("MY_KEY_FILE", str(file))
    await opened(server, api_key_env="MY_KEY").paint(WHOLE)
    await opened(server).paint(WHOLE)
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    await open_painter("m").paint(WHOLE)
    sent = [request.headers["authorization"] for request in server.requests]
    assert sent == ["Bearer from-a-file", "Bearer none", f"Bearer {KEY}"]
    with pytest.raises(BadInput, match="NO_SUCH_KEY"):
        await opened(server, api_key_env="NO_SUCH_KEY").check()


@pytest.mark.parametrize("url", ["ftp://here/v1", "localhost:8000", "http://", "http://me:secret@here/v1"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(BadInput, match="openai:m") as caught:
        open_painter("m", base_url=url)
    assert "secret" not in str(caught.value)


def test_whose_limits_and_which_abilities_a_server_has() -> None:
    ours = get_painter("openai:m", base_url="http://localhost:8000/v1").abilities
    assert (ours.provider, ours.edit, ours.prompt_characters, ours.sides) == ("openai@localhost:8000", None, None, None)
    assert open_painter("m", base_url="http://localhost:8000/v1", edits=True).abilities.edit == "mask"
    for url in (None, "https://api.openai.com/v1", "https://eu.api.openai.com/v1/"):
        theirs = open_painter("gpt-image-2", base_url=url).abilities
        assert (theirs.provider, theirs.edit, theirs.prompt_characters) == ("openai", "mask", LONGEST_PROMPT)
        assert {"size", "base_url", "api_key_env", "extra_body", "partial_images"} <= theirs.accepts


@pytest.mark.parametrize("wrong", [-1, 4, 1.5])
def test_more_pictures_on_their_way_than_there_are_is_refused(wrong: Any) -> None:
    with pytest.raises(BadInput, match=r"partial_images .* 0 to 3"):
        open_painter("m", partial_images=wrong)


async def test_a_size_the_model_lacks_is_refused_before_it_is_paid_for(server: OpenAIImages) -> None:
    with pytest.raises(BadInput, match="gpt-image-1-mini cannot paint 1536x1536: it takes one of 1024x1024"):
        await opened(server, "gpt-image-1-mini").paint(PaintRequest("p", size=(1536, 1536)))
    assert not server.requests
    with pytest.raises(BadInput, match="it takes one of 1024x1024"):
        refuse_settings(opened(server, "gpt-image-1-mini"), {"size": "1536x1536"}, (1536, 1536))
    refuse_settings(opened(server, "gpt-image-2"), {"size": "1536x1536"}, (1536, 1536))


async def test_an_address_that_is_a_path_alone_is_the_servers(server: OpenAIImages) -> None:
    paid = await opened(server).paint(WHOLE)
    image = {"url": f"/pictures/{server.paid[0].job}.png"}
    server.troubles = [Trouble("paint", body={"data": [image]})]
    assert (await opened(server).paint(WHOLE)).data == paid.data


async def test_private_addresses_are_visited_only_where_allowed(server: OpenAIImages) -> None:
    with openai_images() as store:
        await opened(store).paint(WHOLE)
        body = {"data": [{"url": f"{store.root}/pictures/{store.paid[0].job}.png"}]}
        server.troubles = [Trouble("paint", body=body), Trouble("paint", body=body)]
        with pytest.raises(ProviderFault, match="points inside"):
            await opened(server).paint(WHOLE)
        assert (await opened(server, local_urls=True).paint(WHOLE)).data == blocks("a red circle", 0)


async def test_a_picture_costs_what_the_answer_and_the_price_say(
    server: OpenAIImages, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    prices = {"pictures": {"openai:billed": {"usd": 0.5, "tokens": {"text": 1, "image": 10, "output": 100}}}}
    file = tmp_path / "prices.yaml"
    file.write_text(json.dumps(prices))
    monkeypatch.setenv("OVERPAINT_PRICES", str(file))
    painter, usages = opened(server, "billed"), list[float | None]()
    assert (painter.abilities.price_usd or 0) >= 0.5
    details = {"text_tokens": 10, "image_tokens": 20}
    for usage in (
        {"input_tokens": 30, "input_tokens_details": details, "output_tokens": 4},
        {"input_tokens": 30, "output_tokens": 4},
        {"input_tokens": "many"},
    ):
        server.usage = usage
        usages.append((await painter.paint(WHOLE)).usd)
    assert usages == [pytest.approx(610e-6), pytest.approx(700e-6), None]
    assert (await opened(server).paint(WHOLE)).usd is None
    assert opened(server).abilities.price_usd is None


def test_a_name_that_is_not_known_is_let_through_and_said() -> None:
    assert "gpt-image-9" in unknown_model("gpt-image-9")[0]
    assert unknown_model(LIVE[0]) == ()
    assert open_painter("gpt-image-9").abilities.edit == "mask"
