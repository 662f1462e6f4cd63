"""What an experiment was asked to do, in words: its facts, how its presets differ, and what can be compared."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from overpaint.evaluation.grids import NONE, grid
from overpaint.evaluation.nouns import Outcome
from overpaint.phrases import counted

MODELS = ("painter", "writer", "critic", "judge", "captioner")


@dataclass(frozen=True)
class Terms:
    """On what terms the presets of an experiment can be compared.

    Args:
        unjudged: presets whose pictures nobody judged, where no truth is known: they have no success to tell.
        ways: how each other preset is judged, where no truth is known and the ways differ: their success cannot be
            compared. Empty where it can.
        notes: sentences to stand below the results.
    """

    unjudged: frozenset[str] = frozenset()
    ways: Mapping[str, str] = field(default_factory=dict)
    notes: Sequence[str] = ()

    def told(self, outcomes: Sequence[Outcome]) -> list[Outcome]:
        """The outcomes that have a success to tell."""
        return [outcome for outcome in outcomes if outcome["preset"] not in self.unjudged]


NO_TERMS = Terms()
"""Where nothing is known of what was asked."""


def terms(about: Mapping[str, Any], outcomes: Sequence[Outcome]) -> Terms:
    """On what terms the outcomes by now can be compared.

    Args:
        about: an experiment's `experiment.json`.
        outcomes: of it.
    """
    presets = about["presets"]
    is_known = all(outcome["truth"] is not None for outcome in outcomes)
    methods = {preset: settings.get("judge_method", "checklist") for preset, settings in presets.items()}
    judged = {preset: method for preset, method in methods.items() if method != "none"}
    unjudged = frozenset() if is_known else frozenset(methods.keys() - judged.keys())
    ways = judged if not is_known and len(set(judged.values())) > 1 else {}
    notes = [still_to_do(about, outcomes), _caps(presets), _late(presets), _ways(ways), _unjudged(unjudged)]
    return Terms(unjudged, ways, [note for note in notes if note])


def still_to_do(about: Mapping[str, Any], outcomes: Sequence[Outcome]) -> str:
    """How much of an experiment is done, in a sentence; empty when all is."""
    total = len(about["dataset"]["rows"]) * len(about["presets"])
    left = total - len(outcomes)
    return f"{len(outcomes):,} of {counted(total, 'run')}; {left:,} still to be done (--resume)." if left else ""


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


def _caps(presets: Mapping[str, Mapping[str, Any]]) -> str:
    caps = {preset: _most(settings) for preset, settings in presets.items()}
    highest = max(caps.values(), default=0)
    tighter = ", ".join(f"{preset} {cap}" for preset, cap in caps.items() if cap < highest)
    return f"Paint at most: {tighter} (caps of their own), any other {highest}." if tighter else ""


def _most(settings: Mapping[str, Any]) -> int:
    """The most pictures a run can paint."""
    if settings.get("rounds") is None:
        return int(settings["max_images"])
    return min(int(settings["max_images"]), int(settings["rounds"]) * int(settings["per_round"]))


def _late(presets: Mapping[str, Mapping[str, Any]]) -> str:
    late = ", ".join(preset for preset, settings in presets.items() if settings.get("select_best_image"))
    return f"Chosen from all pictures only when a run ends, before that the latest one counts: {late}." if late else ""


def _ways(ways: Mapping[str, str]) -> str:
    if not ways:
        return ""
    each = ", ".join(f"{preset} {way}" for preset, way in ways.items())
    return (
        f"Each preset by its own way of judging ({each}): not comparable, so there is no p. The scorer auditor judges"
        " all alike."
    )


def _unjudged(presets: frozenset[str]) -> str:
    return (
        f"Pictures that nobody judged, so that there is no success to tell: {', '.join(sorted(presets))}."
        if presets
        else ""
    )
