"""What an experiment was asked to do, in words: its facts, and the settings in which its presets differ."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from overpaint.evaluation.grids import NONE, grid
from overpaint.phrases import counted

MODELS = ("painter", "writer", "critic", "judge", "captioner")


def facts(about: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Dataset, budget, seed, models and versions, as (name, value) pairs for a list.

    Args:
        about: an experiment's `experiment.json`.
    """
    dataset = about["dataset"]
    briefs, bad = len(dataset["rows"]), len(dataset["bad"])
    pairs = [
        ("begun", str(about["created"])),
        ("dataset", f"{dataset['name']}, from {dataset['source']}"),
        ("briefs", f"{briefs:,} of {counted(dataset['total'], 'row')}; {bad:,} cannot be used"),
        ("sha256", str(dataset["digest"])),
        *((name, f"{count:,}") for name, count in dataset["facts"].items()),
        ("presets", ", ".join(about["presets"])),
        ("budget", f"{counted(about['budget'], 'picture')} for each brief, at most"),
        ("sample", "the first rows" if about["sample"] is None else f"drawn by seed {about['sample']}"),
        ("seeds", "of a brief the same under all presets: made from its id"),
    ]
    shared = alike(about["presets"])
    pairs += [(role, said(shared[role])) for role in MODELS if role in shared]
    return pairs + [(name, str(version)) for name, version in about["versions"].items()]


def alike(presets: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The settings that all presets have, with the same value."""
    first, *others = presets.values()
    return {key: value for key, value in first.items() if all(key in other and other[key] == value for other in others)}


def settings_table(presets: Mapping[str, Mapping[str, Any]]) -> str:
    """The settings in which presets differ, a row each; a dash where a preset does not have it."""
    shared = alike(presets)
    keys = sorted({key for settings in presets.values() for key in settings} - shared.keys())
    rows = [[key, *(said(s[key]) if key in s else NONE for s in presets.values())] for key in keys]
    return grid("Settings that differ between presets", ["setting", *presets], rows)


def said(value: object) -> str:
    """A setting's value on one line."""
    if value is None:
        return "none"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
