"""What an evaluation is asked to do: which presets with which settings, one job for each brief under each."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from overpaint.evaluation.experiment import Experiment, create_experiment
from overpaint.evaluation.nouns import Dataset, Row
from overpaint.graph.chat_settings import ROLES
from overpaint.graph.settings import MODELS, Settings, load_preset, merge
from overpaint.run_metadata import prompt_hashes
from overpaint.tools.faults import BadInput
from overpaint.tools.versions import versions_of

_THREADS = uuid.UUID("0e0c6f63-5f0d-4b53-9a0e-3a1f1f1d8c55")
"""The name space of thread ids (UUID version 5). Any other would do as well."""


@dataclass(frozen=True)
class Job:
    """One brief under one preset. `settings` are the effective ones, with the seed; `thread` is LangGraph's."""

    preset: str
    row: Row
    settings: dict[str, Any]
    thread: str


def preset_settings(presets: Sequence[str], common: Mapping[str, Any], budget: int) -> dict[str, Settings]:
    """The settings of presets in an evaluation: all on the same models, within the same budget.

    Args:
        presets: their names.
        common: settings laid over every preset's.
        budget: most pictures of a run; a preset with a tighter cap of its own keeps it.

    Raises:
        BadInput: no presets, one named twice, one that there is not or that needs a person, or settings that cannot be
            used.
    """
    if not presets:
        raise BadInput("no preset is named: give one or several, as in --preset one-shot,default")
    if twice := sorted({name for name in presets if presets.count(name) > 1}):
        raise BadInput(f"preset {twice[0]!r} is named twice: name each once")
    if "seed" in common:
        raise BadInput("the seed of a run comes from its brief's id, the same under all presets: leave seed out")
    if "max_images" in common:
        raise BadInput("the most pictures of a run are the same under all presets: give --budget, not max_images")
    return {name: _settings(name, common, budget) for name in presets}


def _settings(preset: str, common: Mapping[str, Any], budget: int) -> Settings:
    own = {**load_preset(preset, given=MODELS), **common}
    try:
        cap = merge(own).max_images if "max_images" in own else budget
        settings = merge(own, {"max_images": min(budget, cap)})
    except BadInput as fault:
        raise BadInput(f"preset {preset!r} within --budget {budget}: {fault}") from None
    if settings.critique_method == "human":
        raise BadInput(f"preset {preset!r} needs a person, and nobody is there: leave it out")
    waits = {"review": settings.review != "never", "review_checklist": settings.review_checklist}
    waits["on_unknown"] = settings.on_unknown == "ask"
    if asks := [name for name, waiting in waits.items() if waiting]:
        never = {"review": "never", "review_checklist": "false", "on_unknown": "skip"}[asks[0]]
        raise BadInput(f"preset {preset!r} would wait for a person, and nobody is there: add --set {asks[0]}={never}")
    return settings


def create(name: str, dataset: Dataset, presets: Mapping[str, Settings], out: Path | None, **asked: Any) -> Experiment:
    """Make an experiment.

    Args:
        name: of its folder.
        dataset: its briefs.
        presets: from `preset_settings`.
        out: the folder it lies in.
        asked: what else was asked for: `budget`, and the `sample`.

    Raises:
        BadInput: the name cannot be used or is taken, or the disk refused.
    """
    about = {
        "id": str(uuid.uuid4()),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "dataset": described(dataset),
        "presets": {preset: settings.kept for preset, settings in presets.items()},
        **asked,
        "seed": None,
        "versions": _versions(presets.values()),
        "prompts": prompt_hashes(),
    }
    return create_experiment(name, about, dataset.rows, out)


def described(dataset: Dataset) -> dict[str, Any]:
    """A dataset as experiment.json holds it: of its rows the ids."""
    return {**asdict(dataset), "rows": [row["id"] for row in dataset.rows]}


def refuse_other(experiment: Experiment, asked: Mapping[str, Any]) -> None:
    """Refuse to go on with an experiment that is not the one that is asked for.

    Args:
        experiment: as it was begun.
        asked: what is asked for now: any of `dataset`, `presets`, `budget`, as experiment.json holds them.

    Raises:
        BadInput: it differs, or the prompts or overpaint itself have changed while runs are left to do; says in what.
    """
    found = [*_differences(experiment.about, asked)]
    if jobs_left(experiment):
        found += _changes(experiment.about)
    if found:
        raise BadInput(
            f"experiment {experiment.name!r} was begun otherwise: {'; '.join(found)}. Go on as it was begun, or give"
            " another --name"
        )


def _changes(recorded: Mapping[str, Any]) -> Iterator[str]:
    """What has changed since the experiment was begun."""
    before, now = recorded["versions"].get("overpaint"), versions_of("", frozenset()).get("overpaint")
    if before != now:
        yield f"it was overpaint {before}, and this is {now}"
    for name, sha in sorted(prompt_hashes().items()):
        if recorded["prompts"].get(name, sha) != sha:
            yield f"the prompt {name} has changed"


def _differences(recorded: Mapping[str, Any], asked: Mapping[str, Any]) -> Iterator[str]:
    if "budget" in asked and asked["budget"] != recorded["budget"]:
        yield f"its budget is {recorded['budget']}, not {asked['budget']}"
    before, now = recorded["dataset"], asked.get("dataset")
    if now and any(now[key] != before[key] for key in ("name", "digest", "rows")):
        told = [f"{d['name']} ({len(d['rows'])} rows, sha256 {d['digest'][:12]})" for d in (before, now)]
        yield f"its dataset is {told[0]}, not {told[1]}" if told[0] != told[1] else "its dataset has other rows"
    settings, given = recorded["presets"], asked.get("presets", recorded["presets"])
    if list(given) != list(settings):
        yield f"its presets are {', '.join(settings)}, not {', '.join(given)}"
    for preset in [name for name in settings if name in given]:
        one, other = settings[preset], given[preset]
        for key in sorted(key for key in {*one, *other} if one.get(key) != other.get(key)):
            yield f"under {preset}, {key} is {json.dumps(one.get(key))}, not {json.dumps(other.get(key))}"


def jobs_left(experiment: Experiment) -> list[Job]:
    """One job for each brief under each preset that has no outcome yet, all presets of a brief side by side."""
    done = {(outcome["preset"], outcome["row"]) for outcome in experiment.outcomes()}
    settings = experiment.about["presets"]
    left = ((row, preset) for row in experiment.rows() for preset in settings if (preset, row["id"]) not in done)
    return [
        Job(preset, row, {**settings[preset], "seed": run_seed(row["id"])}, _thread(experiment, preset, row["id"]))
        for row, preset in left
    ]


def run_seed(row: str) -> int:
    """The seed of all runs of a brief, from its id."""
    return int.from_bytes(hashlib.sha256(row.encode()).digest()[:4], "big")


def _thread(experiment: Experiment, preset: str, row: str) -> str:
    # Several experiments of one name may share a database server, so the name is not enough.
    return str(uuid.uuid5(_THREADS, json.dumps([experiment.about["id"], preset, row])))


def _versions(presets: Iterable[Settings]) -> dict[str, str]:
    found: dict[str, str] = {}
    for settings in presets:
        found |= versions_of(settings.painter, frozenset(settings.model_of(role) for role in ROLES))
    return found
