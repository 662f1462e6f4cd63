"""Settings of the methods: which go together, what they are called elsewhere, and how many calls a look takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from overpaint.commands import settings_from
from overpaint.given import settings_of
from overpaint.graph.allowance import need_of, need_of_next
from overpaint.graph.costs import look_cost, refuse_small_caps
from overpaint.graph.settings import ALIASES, Settings, load_preset, merge
from overpaint.graph.state import PainterFacts
from overpaint.tools.faults import BadInput


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"critique_method": "fused"}, "judge_method=strict"),
        ({"critique_method": "fused", "judge_method": "caption"}, "judge_method=strict"),
        ({"critique_method": "caption"}, "judge_method=caption"),
        ({"select_best_image": True}, "judge_method=caption"),
        ({"select_best_image": True, "judge_method": "strict"}, "judge_method=caption"),
    ],
)
def test_methods_that_do_not_go_together_are_refused_in_one_line(given: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput, match=f"do not go together: .*{said}") as refused:
        merge(given)
    assert "\n" not in str(refused.value)


def test_more_variations_than_pictures_are_refused_in_words_of_both() -> None:
    with pytest.raises(BadInput, match=r"do not go together: variations=8 .* max_images=4"):
        merge({"upsample_method": "variations", "variations": 8, "max_images": 4})
    merge({"upsample_method": "variations", "variations": 4, "max_images": 4})
    merge({"variations": 8, "max_images": 4})


def test_another_judge_for_a_preset_is_refused_where_its_critic_goes_by_the_judge() -> None:
    for preset in ("dspy-strict", "socratic"):
        with pytest.raises(BadInput, match="do not go together"):
            settings_of(preset, {"judge_method": "checklist"})


@pytest.mark.parametrize(("theirs", "ours", "value"), [("max_cycles", "rounds", 3), ("terminate_on_similarity", "stop_when_passed", False)])  # fmt: skip
def test_other_names_work_on_the_command_line_in_yaml_and_in_python(theirs: str, ours: str, value: Any) -> None:
    assert ALIASES[theirs] == ours
    line = settings_from([f"{theirs}={str(value).lower()}"])
    written = yaml.safe_load(f"{theirs}: {str(value).lower()}")
    for given in (line, written, {theirs: value}):
        settings = settings_of("socratic", given)
        assert getattr(settings, ours) == value
        assert theirs not in settings.kept
    assert getattr(merge({ours: not value}, {theirs: value}), ours) == value


def test_the_presets_say_what_their_systems_say() -> None:
    strict = merge(load_preset("dspy-strict"))
    assert (strict.rounds, strict.judge_temperature, strict.per_round) == (5, 0.5, 1)
    assert strict.painter == "fal:fal-ai/flux-pro/v1.1-ultra"
    assert not strict.upsample
    socratic = merge(load_preset("socratic"))
    assert (socratic.rounds, socratic.steps, socratic.guidance, socratic.size) == (5, 50, 7.5, "512x512")
    assert (socratic.seed, socratic.select_best_image, socratic.stop_when_passed, socratic.mode) == (
        42, True, True, "inference"
    )  # fmt: skip


def test_what_a_preset_says_of_a_model_goes_with_that_model() -> None:
    settings = settings_of("socratic", {"painter": "shapes"})
    assert (settings.size, settings.steps, settings.guidance, settings.seed) == (None, None, None, None)
    assert settings.captioner == "transformers:Salesforce/blip2-opt-2.7b"
    settings = settings_of("dspy-strict", {"judge": "openai:another"})
    assert (settings.judge, settings.judge_temperature) == ("openai:another", None)
    assert settings.critic_temperature == 0.5


FACTS = PainterFacts(edit=None, token_limit=77, price_usd=0.0)


@pytest.mark.parametrize(
    ("given", "calls"),
    [
        ({"judge_method": "none"}, 0),
        ({"judge_method": "checklist"}, 1),
        ({"judge_method": "strict", "critique_method": "fused"}, 1),
        ({"judge_method": "score"}, 1),
        ({"judge_method": "caption", "critique_method": "caption"}, 2),
    ],
)
def test_caps_know_how_many_calls_a_look_takes(given: dict[str, Any], calls: int) -> None:
    settings = merge(given)
    assert settings.calls_per_look == calls
    facts = PainterFacts(**{**FACTS, "look": look_cost(settings)})
    assert need_of(facts, settings, looks=1).calls == calls
    assert need_of(facts, settings, looks=2).calls == (2 if settings.judge_method == "checklist" else calls)
    assert need_of_next(facts, settings).calls >= calls
    refuse_small_caps(facts, merge(given, {"max_calls": max(1, calls)}))
    if calls > 1:
        with pytest.raises(BadInput, match=f"give at least {calls}"):
            refuse_small_caps(facts, merge(given, {"max_calls": calls - 1}))


def test_a_caption_is_paid_for_at_the_captioner_and_at_the_judge() -> None:
    one = look_cost(Settings(judge="openai:gpt-4.1-mini"))
    both = look_cost(Settings(judge="openai:gpt-4.1-mini", captioner="openai:gpt-4.1-mini", judge_method="caption"))
    assert both["tokens"] == 2 * one["tokens"]
    assert one["usd"] is not None
    assert both["usd"] == pytest.approx(2 * one["usd"])
    assert both["seconds"] == 2 * one["seconds"]


def test_files_of_templates_are_named_not_read_by_the_graph(tmp_path: Path) -> None:
    kept = merge({"templates": {"caption.best.system": "choose"}}).kept
    assert kept["templates"] == {"caption.best.system": "choose"}
    with pytest.raises(BadInput, match="templates"):
        merge({"templates": "caption.txt"})
