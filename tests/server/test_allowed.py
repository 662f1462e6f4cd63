"""What a key may set: every setting is decided, and each decision holds."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overpaint.graph.prompt_fields import prompt_fields
from overpaint.graph.settings import MODELS, Settings, preset_names
from overpaint.server import allowed
from overpaint.server.allowed import (
    BOUNDS,
    CAPS,
    FREE,
    OPERATORS,
    changeable,
    check_settings,
    checked_image,
    grant_for,
    granted,
    with_caps,
)
from overpaint.server.keys import LOCAL, Caller
from overpaint.tools.faults import BadInput
from overpaint.tools.images import ImageRef

ALICE, BOB = Caller("alice", "alice"), Caller("bob", "bob")
LOOKED_AT = {"size", "negative_prompt"}
REF = ImageRef(sha256="a" * 64, mime="image/png", width=8, height=8)
HOSTILE: dict[str, Any] = {
    "extra_body": {"webhook": "http://evil.example"},
    "local_urls": True,
    "edits": True,
    "idempotent": True,
    "templates": {"upsample": "/etc/passwd"},
}


def test_every_setting_is_decided_once() -> None:
    groups = [FREE, OPERATORS, set(MODELS), set(BOUNDS), set(CAPS), LOOKED_AT]
    decided = [name for group in groups for name in group]
    assert sorted(decided) == sorted(Settings.model_fields), "decide in server/allowed.py who may change a new setting"


@pytest.mark.parametrize("name", sorted(OPERATORS))
def test_what_is_the_operators_is_refused_by_name(name: str) -> None:
    with pytest.raises(BadInput, match=f"setting '{name}' is for the operator of this server alone"):
        check_settings(ALICE, {name: HOSTILE.get(name, "http://evil.example")})
    check_settings(ALICE, {name: None})
    check_settings(LOCAL, {name: HOSTILE.get(name, "http://evil.example")})
    assert (changeable(ALICE, name), changeable(LOCAL, name)) == (False, True)


@pytest.mark.parametrize("name", sorted(MODELS))
@pytest.mark.parametrize(
    "model",
    ["diffusers:/root/weights", "transformers:/etc", "openai:gpt-5", "fal:x", "shapes:../..", "", 7, ["shapes"]],
)
def test_only_the_operators_models_may_be_named(name: str, model: object) -> None:
    with pytest.raises(BadInput, match=f"setting '{name}' cannot be .* it allows shapes"):
        check_settings(ALICE, {name: model})
    check_settings(ALICE, {name: "shapes"})


def test_an_operator_allows_models_one_by_one_or_a_provider_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERPAINT_MODELS", "shapes, openai:gpt-5-mini ,nvidia:*")
    check_settings(ALICE, {"writer": "openai:gpt-5-mini", "painter": "nvidia:black-forest-labs/flux.1-dev"})
    with pytest.raises(BadInput, match=r"it allows shapes, openai:gpt-5-mini, nvidia:\*"):
        check_settings(ALICE, {"judge": "openai:gpt-5"})


def test_a_preset_may_be_used_as_it_is_where_its_models_are_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    for preset in preset_names():
        with_caps(ALICE, dict.fromkeys(MODELS, "shapes"), preset)
    with pytest.raises(BadInput, match="setting 'painter' cannot be 'diffusers:stabilityai"):
        with_caps(ALICE, {}, "upsample-judge")
    monkeypatch.setenv("OVERPAINT_MODELS", "diffusers:*,openai:*")
    with_caps(ALICE, {}, "upsample-judge")
    check_settings(ALICE, {"dtype": "float16", "variant": "fp16", "offload": "model"})
    with pytest.raises(BadInput, match="'offload' is for the operator"):
        check_settings(ALICE, {"offload": "sequential"})


@pytest.mark.parametrize(("name", "most"), [*BOUNDS.items(), ("max_images", 64)])
def test_bounds_hold(name: str, most: float) -> None:
    check_settings(ALICE, {name: most})
    for beyond in (most + 1, float("nan"), float("inf")):
        with pytest.raises(BadInput, match=f"setting '{name}' may be {most:g} at most on this server"):
            check_settings(ALICE, {name: beyond})


@pytest.mark.parametrize("name", sorted(CAPS))
def test_the_operators_caps_bind_and_fill_in_what_is_not_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CAPS[name], "3")
    with pytest.raises(BadInput, match=rf"'{name}' may be 3 at most on this server \({CAPS[name]}\)"):
        check_settings(ALICE, {name: 4})
    assert with_caps(ALICE, {name: 2}) == {name: 2}
    assert with_caps(ALICE, {"seed": 7, name: None}) == {"seed": 7, name: 3}
    assert with_caps(LOCAL, {name: 4}) == {name: 4}
    with pytest.raises(BadInput, match=f"'{name}' may be 3 at most"):
        check_settings(ALICE, {name: None})
    check_settings(LOCAL, {name: None})
    Settings.model_validate(with_caps(ALICE, {"upsample": False}))


def test_a_preset_that_asks_for_less_keeps_its_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    assert with_caps(ALICE, {}) == {}
    monkeypatch.setenv("OVERPAINT_MAX_IMAGES", "3")
    assert with_caps(ALICE, {}, "one-shot") == {}
    assert with_caps(ALICE, {}, "default") == {"max_images": 3}


def test_a_preset_that_asks_for_more_gets_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERPAINT_MAX_IMAGES", "3")
    asked = {"max_images": 10}
    monkeypatch.setattr(allowed, "load_preset", lambda name, given: asked)
    assert with_caps(ALICE, {}, "greedy") == {"max_images": 3}
    assert with_caps(ALICE, {"max_images": 2}, "greedy") == {"max_images": 2}
    with pytest.raises(BadInput, match="'max_images' may be 3 at most"):
        with_caps(ALICE, {"max_images": 4}, "greedy")


@pytest.mark.parametrize("wrong", ["0", "-1", "nan", "inf", "many", "0.5"])
def test_a_cap_that_is_no_number_is_refused(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERPAINT_MAX_IMAGES", wrong)
    with pytest.raises(BadInput, match=r"OVERPAINT_MAX_IMAGES is .*: give a number"):
        check_settings(ALICE, {"max_images": 1})


@pytest.mark.parametrize("size", ["2049x2048", "8192x8192", "99999x43"])
def test_pictures_are_no_larger_than_the_server_paints(size: str) -> None:
    with pytest.raises(BadInput, match="'size' may have 4,194,304 pixels at most"):
        check_settings(ALICE, {"size": size})
    check_settings(ALICE, {"size": "2048x2048"})


def test_long_negative_prompts_are_refused() -> None:
    check_settings(ALICE, {"negative_prompt": "x" * 2000})
    with pytest.raises(BadInput, match="'negative_prompt' may have 2,000 characters"):
        check_settings(ALICE, {"negative_prompt": "x" * 2001})


def test_a_prompt_text_is_the_operators_unless_it_is_the_files_own() -> None:
    shown = prompt_fields()["upsample_system_prompt"]["default"]
    check_settings(ALICE, {"upsample_system_prompt": shown})
    with pytest.raises(BadInput, match="templates"):
        check_settings(ALICE, {"upsample_system_prompt": "{{ brief * 10 ** 9 }}"})


def test_another_name_of_a_setting_is_no_way_around() -> None:
    check_settings(ALICE, {"max_cycles": 5, "there_is_no_such": "setting"})


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner, max_size=3)
)


@pytest.mark.slow
@given(st.dictionaries(st.sampled_from(sorted(Settings.model_fields)), _JSON))
def test_whatever_is_given_is_refused_or_harmless(settings: dict[str, Any]) -> None:
    try:
        check_settings(ALICE, settings)
    except BadInput:
        pass
    else:
        assert not any(settings.get(name) for name in OPERATORS - set(allowed._of_presets()))


def test_a_grant_is_for_one_caller_and_one_picture() -> None:
    grant = grant_for(ALICE, REF["sha256"])
    assert granted(ALICE, REF, grant)
    assert not granted(BOB, REF, grant)
    assert not granted(ALICE, {**REF, "sha256": "b" * 64}, grant)
    assert not any(granted(ALICE, REF, wrong) for wrong in (None, "", grant[:-1], grant.upper(), "ä"))
    assert granted(LOCAL, REF, None)
    assert checked_image(ALICE, {**REF, "grant": grant, "more": 1}) == REF


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        "a" * 64,
        {},
        {**REF, "mime": "image/svg+xml"},
        {**REF, "mime": ["image/png"]},
        {**REF, "sha256": 7},
        {**REF, "width": 0},
        {**REF, "width": True},
        {**REF, "height": "8"},
    ],
)
def test_what_names_no_picture_is_refused(wrong: object) -> None:
    with pytest.raises(BadInput, match="must be what POST /overpaint/pictures answered"):
        checked_image(ALICE, wrong)


def test_a_picture_without_its_grant_is_refused() -> None:
    with pytest.raises(BadInput, match="needs the `grant`"):
        checked_image(BOB, {**REF, "grant": grant_for(ALICE, REF["sha256"])})
