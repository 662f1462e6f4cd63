"""The settings of a run: one flat, frozen model, the presets that name sets of them, and how they are merged."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from overpaint.tools.faults import BadInput

Edit = Literal["edit", "revise", "restart", "reseed"]


def _on(*nodes: str) -> dict[str, Any]:
    """LangGraph Studio shows a setting on the nodes it belongs to."""
    return {"langgraph_nodes": list(nodes)}


class Settings(BaseModel):
    """Everything a run can be told, apart from its brief. Secrets and machine paths come from the environment."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    painter: str = Field(
        "shapes",
        min_length=1,
        description="Image model: shapes, or diffusers:FOLDER-OR-HUB-ID.",
        json_schema_extra=_on("generate"),
    )
    writer: str = Field(
        "shapes",
        min_length=1,
        description="Chat model that writes prompts and checklists: shapes, or provider:model.",
        json_schema_extra=_on("upsample", "specify"),
    )
    critic: str = Field(
        "shapes",
        min_length=1,
        description="Vision chat model that says what to change: shapes, or provider:model.",
        json_schema_extra=_on("critique"),
    )
    judge: str = Field(
        "shapes",
        min_length=1,
        description="Vision chat model that answers the checklist: shapes, or provider:model.",
        json_schema_extra=_on("judge"),
    )
    captioner: str | None = Field(
        None,
        min_length=1,
        description="Vision chat model that describes a reference picture; the judge when not set.",
        json_schema_extra=_on("intake"),
    )

    seed: int | None = Field(
        None,
        ge=0,
        lt=2**32,
        description="Seed of the run; drawn and kept when not set.",
        json_schema_extra=_on("intake"),
    )
    upsample: bool = Field(
        True, description="Rewrite the brief into a prompt before painting.", json_schema_extra=_on("upsample")
    )
    raw_brief: bool = Field(
        True, description="Let a picture of the raw brief compete in the first round.", json_schema_extra=_on("decide")
    )
    actions: tuple[Edit, ...] = Field(
        ("edit", "revise", "restart", "reseed"),
        min_length=1,
        description="What the controller may do after the first round.",
        json_schema_extra=_on("decide"),
    )
    per_round: int = Field(
        2, ge=1, le=32, description="Candidates painted in a round.", json_schema_extra=_on("decide")
    )
    rounds: int | None = Field(
        None,
        ge=1,
        le=10_000,
        description="Most rounds; no limit of its own when not set.",
        json_schema_extra=_on("decide"),
    )
    patience: int | None = Field(
        3,
        ge=1,
        description="Rounds without gain before another action is tried, and then before stopping; never when not set.",
        json_schema_extra=_on("decide"),
    )
    stop_when_passed: bool = Field(
        True,
        description="Stop at the first picture that passes. If false, paint on until a cap.",
        json_schema_extra=_on("decide"),
    )
    edit_depth: int = Field(
        12, ge=1, le=100, description="Most edits in one chain before painting afresh.", json_schema_extra=_on("decide")
    )

    judge_method: Literal["checklist", "none"] = Field(
        "checklist", description="How pictures are judged.", json_schema_extra=_on("judge")
    )
    looks: int = Field(
        3,
        ge=1,
        le=9,
        description="Most times the judge looks at one picture; a pass takes two looks that agree unless this is 1.",
        json_schema_extra=_on("judge"),
    )

    max_images: int = Field(16, ge=1, le=10_000, description="Most pictures painted.", json_schema_extra=_on("decide"))
    max_calls: int | None = Field(None, ge=1, description="Most model calls.", json_schema_extra=_on("decide"))
    max_tokens: int | None = Field(
        None, ge=1, description="Most tokens of all model calls.", json_schema_extra=_on("decide")
    )
    max_seconds: float | None = Field(
        None, gt=0, description="Most seconds of model activity.", json_schema_extra=_on("decide")
    )
    max_usd: float | None = Field(
        None, gt=0, description="Most money; refused while a price is unknown.", json_schema_extra=_on("decide")
    )

    size: str | None = Field(
        None, description="Picture size in pixels, WIDTHxHEIGHT.", json_schema_extra=_on("generate")
    )
    steps: int | None = Field(None, ge=1, le=1000, description="Denoising steps.", json_schema_extra=_on("generate"))
    guidance: float | None = Field(
        None, ge=0, le=100, description="Classifier-free guidance scale.", json_schema_extra=_on("generate")
    )
    negative_prompt: str | None = Field(
        None, description="What to keep out of the picture.", json_schema_extra=_on("generate")
    )
    device: str | None = Field(
        None, description="Device of a local painter: cpu, cuda, mps.", json_schema_extra=_on("generate")
    )
    dtype: str | None = Field(
        None,
        description="Number type of a local painter: float32, float16, bfloat16.",
        json_schema_extra=_on("generate"),
    )
    offload: str | None = Field(
        None,
        description="Where a local painter keeps idle parts: none, model, sequential.",
        json_schema_extra=_on("generate"),
    )

    @field_validator("size")
    @classmethod
    def _two_numbers(cls, size: str | None) -> str | None:
        if size is not None and not re.fullmatch(r"[1-9]\d{0,4}x[1-9]\d{0,4}", size):
            raise ValueError("must be WIDTHxHEIGHT in pixels, such as 1024x768")
        return size

    @field_validator("actions", mode="before")
    @classmethod
    def _listed(cls, actions: object) -> object:
        return [a.strip() for a in actions.split(",")] if isinstance(actions, str) else actions

    @property
    def pixels(self) -> tuple[int, int] | None:
        """`size` as (width, height)."""
        if self.size is None:
            return None
        width, height = self.size.split("x")
        return int(width), int(height)

    @property
    def picture(self) -> dict[str, Any]:
        """The settings of the picture that were given; a painter honours each or refuses it by name."""
        names = ("size", "steps", "guidance", "negative_prompt", "device", "dtype", "offload")
        return {name: value for name in names if (value := getattr(self, name)) is not None}


