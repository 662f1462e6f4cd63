"""What a user gives, made into settings: a preset, what is laid over it, and files that it names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from overpaint.graph.fields import json_object
from overpaint.graph.settings import ALIASES, MODELS, Settings, load_preset, merge
from overpaint.graph.templates import read_templates
from overpaint.tools.faults import BadInput

OFFLINE = dict.fromkeys(MODELS, "shapes")
"""The built-in models, for every job."""


def settings_of(preset: str | None, given: Mapping[str, object]) -> Settings:
    """The settings of a run.

    Args:
        preset: a named set of settings; the default one when None.
        given: what is laid over it. Whoever names a model leaves behind all that the preset says of the one it had.

    Raises:
        BadInput: no such preset or setting, a wrong value, or a file that cannot be used.
    """
    laid = with_files(given)
    return merge(load_preset(preset or "default", given=laid), laid)


def with_files(given: Mapping[str, object]) -> dict[str, Any]:
    """The settings by our names, with the texts of the template files that they name in the place of the paths.

    Raises:
        BadInput: a file that cannot be used.
    """
    given = {ALIASES.get(name, name): value for name, value in given.items()}
    if (named := given.get("templates")) is None:
        return given
    example = '{"caption.rewrite.system": "rewrite.txt"}'
    try:
        paths = json_object(named, example)
    except ValueError as fault:
        raise BadInput(f"setting 'templates' {fault}") from None
    if not isinstance(paths, dict) or not all(isinstance(path, str) for path in paths.values()):
        raise BadInput(f"setting 'templates' must be a JSON object of names and files, such as {example}")
    return {**given, "templates": read_templates(paths)}
