"""What is known here of OpenAI's models, against the words of the SDK."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types import ImageModel, image_edit_params, image_generate_params, image_model

from overpaint.tools.backends.openai_models import (
    LIVE,
    LONGEST_PROMPT,
    RETIRED,
    STANDARD,
    is_openais,
    nearest_size,
    sides,
    wrong_size,
)

Size = tuple[int, int]


def words(module: object) -> str:
    return " ".join(Path(inspect.getfile(module)).read_text("utf-8").split())  # type: ignore[arg-type]


def test_the_models_are_those_of_the_sdk() -> None:
    assert set(LIVE) | RETIRED == set(get_args(ImageModel))
    assert not set(LIVE) & RETIRED


def test_the_retired_ones_are_those_the_sdk_says_were_shut_down() -> None:
    said = re.findall(r'- ((?:"[^"]+"(?:, )?)+): [^"]*?(?:shut down|retired)', words(image_model))
    assert {name for names in said for name in re.findall(r'"([^"]+)"', names)} == RETIRED


def test_sizes_and_prompts_are_limited_as_the_sdk_says() -> None:
    for said in (words(image_generate_params), words(image_edit_params)):
        assert f"maximum length is {LONGEST_PROMPT} characters" in said
        assert "divisible by 16 and the requested aspect ratio must be between 1:3 and 3:1" in said
        assert "maximum supported resolution is `3840x2160`" in said
        (flexible,) = re.findall(r"For ((?:`[^`]+`(?:, and |, )?)+), arbitrary resolutions", said)
        for model in re.findall(r"`([^`]+)`", flexible):
            assert not wrong_size(model, (1536, 864))
        for model in LIVE:
            assert not any(wrong_size(model, size) for size in STANDARD)
            assert all(side in (sides(model) or ()) for size in STANDARD for side in size)


@pytest.mark.parametrize(
    ("model", "size", "instead"),
    [
        ("gpt-image-1-mini", (1536, 864), "1024x1024, 1536x1024, 1024x1536"),
        ("gpt-image-1.5", (1536, 1536), "1024x1024, 1536x1024, 1024x1536"),
        ("chatgpt-image-latest", (512, 512), "1024x1024, 1536x1024, 1024x1536"),
        ("gpt-image-2", (1000, 1000), "16 divides"),
        ("gpt-image-2.5-flare", (3088, 1024), "1:3 and 3:1"),
        ("gpt-image-2.6-sunburst", (1024, 3088), "1:3 and 3:1"),
        ("gpt-image-2", (3840, 3840), "3840x2160"),
        ("gpt-image-2", (3856, 2144), "3840x2160"),
        ("gpt-image-10", (1536, 864), ""),
        ("gpt-image-2", (2160, 3840), ""),
        ("Qwen/Qwen-Image", (100, 900), ""),
    ],
)
def test_a_size_is_refused_with_what_to_ask_instead(model: str, size: Size, instead: str) -> None:
    said = wrong_size(model, size)
    assert instead in said
    assert bool(said) == bool(instead)


@given(st.sampled_from([*LIVE, "Qwen/Qwen-Image"]), st.tuples(st.integers(8, 8192), st.integers(8, 8192)))
def test_the_nearest_size_is_one_the_model_paints(model: str, size: Size) -> None:
    nearest = nearest_size(model, size)
    assert nearest is None or not wrong_size(model, nearest)
    if not wrong_size(model, size):
        assert nearest == size


@pytest.mark.parametrize(
    ("model", "size", "nearest"),
    [
        ("gpt-image-1-mini", (640, 427), (1536, 1024)),
        ("gpt-image-1.5", (700, 720), (1024, 1024)),
        ("gpt-image-1.5", (9, 32), (1024, 1536)),
        ("gpt-image-2", (1000, 750), (992, 752)),
        ("gpt-image-2", (8192, 8192), None),
    ],
)
def test_an_edit_asks_for_the_nearest_size(model: str, size: Size, nearest: Size | None) -> None:
    assert nearest_size(model, size) == nearest


def test_openais_models_are_known_by_their_names() -> None:
    assert all(map(is_openais, LIVE))
    assert not any(map(is_openais, ("m", "dall-e-3", "my-gpt-image-2", "gpt-5")))
