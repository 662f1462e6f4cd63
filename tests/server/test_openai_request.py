"""What a request to the images API comes to: which runs, with which settings."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request
from hypothesis import given
from hypothesis import strategies as st

from overpaint.server.openai_errors import ApiError
from overpaint.server.openai_request import Asked, order_of, read_form
from overpaint.tools.faults import BadInput

PNG = b"\x89PNG\r\n\x1a\n"


def order(**asked: Any) -> Any:
    return order_of(Asked(prompt="a red circle", **asked))


def test_one_picture_is_one_run_of_the_default_preset() -> None:
    for asked in ({}, {"model": "overpaint"}, {"model": "overpaint/default"}, {"preset": "default", "size": "auto"}):
        made = order(**asked)
        assert (made.preset, made.settings, made.varied) == ("default", [{}], False)


def test_a_preset_is_named_by_the_model_or_beside_it() -> None:
    assert order(model="overpaint/one-shot").preset == "one-shot"
    assert order(model="overpaint", preset="one-shot").preset == "one-shot"
    assert order(model="overpaint/one-shot", preset="one-shot").preset == "one-shot"
    with pytest.raises(ApiError, match="different presets"):
        order(model="overpaint/one-shot", preset="default")
    for model in ("gpt-image-2", "overpaint/", "overpaint/../default", "one-shot", "Overpaint"):
        with pytest.raises(ApiError, match="there is no model"):
            order(model=model)


def test_size_and_budget_are_settings_and_go_before_them() -> None:
    made = order(size="128x64", budget=3, settings={"max_images": 9, "guidance": 2.0})
    assert made.settings == [{"size": "128x64", "max_images": 3, "guidance": 2.0}]


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 10))
def test_several_pictures_are_several_runs_with_seeds_apart(seed: int, n: int) -> None:
    seeds = [settings["seed"] for settings in order(n=n, settings={"seed": seed}).settings]
    assert seeds[0] == seed
    assert len(set(seeds)) == n
    assert all(0 <= each < 2**32 for each in seeds)
    assert order(n=n).settings == [{}] * n


def test_several_prompts_are_one_run() -> None:
    made = order(preset="synthetic-prompts", n=3, settings={"painter": "shapes"})
    assert (made.settings, made.varied) == ([{"painter": "shapes", "variations": 3}], True)
    assert order(preset="synthetic-prompts").settings == [{}]
    assert order(n=2, budget=2, settings={"upsample": True, "upsample_method": "variations"}).varied
    with pytest.raises(BadInput, match="variations=4"):
        order(preset="synthetic-prompts", budget=3)
    with pytest.raises(ApiError, match="do not stream"):
        order(preset="synthetic-prompts", stream=True)


async def form(**sent: Any) -> Any:
    """What is read of a form that was really sent."""
    app, read = FastAPI(), []

    @app.post("/")
    async def route(request: Request) -> None:
        read.append(await read_form(request))

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
        await client.post("/", **sent)
    return read[0]


async def test_a_form_is_read_as_clients_write_it() -> None:
    asked, picture = await form(
        files={"image": ("a.png", PNG)},
        data={
            "prompt": "1",
            "n": "2",
            "stream": "false",
            "settings[seed]": "7",
            "settings[actions][]": ["edit", "revise"],
            "settings[extra_body][quality]": "low",
            "settings[negative_prompt]": "1 cat, 2 dogs",
            "checklist[]": ["a red circle", "a blue square"],
            "output_compression": "100",
        },
    )
    assert picture == PNG
    assert (asked.prompt, asked.n, asked.stream) == ("1", 2, False)
    assert asked.settings == {
        "seed": 7,
        "actions": ["edit", "revise"],
        "extra_body": {"quality": "low"},
        "negative_prompt": "1 cat, 2 dogs",
    }
    assert asked.checklist == ["a red circle", "a blue square"]


async def test_in_a_form_settings_and_checklist_may_be_json() -> None:
    checklist = [{"text": "a red circle", "weight": 2}]
    data = {"prompt": "x", "settings": json.dumps({"seed": 7}), "checklist": json.dumps(checklist)}
    asked, _ = await form(files={"image[]": ("a.png", PNG)}, data=data)
    assert (asked.settings, asked.checklist) == ({"seed": 7}, checklist)


@pytest.mark.slow
@given(
    fields=st.dictionaries(
        st.sampled_from(["settings", "checklist", "n", "prompt", "x"]).flatmap(
            lambda name: st.lists(st.sampled_from(["", "a", "seed"]), max_size=3).map(
                lambda steps: name + "".join(f"[{step}]" for step in steps)
            )
        ),
        st.text(st.characters(codec="utf-8"), max_size=20),
        max_size=6,
    )
)
async def test_any_form_is_read_or_refused(fields: dict[str, str]) -> None:
    app = FastAPI()

    @app.post("/")
    async def route(request: Request) -> str:
        try:
            return type(await read_form(request)).__name__
        except ApiError as error:
            return error.code or ""

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
        answer = await client.post("/", files={"image": ("a.png", PNG)}, data=fields)
    # What FastAPI answers 422 to is RequestValidationError, which the images API words itself.
    assert answer.status_code in (200, 422)
