"""Prompts as settings of their own are another way to write `templates`."""

from __future__ import annotations

from typing import Any

import pytest

from overpaint.graph.prompt_fields import FIELDS, prompt_fields
from overpaint.graph.settings import Settings, merge
from overpaint.graph.templates import REPLACEABLE
from overpaint.prompts import load
from overpaint.tools.faults import BadInput


def test_every_text_that_may_be_replaced_has_one() -> None:
    assert [f"{name}.{part}" for name, part in FIELDS.values()] == list(REPLACEABLE)
    shown = Settings.model_json_schema()["properties"]
    assert {name: shown[name] for name in FIELDS} == prompt_fields()


def test_a_text_of_ones_own_becomes_a_template() -> None:
    assert merge({"upsample_human_prompt": "paint {{ brief }}"}).templates == {"upsample.human": "paint {{ brief }}"}
    # LangGraph makes the context of a run so.
    named: Any = {"upsample_human_prompt": "paint {{ brief }}"}
    context = Settings(**named)
    assert context.model_fields_set == {"templates"}


def test_what_the_file_says_already_replaces_nothing() -> None:
    unchanged = {name: getattr(load(prompt), part) for name, (prompt, part) in FIELDS.items()}
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
