"""What a run's config says of how it was made: short, without secrets, and the same for the same settings."""

from __future__ import annotations

import json
from typing import Any

import pytest
from langgraph.checkpoint.base import get_checkpoint_metadata

import overpaint
from overpaint.graph.settings import Settings, load_preset, merge
from overpaint.prompts import load, names
from overpaint.run_metadata import prompt_hashes, run_config, run_metadata, settings_hash


def kept(**settings: Any) -> dict[str, Any]:
    return merge(load_preset("default"), settings).kept


def test_it_names_version_preset_settings_models_and_every_prompt() -> None:
    said = run_metadata(kept(judge="openai:judge-1", painter="fal:a/b"), "default")
    assert said["overpaint_version"] == overpaint.__version__
    assert said["overpaint_preset"] == "default"
    assert said["overpaint_painter"] == "fal:a/b"
    assert said["overpaint_judge"] == said["overpaint_captioner"] == "openai:judge-1"
    assert said["overpaint_writer"] == "shapes"
    assert set(said["overpaint_prompts"]) == set(names())
    assert load("upsample").label.endswith(said["overpaint_prompts"]["upsample.v1"])


def test_an_unknown_preset_is_left_out() -> None:
    assert "overpaint_preset" not in run_metadata(kept())


def test_the_hash_is_that_of_the_settings_in_any_order_but_for_the_seed() -> None:
    settings = kept(seed=3)
    assert settings_hash(settings) == settings_hash(dict(reversed(settings.items())))
    assert settings_hash(settings) == settings_hash(kept(seed=4)) == settings_hash(kept())
    assert settings_hash(settings) != settings_hash(kept(seed=3, looks=1))


def test_a_checkpoint_gets_the_short_texts_alone() -> None:
    config = run_config("t", kept(), "default")
    held = get_checkpoint_metadata(config, {})
    assert held["overpaint_settings"] == settings_hash(kept())  # type: ignore[typeddict-item]
    assert "overpaint_prompts" not in held
    assert len(json.dumps(held)) < 400
    assert len(json.dumps(config["metadata"])) < 400 + 60 * len(prompt_hashes())


def test_each_config_names_a_trace_of_its_own() -> None:
    first, second = run_config("t", kept()), run_config("t", kept())
    assert first["configurable"] == second["configurable"] == {"thread_id": "t"}
    assert first["run_id"] != second["run_id"]


def test_no_key_is_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-this-test")
    assert "of-this-test" not in json.dumps(run_metadata(Settings(judge="openai:m").kept))
