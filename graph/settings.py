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
PAINTER_OPTIONS = ("device", "dtype", "offload", "timeout", "idempotent")
"""The settings a painter is opened with; those of the picture travel with each request."""


def _setting(default: Any, description: str, *nodes: str, **bounds: Any) -> Any:
    """A field with its description, its bounds, and the nodes that LangGraph Studio shows it on."""
    return Field(default=default, description=description, json_schema_extra={"langgraph_nodes": list(nodes)}, **bounds)


class Settings(BaseModel):
    """Everything a run can be told, apart from its brief. Secrets and machine paths come from the environment."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    painter: str = _setting(
        "shapes", "Image model: shapes, diffusers:FOLDER-OR-HUB-ID, openai:MODEL or fal:APP.", "generate", min_length=1
    )
    writer: str = _setting(
        "shapes",
        "Chat model that writes prompts and checklists: shapes, or provider:model.",
        "upsample",
        "specify",
        min_length=1,
    )
    critic: str = _setting(
        "shapes", "Vision chat model that says what to change: shapes, or provider:model.", "critique", min_length=1
    )
    judge: str = _setting(
        "shapes", "Vision chat model that answers the checklist: shapes, or provider:model.", "judge", min_length=1
    )
    captioner: str | None = _setting(
        None, "Vision chat model that describes a picture; the judge when unset.", "intake", min_length=1
    )

    seed: int | None = _setting(None, "Seed of the run; drawn and kept when unset.", "intake", ge=0, lt=2**32)
    upsample: bool = _setting(True, "Rewrite the brief into a prompt before painting.", "upsample")
    raw_brief: bool = _setting(True, "Let a picture of the raw brief compete in the first round.", "decide")
    actions: tuple[Edit, ...] = _setting(
        ("edit", "revise", "restart", "reseed"),
        "What the controller may do after the first round.",
        "decide",
        min_length=1,
    )
    per_round: int = _setting(1, "Candidates painted in a round.", "decide", ge=1, le=32)
    rounds: int | None = _setting(None, "Most rounds; no limit of its own when unset.", "decide", ge=1, le=10_000)
    patience: int | None = _setting(
        3, "Rounds without gain before another action is tried, then before stopping; unset: never.", "decide", ge=1
    )
    stop_when_passed: bool = _setting(True, "Stop at the first pass. If false, paint on until a cap.", "decide")
    edit_depth: int = _setting(12, "Most edits in one chain before painting afresh.", "decide", ge=1, le=100)

    judge_method: Literal["checklist", "none"] = _setting("checklist", "How pictures are judged.", "judge")
    looks: int = _setting(
        3, "Most looks of the judge at a picture; unless 1, a pass takes two that agree.", "judge", ge=1, le=9
    )

    max_images: int = _setting(16, "Most pictures painted.", "decide", ge=1, le=10_000)
    max_calls: int | None = _setting(None, "Most model calls.", "decide", ge=1)
    max_tokens: int | None = _setting(None, "Most tokens of all model calls.", "decide", ge=1)
    max_seconds: float | None = _setting(None, "Most seconds of model activity.", "decide", gt=0)
    max_usd: float | None = _setting(None, "Most money; refused while a price is unknown.", "decide", gt=0)

    on_unknown: Literal["skip", "retry", "ask"] = _setting(
        "skip",
        "What to do about a picture that may have been paid for and was never seen; under max_usd always skip.",
        "generate",
    )
    review: Literal["never", "prompt", "champion", "both"] = _setting(
        "never", "Wait for a person before a new prompt is painted, after a new champion, or both.", "review"
    )
    review_checklist: bool = _setting(False, "Wait for a person before the checklist is used.", "review_checklist")

    size: str | None = _setting(None, "Picture size in pixels, WIDTHxHEIGHT.", "generate")
    steps: int | None = _setting(None, "Denoising steps.", "generate", ge=1, le=1000)
    guidance: float | None = _setting(None, "Classifier-free guidance scale.", "generate", ge=0, le=100)
    negative_prompt: str | None = _setting(None, "What to keep out of the picture.", "generate")
    device: str | None = _setting(None, "Device of a local painter: cpu, cuda, mps.", "generate")
    dtype: str | None = _setting(None, "Number type of a local painter: float32, float16, bfloat16.", "generate")
    offload: str | None = _setting(None, "Where a local painter keeps idle parts: none, model, sequential.", "generate")
    timeout: float | None = _setting(None, "Seconds a remote painter may take for one picture.", "generate", gt=0)
    idempotent: bool | None = _setting(
        None, "The painter's server honours Idempotency-Key, so a request may be sent again.", "generate"
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
        listed = [a.strip() for a in actions.split(",")] if isinstance(actions, str) else actions
        return tuple(listed) if isinstance(listed, list) else listed

    @property
    def pixels(self) -> tuple[int, int] | None:
        """`size` as (width, height)."""
        if self.size is None:
            return None
        width, height = self.size.split("x")
        return int(width), int(height)

    @property
    def kept(self) -> dict[str, Any]:
        """What state keeps, JSON only: all effective settings, without those that are unset anyway.

        Every checkpoint holds it, and every candidate on its way.
        """
        unset = {name for name, field in type(self).model_fields.items() if field.default is None}
        return {k: v for k, v in self.model_dump(mode="json").items() if v is not None or k not in unset}

    @property
    def picture(self) -> dict[str, Any]:
        """The settings of the picture that were given; a painter honours each or refuses it by name."""
        names = ("size", "steps", "guidance", "negative_prompt", *PAINTER_OPTIONS)
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
