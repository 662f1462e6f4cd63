"""What a model's answer must be to be taken: texts that are not blank, prompts that can be sent, ideas on one line."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from overpaint.graph.method_schemas import Captioned, Compared, Matched, Rewritten, Suggestion
from overpaint.graph.schemas import Proposals
from overpaint.tools.painting import LONGEST_PROMPT

MATCHED = {"feedback": "", "matches": False, "revised_prompt": " a lake "}
SUGGESTED = {"diagnosis": "", "suggestion": "a lake"}
PROPOSED = {"diagnosis": "", "feedback": "", "proposals": [{"prompt": "a lake"}]}


@pytest.mark.parametrize(
    ("schema", "answer", "name"),
    [
        (Matched, MATCHED, "revised_prompt"),
        (Captioned, {"caption": " a lake "}, "caption"),
        (Rewritten, {"reasoning": "", "revision": " a lake "}, "revision"),
        (Compared, {"rationale": "", "description": " a lake "}, "description"),
    ],
)
def test_a_text_that_is_painted_or_compared_is_not_blank(
    schema: type[BaseModel], answer: dict[str, Any], name: str
) -> None:
    assert getattr(schema.model_validate(answer), name) == "a lake"
    for blank in ("", " \n"):
        with pytest.raises(ValidationError, match=name):
            schema.model_validate({**answer, name: blank})


def test_a_revised_prompt_is_no_longer_than_any_painter_takes() -> None:
    Matched.model_validate({**MATCHED, "revised_prompt": "a" * LONGEST_PROMPT})
    with pytest.raises(ValidationError, match="revised_prompt"):
        Matched.model_validate({**MATCHED, "revised_prompt": "a" * (LONGEST_PROMPT + 1)})


@pytest.mark.parametrize(("schema", "answer"), [(Suggestion, SUGGESTED), (Proposals, PROPOSED)])
def test_a_blank_idea_is_none_and_another_stands_on_one_line(schema: type[BaseModel], answer: dict[str, Any]) -> None:
    ideas = {None: None, "": None, " \n ": None, "mist over\n the water ": "mist over the water"}
    for said, idea in ideas.items():
        assert schema.model_validate({**answer, "idea": said}).model_dump()["idea"] == idea
    assert schema.model_validate(answer).model_dump()["idea"] is None
    assert '"default"' not in json.dumps(schema.model_json_schema())
