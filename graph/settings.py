"""The settings of a run: one flat, frozen model, the presets that name sets of them, and how they are merged."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping
from importlib.resources import files
from typing import Any, Literal, Self

import yaml
from pydantic import ValidationError, field_validator, model_validator

from overpaint.graph.chat_settings import ROLES, checked_url, checked_variable
from overpaint.graph.fields import json_object, setting
from overpaint.graph.method_settings import MethodSettings
from overpaint.tools.faults import BadInput

Edit = Literal["edit", "revise", "restart", "reseed"]
PAINTER_OPTIONS = {
    **{name: name for name in ("device", "dtype", "variant", "offload", "vae_tiling", "scheduler", "lora")},
    **{name: name for name in ("timeout", "idempotent", "extra_body", "partial_images", "local_urls", "edits")},
    "painter_base_url": "base_url",
    "painter_api_key_env": "api_key_env",
}
"""The settings a painter is opened with, and what it calls them; those of the picture travel with each request."""

MODELS = ("painter", *ROLES)
"""The settings that name a model."""

ALIASES = {"max_cycles": "rounds", "terminate_on_similarity": "stop_when_passed"}
"""Names that a published system has for settings of ours (docs/presets/socratic.md)."""

SIDES = range(8, 8193)
"""Pixels that a side of a picture may have, as in tools/painting.py."""


class Settings(MethodSettings):
    """Everything a run can be told, apart from its brief. Secrets and machine paths come from the environment."""

    painter: str = setting(
        "shapes",
        "Image model: shapes, or one of diffusers:, openai:, nvidia:, stability:, fal:, hf: and its name there.",
        "generate",
        min_length=1,
    )
    seed: int | None = setting(None, "Seed of the run; drawn and kept when unset.", "intake", ge=0, lt=2**32)
    raw_brief: bool = setting(True, "Let a picture of the raw brief compete in the first round.", "decide")
    actions: tuple[Edit, ...] = setting(
        ("edit", "revise", "restart", "reseed"),
        "What the controller may do after the first round.",
        "decide",
        min_length=1,
    )
    per_round: int = setting(1, "Candidates painted in a round.", "decide", ge=1, le=32)
    rounds: int | None = setting(None, "Most rounds; no limit of its own when unset.", "decide", ge=1, le=10_000)
    patience: int | None = setting(
        3, "Rounds without gain before another action is tried, then before stopping; unset: never.", "decide", ge=1
    )
    stop_when_passed: bool = setting(True, "Stop at the first pass. If false, paint on until a cap.", "decide")
    edit_depth: int = setting(12, "Most edits in one chain before painting afresh.", "decide", ge=1, le=100)

    max_images: int = setting(16, "Most pictures painted.", "decide", ge=1, le=10_000)
    max_calls: int | None = setting(None, "Most model calls.", "decide", ge=1)
    max_tokens: int | None = setting(None, "Most tokens of all model calls.", "decide", ge=1)
    max_seconds: float | None = setting(None, "Most seconds of model activity.", "decide", gt=0)
    max_usd: float | None = setting(None, "Most money; refused while a price is unknown.", "decide", gt=0)

    on_unknown: Literal["skip", "retry", "ask"] = setting(
        "skip",
        "What to do about a picture that may have been paid for and was never seen; under max_usd always skip.",
        "generate",
    )
    review: Literal["never", "prompt", "champion", "both"] = setting(
        "never", "Wait for a person before a later round's prompt is painted, after a new champion, or both.", "review"
    )
    review_checklist: bool = setting(False, "Wait for a person before the checklist is used.", "review_checklist")

    size: str | None = setting(None, "Picture size in pixels, WIDTHxHEIGHT.", "generate")
    steps: int | None = setting(None, "Denoising steps.", "generate", ge=1, le=1000)
    guidance: float | None = setting(None, "Classifier-free guidance scale.", "generate", ge=0, le=100)
    negative_prompt: str | None = setting(None, "What to keep out of the picture.", "generate")
    strength: float | None = setting(None, "How far an edit may leave its source, 0 to 1.", "generate", gt=0, le=1)
    device: str | None = setting(None, "Device of a local painter: cpu, cuda, mps.", "generate")
    dtype: str | None = setting(None, "Number type of a local painter: float32, float16, bfloat16.", "generate")
    variant: str | None = setting(None, "Variant of a local painter's weights, such as fp16.", "generate")
    offload: str | None = setting(None, "Where a local painter keeps idle parts: none, model, sequential.", "generate")
    vae_tiling: bool | None = setting(None, "Decode large pictures of a local painter tile by tile.", "generate")
    scheduler: str | None = setting(None, "Scheduler of a local painter, by the name of its class.", "generate")
    lora: str | None = setting(None, "LoRA of a local painter: FOLDER-OR-HUB-ID, or with a weight, …:0.8.", "generate")
    painter_base_url: str | None = setting(None, "Address of the painter's server, when not its vendor's.", "generate")
    painter_api_key_env: str | None = setting(
        None, "Environment variable that holds the painter's key; the provider's usual one when unset.", "generate"
    )
    extra_body: dict[str, Any] | None = setting(
        None, "JSON object laid over what is sent to a remote painter: options its server alone knows.", "generate"
    )
    partial_images: int | None = setting(
        None, "Unfinished pictures that an openai: painter streams as progress.", "generate", ge=0, le=3
    )
    local_urls: bool | None = setting(
        None, "Fetch a remote painter's pictures from private and loopback addresses too.", "generate"
    )
    edits: bool | None = setting(
        None, "An openai: painter's server can edit pictures; known for OpenAI's own models.", "generate"
    )
    timeout: float | None = setting(None, "Seconds a remote painter may take for one picture.", "generate", gt=0)
    idempotent: bool | None = setting(
        None, "The painter's server honours Idempotency-Key, so a request may be sent again.", "generate"
    )

    @field_validator("size")
    @classmethod
    def _two_numbers(cls, size: str | None) -> str | None:
        if size is None:
            return None
        sides = re.fullmatch(r"([1-9]\d{0,4})x([1-9]\d{0,4})", size)
        if sides is None or not all(int(side) in SIDES for side in sides.groups()):
            raise ValueError(f"must be WIDTHxHEIGHT, such as 1024x768, each {SIDES[0]} to {SIDES[-1]} pixels")
        return size

    @field_validator("actions", mode="before")
    @classmethod
    def _listed(cls, actions: object) -> object:
        listed = [a.strip() for a in actions.split(",")] if isinstance(actions, str) else actions
        return tuple(listed) if isinstance(listed, list) else listed

    @field_validator("extra_body", mode="before")
    @classmethod
    def _json_object(cls, body: object) -> object:
        return json_object(body, '{"quality": "low"}')

    @field_validator("painter_base_url")
    @classmethod
    def _is_painter_url(cls, url: str | None) -> str | None:
        return checked_url(url)

    @field_validator("painter_api_key_env")
    @classmethod
    def _is_painter_variable(cls, name: str | None) -> str | None:
        return checked_variable(name)

    @model_validator(mode="after")
    def _room_for_all(self) -> Self:
        varied = self.upsample and self.upsample_method == "variations"
        if varied and self.variations > self.max_images:
            raise ValueError(
                f"variations={self.variations} are painted once each, and max_images={self.max_images} does not allow "
                "as many: lower the one or raise the other"
            )
        return self

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
        """The settings of the picture that were given, as painters call them: each is honoured, or refused by name."""
        names = {name: name for name in ("size", "steps", "guidance", "negative_prompt", "strength")} | PAINTER_OPTIONS
        return {called: value for name, called in names.items() if (value := getattr(self, name)) is not None}

    @property
    def painter_options(self) -> dict[str, Any]:
        """What of it the painter is opened with."""
        return {name: value for name, value in self.picture.items() if name in PAINTER_OPTIONS.values()}


def preset_names() -> list[str]:
    """The presets that ship with overpaint."""
    return sorted(
        f.name.removesuffix(".yaml") for f in files("overpaint.presets").iterdir() if f.name.endswith(".yaml")
    )


def describe_preset(name: str) -> str:
    """The sentence that says what a preset is for."""
    return str(_read_preset(name)["description"])


def load_preset(name: str, given: Collection[str] = ()) -> dict[str, Any]:
    """The settings a preset names.

    A preset of a published system names its models too, each with what it is asked with (size, temperature, …). That
    goes with the model: where another is given in its place, all of it is left out.

    Args:
        name: of the preset.
        given: names of settings that will be laid over.

    Raises:
        BadInput: there is no such preset.
    """
    preset = _read_preset(name)
    settings = dict(preset["settings"] or {})
    for model, asked_with in preset.get("models", {}).items():
        settings |= {} if model in given else asked_with
    return settings


def merge(*layers: Mapping[str, Any]) -> Settings:
    """Lay settings over each other, the last one on top, and check the result.

    Raises:
        BadInput: an unknown setting, a wrong type or a value out of bounds; names the first one.
    """
    merged: dict[str, Any] = {}
    for layer in layers:
        if not isinstance(layer, Mapping):
            raise BadInput(f"settings are given as a dict of names and values, not as {type(layer).__name__}")
        merged.update({ALIASES.get(name, name): value for name, value in layer.items()})
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
    if not first["loc"]:
        return f"these settings do not go together: {first['msg'].removeprefix('Value error, ')}"
    name = str(first["loc"][0])
    if first["type"] == "extra_forbidden":
        near = difflib.get_close_matches(name, Settings.model_fields, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(Settings.model_fields)}"
        return f"there is no setting {name[:60]!r}; {hint}"
    reason = first["msg"].removeprefix("Value error, ")
    if name.endswith(("_api_key_env", "_base_url")):
        return f"setting {name!r} {reason}"  # what was given may hold a key
    return f"setting {name!r} cannot be {str(first['input'])[:60]!r}: {reason[0].lower()}{reason[1:]}"
