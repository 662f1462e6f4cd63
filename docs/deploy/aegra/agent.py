"""What aegra.json names: Aegra reads graphs from files, and packages only for the rest."""

from overpaint.server.served import agent

__all__ = ["agent"]
