"""How a setting is declared: with its description, its bounds, and the nodes that LangGraph Studio shows it on."""

from __future__ import annotations

import json
from typing import Any

from pydantic import Field


def setting(default: Any, description: str, *nodes: str, **bounds: Any) -> Any:
    """A field of a settings model."""
    return Field(default=default, description=description, json_schema_extra={"langgraph_nodes": list(nodes)}, **bounds)


def json_object(given: object, example: str) -> Any:
    """A JSON object, also written as text, as on the command line; None stays None.

    Args:
        given: what was given.
        example: an object to show in the error.

    Raises:
        ValueError: it is no JSON.
    """
    try:
        text = given if isinstance(given, str) else json.dumps(given, allow_nan=False)
        return None if given is None else json.loads(text, parse_constant=_no_number)
    except (TypeError, ValueError, RecursionError):
        raise ValueError(f"must be a JSON object, such as {example}") from None


def _no_number(word: str) -> None:
    """Refuse NaN and Infinity, which JSON does not have."""
    raise ValueError(word)
