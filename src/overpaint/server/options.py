"""What a run can be told: the presets and every setting, with what the caller may choose."""

from __future__ import annotations

import asyncio
import os
from functools import cache
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.responses import JSONResponse

from overpaint.given import OFFLINE
from overpaint.graph.settings import MODELS, Settings, describe_preset, load_preset, merge, preset_names
from overpaint.server.allowed import caps, changeable, lowered
from overpaint.server.keys import LOCAL, Caller, configured, current_caller
from overpaint.tools.provider_errors import key_variable

router = APIRouter(prefix="/overpaint", tags=["settings"])

KEYLESS = frozenset({"shapes", "diffusers", "transformers"})
"""Providers whose models run on this machine."""


@router.get("/options")
async def options(caller: Annotated[Caller, Depends(current_caller)]) -> JSONResponse:
    """The presets, each with all settings that it comes to, and every setting there is."""
    return JSONResponse(await asyncio.to_thread(_options, caller))


def _options(caller: Caller) -> dict[str, Any]:
    fields = Settings.model_json_schema()["properties"]
    return {
        "auth": bool(configured()),
        "presets": [_lowered(caller, _preset(name)) | {"lacks": _lacks(name)} for name in preset_names()],
        "settings": [
            _setting(name, fields[name]) | {"allowed": changeable(caller, name)} | _bounded(caller, name)
            for name in Settings.model_fields
        ],
    }


def _lowered(caller: Caller, preset: dict[str, Any]) -> dict[str, Any]:
    """A preset with no more than the operator's caps."""
    return preset | {kind: preset[kind] | lowered(caller, preset[kind]) for kind in ("settings", "offline")}


def _lacks(name: str) -> list[str]:
    """The environment variables of the keys that a preset's models want, as far as they are not set."""
    settings = _preset(name)["settings"]
    providers = {str(settings[model]).partition(":")[0] for model in MODELS if settings.get(model)} - KEYLESS
    wanted = {key_variable(one) for one in providers if not os.environ.get(f"{one.upper()}_BASE_URL")}
    return sorted(one for one in wanted if not (os.environ.get(one) or os.environ.get(f"{one}_FILE")))


def _bounded(caller: Caller, name: str) -> dict[str, Any]:
    """How far a caller may go with a cap of the operator's, and what it gets who names none."""
    if caller == LOCAL or (most := caps().get(name)) is None:
        return {}
    return {"max": most, "default": lowered(caller, {}).get(name, Settings.model_fields[name].default)}


@cache
def _preset(name: str) -> dict[str, Any]:
    """A preset with all settings, its own and with the built-in models.

    `models` names the settings to leave out where another model does the job.
    """
    said = load_preset(name)
    with_it = {model: sorted(said.keys() - load_preset(name, given=(model,)).keys()) for model in MODELS}
    return {
        "name": name,
        "description": describe_preset(name),
        "settings": merge(said).kept,
        "offline": merge(load_preset(name, given=OFFLINE), OFFLINE).kept,
        "models": {model: names for model, names in with_it.items() if names},
    }


def _setting(name: str, field: dict[str, Any]) -> dict[str, Any]:
    """One setting from its JSON schema; `min` and `max` are None without a bound, `choices` without a list."""
    kind = next(one for one in field.get("anyOf", [field]) if one["type"] != "null")
    least = kind.get("minimum", kind.get("exclusiveMinimum"))
    below = kind.get("exclusiveMaximum")
    return {
        "name": name,
        "description": field["description"],
        "type": kind["type"],
        "choices": kind.get("enum") or kind.get("items", {}).get("enum"),
        "min": least,
        "max": kind.get("maximum") if below is None else below - 1,
        "default": field.get("default"),
        "node": field["langgraph_nodes"][0],
    }
