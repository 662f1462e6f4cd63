"""What a key may set, and which pictures it may start from; without keys everything."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import cache
from math import inf
from typing import Any

from overpaint.graph.prompt_fields import NAMES, folded
from overpaint.graph.settings import ALIASES, MODELS, Settings, load_preset, preset_names
from overpaint.server.keys import LOCAL, Caller
from overpaint.tools.faults import BadInput
from overpaint.tools.images import SUFFIXES, ImageRef
from overpaint.tools.links import is_signed, sign

FREE = frozenset(
    {"upsample", "upsample_method", "attempts", "upsample_words", "variations", "judge_method", "looks"}
    | {"probabilities", "critique_method", "ideas", "question", "chain", "mode", "select_best_image"}
    | {"seed", "raw_brief", "actions", "per_round", "rounds", "patience", "stop_when_passed", "edit_depth"}
    | {"on_unknown", "review", "review_checklist", "guidance", "strength", "vae_tiling", "partial_images"}
    | {f"{role}_{option}" for role in ("writer", "critic", "judge", "captioner") for option in ("temperature", "seed")}
)
"""What changes a run of the caller's own, within the bounds that everybody has."""

OPERATORS = frozenset(
    {f"{model}_{option}" for model in MODELS for option in ("base_url", "api_key_env")}
    | {"device", "dtype", "variant", "offload", "scheduler", "lora", "vision_device", "vision_dtype"}
    | {"extra_body", "local_urls", "edits", "idempotent", "templates"}
)
"""What names addresses, environment variables, files, devices or weights, or says what a server can be trusted with.

A caller may give such a setting the value that a preset gives it.
"""

BOUNDS: Mapping[str, float] = {
    "steps": 200,
    "timeout": 600,
    **{f"{role}_max_tokens": 16_384 for role in ("writer", "critic", "judge", "captioner")},
}
"""The most a caller may ask for in one picture or one answer, whatever the operator's caps on the run."""

CAPS: Mapping[str, str] = {
    name: f"OVERPAINT_{name.upper()}" for name in ("max_images", "max_calls", "max_tokens", "max_seconds", "max_usd")
}
"""The caps of a run, and the operator's variables that say how high a caller may set them."""

MOST_IMAGES = 64
"""OVERPAINT_MAX_IMAGES where the operator does not say; the other caps have no such value."""

MOST_PIXELS = 4_194_304
LONGEST_NEGATIVE = 2_000


def check_settings(caller: Caller, given: Mapping[str, object]) -> None:
    """Refuse what is not the caller's to set. Unknown settings and wrong types are left to `merge`.

    Raises:
        BadInput: naming the first such setting, and who may change it.
    """
    if caller == LOCAL:
        return
    for called, value in given.items():
        name = ALIASES.get(called, called)
        if name in NAMES:
            name, value = "templates", folded({name: value}).get("templates")
        if name in CAPS or (value is not None and name in Settings.model_fields):
            _check(name, value)


def with_caps(caller: Caller, given: Mapping[str, object], preset: str | None = None) -> dict[str, object]:
    """The settings of a new run with the operator's caps where the caller and the preset name none that is lower.

    Args:
        caller: who asks.
        given: settings by our names.
        preset: what they are laid over; it may ask for more than the caller may, and gets what there is.

    Raises:
        BadInput: see `check_settings`; or there is no such preset.
    """
    check_settings(caller, {name: value for name, value in given.items() if value is not None})
    if caller == LOCAL:
        return dict(given)
    base = load_preset(preset, given) if preset else {}
    check_settings(caller, {name: value for name, value in base.items() if name not in CAPS})
    return {**given, **lowered(caller, {**base, **given})}


def lowered(caller: Caller, settings: Mapping[str, object]) -> dict[str, int | float]:
    """The operator's caps, as far as those of some settings, or the usual ones where they name none, are higher."""
    most_of = {} if caller == LOCAL else caps()
    return {name: most for name, most in most_of.items() if _exceeds(name, settings, most)}


def changeable(caller: Caller, name: str) -> bool:
    """Whether a caller may give a setting a value of its own."""
    return caller == LOCAL or name not in OPERATORS


def models() -> list[str]:
    """The models that callers may name: those of OVERPAINT_MODELS, `provider:*` for all of a provider; or the built-in.

    A key of a provider in the environment allows nobody anything: its owner pays, so its owner says for what.
    """
    named = [model.strip() for model in os.environ.get("OVERPAINT_MODELS", "").split(",")]
    return [model for model in named if model] or ["shapes"]


