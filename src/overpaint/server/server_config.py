"""What langgraph.json says, for a server that runs where there is no such file."""

from __future__ import annotations

from typing import Any

DESCRIPTION = "Paints an image from a brief, looks at it, and paints again until it shows what was asked."


def server_config() -> dict[str, Any]:
    """The arguments of `langgraph_api.cli.run_server` that say what is served.

    Pages of other sites are let in by OVERPAINT_CORS_ORIGINS (`server/hosts.py`), and not by LangGraph's own setting.
    """
    return {
        "graphs": {"agent": {"path": "overpaint.server.served:agent", "description": DESCRIPTION}},
        "checkpointer": {"path": "overpaint.server.served.checkpointer"},
        "store": {"path": "overpaint.graph.persistence.open_store"},
        "auth": {"path": "overpaint.server.auth:auth", "disable_studio_auth": True},
        "http": {
            "app": "overpaint.server.app:app",
            "cors": {"allow_origins": []},
            "disable_mcp": True,
            "disable_a2a": True,
            "disable_ui": True,
        },
    }
