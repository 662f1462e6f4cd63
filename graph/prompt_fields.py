"""Each prompt text that a user may replace, as a setting of its own, which LangGraph Studio shows on its node to edit.

They are another way to write the setting `templates`, which alone is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from overpaint.graph.fields import json_object
from overpaint.graph.templates import NODES, TEXTS, text_of

FIELDS = {f"{name}_{part}_prompt".replace(".", "_"): (name, part) for name, part in TEXTS}
"""The prompt and its part that each of these settings is the text of."""
NAMES = frozenset(FIELDS)
"""What these settings are called. Whoever may set `templates` may set them, and nobody else."""


def prompt_fields() -> dict[str, Any]:
    """The settings as properties of a JSON schema; their defaults are the texts of the prompt files."""
    return {field: _property(name, part) for field, (name, part) in FIELDS.items()}


def folded(given: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with those of prompts moved into `templates`; a text that is the file's own replaces nothing."""
    rest = {name: value for name, value in given.items() if name not in NAMES}
    changed = {
        f"{name}.{part}": given[field]
        for field, (name, part) in FIELDS.items()
        if field in given and given[field] != getattr(text_of(name, None), part)
    }
    return {**rest, "templates": {**(json_object(given.get("templates"), "{}") or {}), **changed}} if changed else rest


def _property(name: str, part: str) -> dict[str, Any]:
    prompt = text_of(name, None)
    return {
        "type": "string",
        "title": f"{name}: {part}",
        "description": f"{prompt.purpose} Its {part} message, filled in with: {', '.join(sorted(prompt.variables))}.",
        "default": getattr(prompt, part),
        "langgraph_nodes": [NODES[name]],
        "langgraph_type": "prompt",
    }
