"""What every test runs under: a home of its own, strict checkpoints, no tracing, no keys, no network."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import settings

from tests.postgres import database, database_url_of, postgres_database, postgres_url

__all__ = ["database", "database_url_of", "home", "postgres_database", "postgres_url"]

# A busy machine is no failure: how long an example takes is measured in bench/, not asserted here.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# Read by LangGraph when its serializer is first imported, so it is set before any test module is.
os.environ["LANGGRAPH_STRICT_MSGPACK"] = "true"
os.environ["HF_HUB_OFFLINE"] = "1"

# Several processes of tests share the machine. Where torch takes a thread per core in each, they wait for each other by
# spinning (bench/threads.py). Read when torch is imported.
os.environ["OMP_NUM_THREADS"] = "1"

os.environ["LANGSMITH_TEST_TRACKING"] = "false"

_UNSET = (
    "LANGSMITH_TRACING",
    "LANGSMITH_API_KEY",
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "NVIDIA_API_KEY",
    "FAL_KEY",
    "FAL_API_KEY",
    "FAL_BASE_URL",
    "STABILITY_API_KEY",
    "HF_TOKEN",
    "HUGGING_FACE_HUB_TOKEN",
    "OVERPAINT_PRICES",
    "OVERPAINT_LIMITS",
    "OPENAI_API_BASE",
    "OVERPAINT_DATABASE",
    "OVERPAINT_API_KEYS",
    "OVERPAINT_URL",
    "OVERPAINT_SECRET",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take long, so that no process is left alone with one of them at the end."""
    slow = Counter(item.path for item in items if item.get_closest_marker("slow"))
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty OVERPAINT_HOME that does not exist yet, and an environment without keys."""
    folder = tmp_path / "home"
    monkeypatch.setenv("OVERPAINT_HOME", str(folder))
    for name in _UNSET:
        monkeypatch.delenv(name, raising=False)
    return folder