def grant_for(caller: Caller, sha256: str) -> str:
    """What lets a caller, and nobody else, start from a picture. Blocks as `links.secret` does."""
    return sign("grant", caller.owner, sha256)


def granted(caller: Caller, ref: ImageRef, grant: str | None) -> bool:
    """Whether a caller may start from a picture: `grant` is what the caller got when it was sent. Blocks likewise."""
    return caller == LOCAL or (grant is not None and is_signed(grant, "grant", caller.owner, ref["sha256"]))


def checked_image(caller: Caller, given: object) -> ImageRef:
    """The picture that a run starts from, as it may stand in state. Blocks likewise.

    Args:
        caller: who asks.
        given: what came in: an ImageRef with, under keys, its `grant`.

    Raises:
        BadInput: it is no such reference, or the caller has no grant for it.
    """
    ref = dict(given) if isinstance(given, dict) else {}
    grant = ref.pop("grant", None)
    sizes = [ref.get("width"), ref.get("height")]
    shaped = isinstance(ref.get("sha256"), str) and ref.get("mime") in list(SUFFIXES)
    if not shaped or not all(type(size) is int and size > 0 for size in sizes):
        raise BadInput("`image` must be what POST /overpaint/pictures answered: sha256, mime, width, height and grant")
    named = ImageRef(sha256=ref["sha256"], mime=ref["mime"], width=ref["width"], height=ref["height"])
    if not granted(caller, named, grant if isinstance(grant, str) else None):
        raise BadInput("`image` needs the `grant` that POST /overpaint/pictures gave with it: send the picture again")
    return named


def _check(name: str, value: object) -> None:
    if name in MODELS:
        _check_model(name, value)
    elif name in OPERATORS and _canonical(value) not in _of_presets().get(name, frozenset()):
        raise BadInput(f"setting {name!r} is for the operator of this server alone: leave it out")
    elif name in BOUNDS:
        _check_number(name, value, BOUNDS[name], "on this server")
    elif name in CAPS and (most := caps().get(name)) is not None:
        _check_number(name, inf if value is None else value, most, f"on this server ({CAPS[name]})")
    elif name == "size":
        _check_size(value)
    elif name == "negative_prompt" and len(str(value)) > LONGEST_NEGATIVE:
        raise BadInput(f"setting 'negative_prompt' may have {LONGEST_NEGATIVE:,} characters on this server")


def _check_model(name: str, value: object) -> None:
    known = models()
    provider = str(value).partition(":")[0]
    if value not in known and f"{provider}:*" not in known:
        raise BadInput(
            f"setting {name!r} cannot be {str(value)[:60]!r} on this server: it allows {', '.join(known)}"
            " (OVERPAINT_MODELS, which its operator sets)"
        )


def _check_number(name: str, value: object, most: float, where: str) -> None:
    if isinstance(value, (int, float)) and not value <= most:
        raise BadInput(f"setting {name!r} may be {most:g} at most {where}")


def _check_size(value: object) -> None:
    width, _, height = str(value).partition("x")
    sides = [int(side) if side.isascii() and side.isdecimal() and len(side) < 6 else 0 for side in (width, height)]
    if sides[0] * sides[1] > MOST_PIXELS:
        raise BadInput(f"setting 'size' may have {MOST_PIXELS:,} pixels at most on this server")


def _exceeds(name: str, named: Mapping[str, object], most: float) -> bool:
    value = named.get(name, Settings.model_fields[name].default)
    return not isinstance(value, (int, float)) or value > most


def caps() -> dict[str, int | float]:
    """The operator's caps by the names of settings, as far as there are any.

    Raises:
        BadInput: one is no number.
    """
    read = {name: _number(variable) for name, variable in CAPS.items()}
    most_of = {"max_images": float(MOST_IMAGES)} | {name: most for name, most in read.items() if most is not None}
    return {name: most if name in ("max_seconds", "max_usd") else int(most) for name, most in most_of.items()}


def _number(variable: str) -> float | None:
    text = os.environ.get(variable, "").strip()
    try:
        number = float(text) if text else None
    except ValueError:
        number = 0.0
    if number is not None and not 1 <= number < float("inf") and not (variable == CAPS["max_usd"] and number > 0):
        raise BadInput(f"{variable} is {text[:40]!r}: give a number, or leave it out")
    return number


@cache
def _of_presets() -> Mapping[str, frozenset[str]]:
    """What presets give to each setting, as canonical JSON."""
    presets = [load_preset(name) for name in preset_names()]
    names = {name for preset in presets for name in preset}
    return {name: frozenset(_canonical(p[name]) for p in presets if name in p) for name in names}


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=repr)
