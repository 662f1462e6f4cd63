"""Versions of a prompt that tuning has made: files like those in prompts/, each with its evidence beside it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from overpaint.prompts import Prompt, names, parse
from overpaint.tools.faults import BadInput
from overpaint.tools.home import disk_faults


def written(prompt: Prompt, purpose: str) -> str:
    """A prompt as a file, with another purpose.

    Raises:
        BadInput: its text would not be read back as it is.
    """
    meta = {"purpose": purpose, "variables": sorted(prompt.variables)}
    front = yaml.safe_dump(meta, sort_keys=False, allow_unicode=True, width=10_000, default_flow_style=None)
    text = f"---\n{front}---\n{prompt.system}\n<!-- human -->\n{prompt.human}\n"
    read = parse(prompt.name, prompt.version, text)
    if (read.system, read.human) != (prompt.system, prompt.human):
        raise BadInput(f"the template {prompt.name} holds a line that divides prompt files: take <!-- human --> out")
    return text


def save(folder: Path, name: str, text: str, evidence: Mapping[str, Any]) -> Path:
    """Keep a version under the next free number, its evidence beside it; one that is there already is left as it is.

    Args:
        folder: made where it is missing.
        name: of the prompt.
        text: the whole file.
        evidence: JSON only.

    Returns:
        The file.

    Raises:
        BadInput: the disk refused.
    """
    with disk_faults(folder):
        folder.mkdir(parents=True, exist_ok=True)
        files = [file for file in folder.iterdir() if _number(name, file.name)]
        if (
            same := next((f for f in files if f.suffix == ".md" and f.read_bytes() == text.encode()), None)
        ) is not None:
            return same
        number = max([*(_number(name, file.name) for file in files), *(_number(name, f"{n}.md") for n in names())]) + 1
        file = folder / f"{name}.v{number}.md"
        # The evidence comes first: a version never stands there without it.
        _create(folder / f"{name}.v{number}.evidence.json", f"{json.dumps(evidence, indent=2)}\n")
        _create(file, text)
    return file


def _number(name: str, file: str) -> int:
    """The version that a file is of; 0 for any other file."""
    found = re.fullmatch(rf"{re.escape(name)}\.v(\d{{1,6}})\.(?:md|evidence\.json)", file)
    return int(found[1]) if found else 0


def _create(path: Path, text: str) -> None:
    with path.open("xb") as file:
        file.write(text.encode())
