"""What the page can offer: every preset as settings that can be sent as they are, every setting with its bounds."""

from __future__ import annotations

from typing import Any

import pytest

from overpaint.graph.settings import Settings, load_preset, merge, preset_names
from overpaint.server.allowed import CAPS, check_settings
from overpaint.server.keys import Caller
from tests.server.app_client import get


async def offered(key: str = "") -> dict[str, Any]:
    answer = await get("/overpaint/options", key)
    assert answer.status_code == 200
    told: dict[str, Any] = answer.json()
    return told


async def test_every_preset_comes_with_all_its_settings() -> None:
    told = {one["name"]: one for one in (await offered())["presets"]}
    assert list(told) == preset_names()
    for name, one in told.items():
        assert one["description"].endswith(".")
        assert Settings.model_validate(one["settings"]) == merge(load_preset(name))


async def test_a_preset_says_which_keys_are_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_API_KEY_FILE", "OPENAI_BASE_URL", "FAL_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("FAL_KEY", "a key")
    lacks = {one["name"]: one["lacks"] for one in (await offered())["presets"]}
    assert (lacks["default"], lacks["dspy-strict"], lacks["socratic"]) == ([], ["OPENAI_API_KEY"], ["OPENAI_API_KEY"])


async def test_settings_that_go_with_a_model_of_a_preset_can_be_left_out_with_it() -> None:
    preset = next(one for one in (await offered())["presets"] if one["name"] == "socratic")
    given = {**preset["settings"], "painter": "shapes"}
    left = {name: value for name, value in given.items() if name not in preset["models"]["painter"]}
    assert "size" in given
    assert merge(left) == merge(load_preset("socratic", given=("painter",)))


async def test_every_setting_is_there_with_its_bounds_and_its_node() -> None:
    told = {one["name"]: one for one in (await offered())["settings"]}
    assert list(told) == list(Settings.model_fields)
    assert all(one["description"] and one["node"] and one["allowed"] for one in told.values())
    steps, strength, seed = told["steps"], told["strength"], told["seed"]
    assert (steps["type"], steps["min"], steps["max"], steps["default"]) == ("integer", 1, 1000, None)
    assert (strength["type"], strength["min"], strength["max"]) == ("number", 0, 1)
    assert (seed["min"], seed["max"]) == (0, 2**32 - 1)
    assert told["review"]["choices"] == ["never", "prompt", "champion", "both"]
    assert (told["actions"]["type"], told["actions"]["choices"]) == ("array", ["edit", "revise", "restart", "reseed"])


async def test_keys_are_told_what_they_may_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (await offered())["auth"] is False
    monkeypatch.setenv("OVERPAINT_API_KEYS", "alice:wonder")
    told = await offered("wonder")
    allowed = {one["name"]: one["allowed"] for one in told["settings"]}
    assert (told["auth"], allowed["max_images"], allowed["judge_base_url"], allowed["templates"]) == (
        True,
        True,
        False,
        False,
    )
    assert (await get("/overpaint/options")).status_code == 401


async def test_what_is_offered_may_be_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERPAINT_MAX_IMAGES", "8")
    monkeypatch.setenv("OVERPAINT_MAX_USD", "2")
    mine = await offered()
    assert next(one["default"] for one in mine["settings"] if one["name"] == "max_images") == 16
    monkeypatch.setenv("OVERPAINT_API_KEYS", "alice:wonder")
    told = await offered("wonder")
    caps = {one["name"]: (one["max"], one["default"]) for one in told["settings"] if one["name"] in CAPS}
    assert caps["max_images"] == (8, 8)
    assert caps["max_usd"] == (2, 2)
    assert caps["max_calls"] == (None, None)
    for one in told["presets"]:
        check_settings(Caller("alice", "alice"), {k: v for k, v in one["offline"].items() if k in CAPS})
        assert one["settings"]["max_images"] <= 8
        assert one["settings"]["max_usd"] == 2
