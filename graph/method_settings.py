"""The settings of a run's methods: how prompts are written, pictures judged and criticised, and who is followed."""

from __future__ import annotations

import re
from typing import Any, Literal, Self

from pydantic import GetJsonSchemaHandler, field_validator, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from overpaint.graph.chat_settings import ChatSettings
from overpaint.graph.fields import json_object, setting
from overpaint.graph.prompt_fields import folded, prompt_fields

WordRange = tuple[int, int]


class MethodSettings(ChatSettings):
    """Each method is a prompt file and a schema; presets choose among them."""

    upsample: bool = setting(True, "Rewrite the brief into a prompt before painting.", "upsample")
    upsample_method: Literal["rewrite", "compare", "variations"] = setting(
        "rewrite",
        "How: rewrite asks once; compare makes several attempts and asks which is best; variations writes different "
        "prompts, each to be painted once.",
        "upsample",
    )
    attempts: int = setting(3, "Attempts of upsample_method=compare.", "upsample", ge=1, le=8)
    upsample_words: str | None = setting(
        None, "Fewest and most words of a prompt that upsample_method=compare writes, such as 15-80.", "upsample"
    )
    variations: int = setting(
        4, "Prompts of upsample_method=variations, and pictures of the first round.", "upsample", ge=1, le=32
    )

    judge_method: Literal["checklist", "score", "strict", "caption", "none"] = setting(
        "checklist",
        "How pictures are judged: checklist asks about each requirement; score gives 0 to 1 and correct or incorrect; "
        "strict asks whether the brief is matched and for a revised prompt, in one call; caption compares a caption "
        "with the brief.",
        "judge",
    )
    looks: int = setting(
        3,
        "Most looks of judge_method=checklist at a picture; unless 1, a pass takes two that agree.",
        "judge",
        ge=1,
        le=9,
    )

    probabilities: bool = setting(
        False, "Ask for the odds of each yes too, one call each, where the judge's server tells them.", "judge"
    )

    critique_method: Literal["targeted", "fused", "caption", "human"] = setting(
        "targeted",
        "Where the next prompt comes from: targeted asks the critic about what failed; fused takes the one the judge "
        "wrote (judge_method=strict); caption rewrites from all prompts and captions so far; human asks for one "
        "suggestion that a person edits.",
        "critique",
    )
    ideas: bool = setting(
        False, "Use the critic's idea beyond what failed without asking; otherwise it is only shown.", "critique"
    )
    question: str | None = setting(
        None,
        "What the captioner is asked about a picture that is given without a brief.",
        "intake",
        min_length=1,
        max_length=2000,
    )

    chain: Literal["champion", "last"] = setting(
        "champion",
        "Which picture the next is made from: the best so far, or the last one, which then is delivered unless one "
        "passed.",
        "decide",
    )
    mode: Literal["inference", "full"] = setting(
        "inference", "full paints on after a pass, for analysis, and keeps the round of the stop.", "decide"
    )
    select_best_image: bool = setting(
        False, "Choose what is delivered by one call over the captions of all pictures.", "compare"
    )
    templates: dict[str, str] | None = setting(
        None,
        "Files that replace a prompt's text: a JSON object of names and paths. caption.rewrite.system names one part, "
        "upsample a whole prompt file.",
        "intake",
        "upsample",
        "specify",
        "judge",
        "critique",
        "compare",
    )

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        schema = handler.resolve_ref_schema(handler(core_schema))
        schema["properties"] |= prompt_fields()
        return schema

    @model_validator(mode="before")
    @classmethod
    def _prompts(cls, given: Any) -> Any:
        return folded(given) if isinstance(given, dict) else given

    @field_validator("upsample_words")
    @classmethod
    def _word_range(cls, words: str | None) -> str | None:
        if words is not None:
            bounds = re.fullmatch(r"(\d{1,4})-(\d{1,4})", words)
            if bounds is None or not 1 <= int(bounds[1]) <= int(bounds[2]):
                raise ValueError("must be the fewest and the most words, such as 15-80")
        return words

    @field_validator("templates", mode="before")
    @classmethod
    def _json_object(cls, templates: object) -> object:
        return json_object(templates, '{"caption.rewrite.system": "rewrite.txt"}')

    @model_validator(mode="after")
    def _together(self) -> Self:
        if self.critique_method == "fused" and self.judge_method != "strict":
            raise ValueError("critique_method=fused takes the prompt that judge_method=strict writes: set both")
        if self.critique_method == "caption" and self.judge_method != "caption":
            raise ValueError("critique_method=caption goes by the captions of judge_method=caption: set both")
        if self.select_best_image and self.judge_method != "caption":
            raise ValueError("select_best_image goes by the captions of judge_method=caption: set both")
        return self

    @property
    def word_range(self) -> WordRange | None:
        """`upsample_words` as numbers."""
        if self.upsample_words is None:
            return None
        fewest, most = self.upsample_words.split("-")
        return int(fewest), int(most)

    @property
    def calls_per_look(self) -> int:
        """Model calls of one look at a picture: a caption is written by one and compared by another."""
        return {"none": 0, "caption": 2}.get(self.judge_method, 1)
