"""What is asked of the images API: OpenAI's parameters, as far as they can be honoured, and ours."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from starlette.datastructures import FormData, UploadFile

from overpaint.batch_inputs import varies
from overpaint.commands import settings_from
from overpaint.given import settings_of
from overpaint.graph.fields import json_object
from overpaint.graph.settings import preset_names
from overpaint.server.openai_errors import ApiError

MODEL = "overpaint"
"""The model that is the default preset; the others are overpaint/PRESET."""

_PLACE = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")


class Asked(BaseModel):
    """A request for pictures. What is not here is refused by name, and so is a value that could not be honoured."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    prompt: str = Field(min_length=1, max_length=32_000, description="The brief: what the picture is to show.")
    model: str | None = Field(None, description="overpaint, or overpaint/PRESET.")
    n: int | None = Field(None, ge=1, le=10, description="Pictures: as many runs, or as many prompts of one run.")
    size: str | None = Field(None, description="WIDTHxHEIGHT in pixels, or auto.")
    response_format: Literal["b64_json", "url"] | None = None
    output_format: Literal["png", "jpeg", "webp"] | None = Field(None, description="As it was painted when unset.")
    output_compression: Literal[100] | None = None
    quality: Literal["auto"] | None = None
    background: Literal["auto"] | None = None
    moderation: Literal["auto"] | None = None
    stream: bool | None = None
    partial_images: int | None = Field(None, ge=0, le=3, description="Champions to send before the last.")
    user: str | None = Field(None, description="Accepted, and not kept.")
    safety_identifier: str | None = Field(None, description="Accepted, and not kept.")
    preset: str | None = Field(None, description="A named set of settings.")
    checklist: list[str | dict[str, Any]] | None = Field(None, description="What pictures are judged by.")
    budget: int | None = Field(None, ge=1, le=10_000, description="Most pictures painted for each that is delivered.")
    settings: dict[str, Any] | None = Field(None, description="Settings of the run, by name.")

    @field_validator("output_compression", mode="before")
    @classmethod
    def _a_number(cls, given: object) -> object:
        return int(given) if isinstance(given, str) and given.isascii() and given.isdecimal() else given

    @field_validator("settings", mode="before")
    @classmethod
    def _object(cls, given: object) -> object:
        return json_object(given, '{"seed": 1}') if isinstance(given, str) else given

    @field_validator("checklist", mode="before")
    @classmethod
    def _list(cls, given: object) -> object:
        return json_object(given, '["a red circle"]') if isinstance(given, str) else given


@dataclass(frozen=True)
class Order:
    """The runs that a request comes to.

    `settings` has those of each run. `varied`: there is one run, of which every picture is delivered.
    """

    preset: str
    settings: list[dict[str, Any]]
    varied: bool


def order_of(asked: Asked) -> Order:
    """What to run for a request.

    Several pictures are as many runs, with seeds apart where one is set; under upsample_method=variations they are
    one run of as many prompts, and all of those the preset has where `n` is unset. Blocks.

    Raises:
        ApiError, BadInput: the model, the preset or a setting cannot be used.
    """
    preset, given = _preset(asked), dict(asked.settings or {})
    if asked.size not in (None, "auto"):
        given["size"] = asked.size
    if asked.budget is not None:
        given["max_images"] = asked.budget
    if asked.stream and (asked.response_format == "url" or (asked.n or 1) > 1):
        param = "response_format" if asked.response_format == "url" else "n"
        raise ApiError("a stream carries one picture, as b64_json: leave it out, or do not stream", param=param)
    # One prompt always has room under max_images; the rule is checked once their number is known.
    if varies(settings_of(preset, {**given, "variations": 1})):
        return _one_run(asked, preset, given if asked.n is None else {**given, "variations": asked.n})
    seed = settings_of(preset, given).seed
    apart = [{} if seed is None else {"seed": (seed + i) % 2**32} for i in range(asked.n or 1)]
    return Order(preset, [{**given, **one} for one in apart], varied=False)


