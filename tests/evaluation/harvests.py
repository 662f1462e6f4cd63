"""Lines of a harvest, from as little as a test has to say."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def line(run: str, brief: str, prompt: str, **more: Any) -> dict[str, Any]:
    """A lesson of a run whose picture was right; `more` are fields to replace."""
    plain = {
        "run": run, "brief": brief, "category": "counting", "prompt": prompt, "edits": 0, "checklist": [],
        "verdicts": [], "score": 1.0, "passed": True, "truth": None, "right": None, "picture": "0" * 64, "images": 1,
        "painter": "shapes", "models": {}, "prompts": {}, "settings_hash": "", "version": "0.1.0",
    }  # fmt: skip
    return plain | more


def write_lines(path: Path, entries: Iterable[Any]) -> Path:
    """A file of JSON lines; a text is a line as it is."""
    lines = [entry if isinstance(entry, str) else json.dumps(entry) for entry in entries]
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return path
