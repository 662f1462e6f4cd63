"""How a setting is declared: with its description, its bounds, and the nodes that LangGraph Studio shows it on."""

from __future__ import annotations

from typing import Any

from pydantic import Field


def setting(default: Any, description: str, *nodes: str, **bounds: Any) -> Any:
    """A field of a settings model."""
    return Field(default=default, description=description, json_schema_extra={"langgraph_nodes": list(nodes)}, **bounds)
