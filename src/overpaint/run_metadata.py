"""What the traces and checkpoints of a run say of how it was made: settings, prompts, models and version, all short."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from langchain_core.runnables import RunnableConfig
from langsmith import uuid7

from overpaint import __version__
from overpaint.graph.chat_settings import ROLES
from overpaint.graph.persistence import on_thread
from overpaint.prompts import load, names

DIGITS = 12
"""Hex digits of a hash: enough to tell two settings apart, as on the labels of prompts."""


def run_config(thread: str, settings: Mapping[str, Any], preset: str | None = None) -> RunnableConfig:
    """The config to invoke the graph with: its thread, its metadata, and in `run_id` the id that its trace will have.

    Reads the prompt files once. The arguments are those of `on_thread` and `run_metadata`.
    """
    return {**on_thread(thread), "metadata": run_metadata(settings, preset), "run_id": uuid7()}


def run_metadata(settings: Mapping[str, Any], preset: str | None = None) -> dict[str, Any]:
    """The metadata of a run's LangGraph config, JSON only, without secrets.

    LangGraph copies the texts among it into every checkpoint, so the many hashes of prompts are one dict, which it
    leaves out.

    Args:
        settings: the effective ones, as state keeps them.
        preset: the name they came by, None where it is not known.
    """
    models = {role: settings.get(role) or settings["judge"] for role in ("painter", *ROLES)}
    told = {
        "version": __version__,
        "preset": preset,
        "settings": settings_hash(settings),
        "prompts": dict(prompt_hashes()),
        **models,
    }
    return {f"overpaint_{name}": value for name, value in told.items() if value is not None}


def settings_hash(settings: Mapping[str, Any]) -> str:
    """The start of the sha256 of settings as JSON, in any order: the same for runs that differ by seed alone."""
    written = json.dumps({**settings, "seed": None}, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(written.encode()).hexdigest()[:DIGITS]


@cache
def prompt_hashes() -> dict[str, str]:
    """The start of the sha256 of every prompt file there is, by "name.vN"."""
    parted = {label: label.rpartition(".v") for label in names()}
    return {label: load(name, int(version)).sha256[:DIGITS] for label, (name, _, version) in parted.items()}
