"""Prompts as settings of their own are another way to write `templates`."""

from __future__ import annotations

import json
from typing import Any

import pytest

from overpaint.graph.prompt_fields import FIELDS, NAMES, prompt_fields
from overpaint.graph.settings import Settings, merge
from overpaint.graph.templates import REPLACEABLE, text_of
from overpaint.tools.faults import BadInput


def test_every_text_that_may_be_replaced_has_one() -> None:
    assert [f"{name}.{part}" for name, part in FIELDS.values()] == list(REPLACEABLE)
    shown = Settings.model_json_schema()["properties"]
    assert {name: shown[name] for name in NAMES} == prompt_fields()


@pytest.mark.parametrize(
    ("field", "name", "part", "node"),
    [
        ("specify_system_prompt", "specify", "system", "specify"),
        ("specify_whole_human_prompt", "specify.whole", "human", "specify"),
        ("judge_checklist_system_prompt", "judge.checklist", "system", "judge"),
        ("judge_details_human_prompt", "judge.details", "human", "judge"),
        ("critique_edit_human_prompt", "critique.edit", "human", "critique"),
        ("upsample_system_prompt", "upsample", "system", "upsample"),
    ],
)
def test_each_is_shown_on_its_node_with_the_text_in_use(field: str, name: str, part: str, node: str) -> None:
    shown = prompt_fields()[field]
    assert shown["default"] == getattr(text_of(name, None), part) != ""
    assert (shown["langgraph_nodes"], shown["langgraph_type"]) == ([node], "prompt")


def test_the_schema_stays_small() -> None:
    assert len(json.dumps(Settings.model_json_schema())) < 48_000


def test_a_text_of_ones_own_becomes_a_template() -> None:
    assert merge({"upsample_human_prompt": "paint {{ brief }}"}).templates == {"upsample.human": "paint {{ brief }}"}
    # LangGraph makes the context of a run so.
    named: Any = {"upsample_human_prompt": "paint {{ brief }}"}
    context = Settings(**named)
    assert context.model_fields_set == {"templates"}


def test_what_the_file_says_already_replaces_nothing() -> None:
    unchanged = {name: told["default"] for name, told in prompt_fields().items()}
    assert merge(unchanged) == merge({})


def test_other_templates_stay() -> None:
    preset, edited = {"templates": {"caption.best.system": "Choose."}}, {"upsample_system_prompt": "Write."}
    assert merge(preset, edited).templates == {"caption.best.system": "Choose.", "upsample.system": "Write."}
    written = {"templates": '{"caption.best.system": "Choose."}'}
    assert merge(written, edited).templates == merge(preset, edited).templates


@pytest.mark.parametrize("text", [3, None, ["a"]])
def test_what_is_no_text_is_refused(text: object) -> None:
    with pytest.raises(BadInput, match="templates"):
        merge({"upsample_system_prompt": text})