async def read_form(request: Request) -> tuple[Asked, bytes]:
    """A request with a picture, as multipart/form-data.

    Raises:
        ApiError, RequestValidationError: it is another kind of request, or a part is missing or cannot be used.
    """
    if not request.headers.get("content-type", "").casefold().startswith("multipart/form-data"):
        raise ApiError("send the picture and the prompt as multipart/form-data", code="invalid_content_type")
    async with request.form(max_files=20, max_fields=200) as form:
        picture = _picture(form)
        asked = _checked(_nested(form))
        return asked, await picture.read()


def _one_run(asked: Asked, preset: str, given: dict[str, Any]) -> Order:
    if asked.stream:
        raise ApiError("this preset paints several pictures, and a stream carries one: do not stream", param="stream")
    settings_of(preset, given)
    return Order(preset, [given], varied=True)


def _preset(asked: Asked) -> str:
    """The preset that a request names, as its model or as `preset`."""
    model = asked.model or MODEL
    named = "default" if model == MODEL else model.removeprefix(f"{MODEL}/")
    if model != MODEL and (not model.startswith(f"{MODEL}/") or named not in preset_names()):
        raise model_not_found(model)
    if asked.preset is None or asked.preset == named:
        return named
    if model != MODEL:
        raise ApiError(f"model and preset name different presets: leave one out ({named})", param="preset")
    return asked.preset


def model_not_found(model: str) -> ApiError:
    """The error for a model that there is not."""
    return ApiError(
        f"there is no model {model[:60]!r}; GET /v1/models lists what there is: {MODEL}, {MODEL}/PRESET",
        status=404,
        param="model",
        code="model_not_found",
    )


def _picture(form: FormData) -> UploadFile:
    """The one picture of a form."""
    files = [(name.removesuffix("[]"), held) for name, held in form.multi_items() if isinstance(held, UploadFile)]
    for name, _ in files:
        if name == "mask":
            raise ApiError("masks are not honoured: say in the prompt what the picture is to show", param="mask")
        if name != "image":
            raise ApiError(f"Unknown parameter: '{name[:60]}'.", param=name[:60], code="unknown_parameter")
    if not files:
        raise ApiError("Missing required parameter: 'image'.", param="image", code="missing_required_parameter")
    if len(files) > 1:
        raise ApiError(f"there are {len(files)} pictures: send the one to start from", param="image")
    return files[0][1]


def _nested(form: FormData) -> dict[str, Any]:
    """The texts of a form; `settings[seed]` and `checklist[]` are parts of settings and of checklist."""
    found: dict[str, Any] = {}
    for name, value in form.multi_items():
        place = _PLACE.fullmatch(name)
        if isinstance(value, UploadFile):
            continue
        if place is None:
            raise ApiError(f"Unknown parameter: {name[:60]!r}.", param=name[:60], code="unknown_parameter")
        _put(found, [place[1], *re.findall(r"\[([^\[\]]*)\]", place[2])], value)
    return found


def _put(into: dict[str, Any], path: list[str], value: str) -> None:
    """Put a value where its path leads; an empty last step means one more of a list."""
    *above, last = path
    listed = last == "" and bool(above)
    if listed:
        last = above.pop()
    for step in above:
        into = into.setdefault(step, {})
        if not isinstance(into, dict):
            raise ApiError(f"'{path[0][:60]}' is given twice, in two ways", param=path[0][:60])
    if not listed:
        into[last] = value
    elif isinstance(items := into.setdefault(last, []), list):
        items.append(value)
    else:
        raise ApiError(f"'{path[0][:60]}' is given twice, in two ways", param=path[0][:60])


def _checked(fields: dict[str, Any]) -> Asked:
    if isinstance(given := fields.get("settings"), dict):
        read = settings_from([f"{name}={text}" for name, text in given.items() if isinstance(text, str)])
        fields = {**fields, "settings": {**given, **read}}
    try:
        return Asked.model_validate(fields)
    except ValidationError as error:
        raise RequestValidationError([{**e, "loc": ("body", *e["loc"])} for e in error.errors()]) from None