def preset_names() -> list[str]:
    """The presets that ship with overpaint."""
    return sorted(
        f.name.removesuffix(".yaml") for f in files("overpaint.presets").iterdir() if f.name.endswith(".yaml")
    )


def describe_preset(name: str) -> str:
    """The sentence that says what a preset is for."""
    return str(_read_preset(name)["description"])


def load_preset(name: str) -> dict[str, Any]:
    """The settings a preset names.

    Raises:
        BadInput: there is no such preset.
    """
    return dict(_read_preset(name)["settings"] or {})


def merge(*layers: Mapping[str, Any]) -> Settings:
    """Lay settings over each other, the last one on top, and check the result.

    Raises:
        BadInput: an unknown setting, a wrong type or a value out of bounds; names the first one.
    """
    merged: dict[str, Any] = {}
    for layer in layers:
        merged.update(layer)
    try:
        return Settings.model_validate(merged)
    except ValidationError as error:
        raise BadInput(_explain(error)) from None


def _read_preset(name: str) -> dict[str, Any]:
    if name not in preset_names():
        raise BadInput(f"there is no preset {name[:60]!r}; there are: {', '.join(preset_names())}")
    return dict(yaml.safe_load(files("overpaint.presets").joinpath(f"{name}.yaml").read_text("utf-8")))


def _explain(error: ValidationError) -> str:
    first = error.errors()[0]
    name = str(first["loc"][0]) if first["loc"] else "settings"
    if first["type"] == "extra_forbidden":
        near = difflib.get_close_matches(name, Settings.model_fields, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(Settings.model_fields)}"
        return f"there is no setting {name[:60]!r}; {hint}"
    reason = first["msg"].removeprefix("Value error, ")
    return f"setting {name!r} cannot be {str(first['input'])[:60]!r}: {reason[0].lower()}{reason[1:]}"
