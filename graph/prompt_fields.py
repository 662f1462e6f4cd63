"""Each prompt text that a user may replace, as a setting of its own, which LangGraph Studio shows on its node to edit.

They are another way to write the setting `templates`, which alone is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from overpaint.graph.fields import json_object
from overpaint.graph.templates import NODES, PARTS
from overpaint.prompts import load

FIELDS = {f"{name}_{part}_prompt".replace(".", "_"): (name, part) for name in NODES for part in PARTS}
"""The prompt and its part that each of these settings is the text of."""


def prompt_fields() -> dict[str, Any]:
    """The settings as properties of a JSON schema; their defaults are the texts of the prompt files."""
    return {
        field: {
            "type": "string",
            "title": f"{name}: {part}",
            "description": f"What is said in the {part} message of the prompt {name}; {{{{ … }}}} is filled in.",
            "default": getattr(load(name), part),
            "langgraph_nodes": [NODES[name]],
            "langgraph_type": "prompt",
        }
        for field, (name, part) in FIELDS.items()
    }


def folded(given: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with those of prompts moved into `templates`; a text that is the file's own replaces nothing."""
    rest = {name: value for name, value in given.items() if name not in FIELDS}
    changed = {
        f"{name}.{part}": given[field]
        for field, (name, part) in FIELDS.items()
        if field in given and given[field] != getattr(load(name), part)
    }
    return {**rest, "templates": {**(json_object(given.get("templates"), "{}") or {}), **changed}} if changed else rest
