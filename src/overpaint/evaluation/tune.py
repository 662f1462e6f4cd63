"""Tuning the writer's prompt: versions with examples are measured as presets of an experiment like any other.

Two experiments: all versions on the validation briefs, where the best is chosen; then it and the old version, once, on
briefs that no choice has seen. Both are resumed by asking for the same again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from overpaint.evaluation.experiment import Experiment, experiments_folder, open_experiment
from overpaint.evaluation.harvest_file import HarvestFile, Taught
from overpaint.evaluation.jobs import create, described, preset_settings, refuse_other
from overpaint.evaluation.nouns import Dataset, Outcome
from overpaint.evaluation.statistics import Paired, Rate, basis, by_preset, paired, succeeded, success
from overpaint.evaluation.tune_examples import (
    Group,
    Split,
    candidate_sets,
    room_for_examples,
    split,
    with_examples,
)
from overpaint.graph.settings import Settings
from overpaint.graph.state import Receipt, add_receipts, empty_receipt
from overpaint.graph.templates import check_templates, text_of
from overpaint.prompts import Prompt
from overpaint.run_metadata import prompt_hashes
from overpaint.tools.faults import BadInput

NODES = ("upsample",)
OLD, TUNED = "old", "tuned"
SURE = 0.05
"""A version is better when it has more successes and chance alone would tell them so far apart less often than this."""


@dataclass(frozen=True)
class Asked:
    """What tuning is asked for: so many sets of so many examples, and how the briefs are split (`tune_examples`)."""

    shots: int
    candidates: int
    holdout: float
    limit: int | None


@dataclass(frozen=True)
class Plan:
    """All that is settled before anything is run.

    Args:
        harvest: where briefs and examples come from.
        asked: by whom it was asked for, how much.
        split: its briefs by part.
        sets: the examples of each candidate, by its name.
        old: the prompt in force, that is to be beaten.
        settings: of the runs with the old prompt; those of a candidate differ in its text alone.
    """

    harvest: HarvestFile
    asked: Asked
    split: Split
    sets: dict[str, list[Taught]]
    old: Prompt
    settings: Settings

    def prompt(self, name: str) -> Prompt:
        """The prompt of a candidate."""
        return text_of(self.old.name, self._templates(name))

    def presets(self, *names: str) -> dict[str, Settings]:
        """The settings of the runs with the old prompt and with those of some candidates, by name."""
        texts = {name: self.settings.model_copy(update={"templates": self._templates(name)}) for name in names}
        return {OLD: self.settings, **texts}

    def _templates(self, name: str) -> dict[str, str]:
        tuned = with_examples(self.old.system, self.sets[name])
        return {**(self.settings.templates or {}), f"{self.old.name}.system": tuned}


@dataclass(frozen=True)
class Result:
    """What was measured: every version on the validation briefs, the best and the old one on those unseen."""

    validation: dict[str, Rate]
    best: str
    unseen: dict[str, Rate]
    test: Paired
    success_by: str
    spent: Receipt
    experiments: list[str]

    @property
    def better(self) -> bool:
        """Whether the best version beats the old one on unseen briefs, by more than chance."""
        return self.test.n10 > self.test.n01 and self.test.p < SURE


def plan(harvest: HarvestFile, node: str, asked: Asked, given: Mapping[str, Any]) -> Plan:
    """Settle which briefs are measured with which versions; nothing is run.

    Args:
        harvest: to learn from.
        node: whose prompt is tuned.
        asked: how much of what.
        given: settings of the runs; their `templates` hold texts, and may name a version to go on from.

    Raises:
        BadInput: a node that cannot be tuned, too few briefs or successes, or settings that cannot be used.
    """
    if node not in NODES:
        raise BadInput(f"the node {node[:60]!r} cannot be tuned, only: {', '.join(NODES)}")
    settings = _settings(given)
    parts = split(harvest.lines, asked.holdout, asked.limit)
    old = text_of(node, settings.templates)
    drawn = candidate_sets(parts.examples, asked.shots, asked.candidates, room_for_examples(old.system))
    found = Plan(harvest, asked, parts, {f"candidate-{n}": some for n, some in enumerate(drawn, 1)}, old, settings)
    for version in found.presets(*found.sets).values():
        check_templates(version.templates)
    return found


def tune(plan: Plan, complete: Callable[[Experiment], bool]) -> Result | None:
    """Measure the versions of a plan.

    Args:
        plan: what to measure.
        complete: does what is left to do of an experiment; False when it was interrupted.

    Returns:
        What came of it; None when it was interrupted.

    Raises:
        BadInput: something is wrong with this machine.
        ProviderFault: a provider failed all runs.
    """
    chosen = _measured(plan, "validation", plan.split.validation, list(plan.sets), complete)
    if chosen is None:
        return None
    best = max(plan.sets, key=lambda name: sum(map(succeeded, chosen[1][name])))
    tested = _measured(plan, "unseen", plan.split.unseen, [best], complete)
    if tested is None:
        return None
    outcomes = [outcome for _, found in (chosen, tested) for some in found.values() for outcome in some]
    return Result(
        validation={name: success(some) for name, some in chosen[1].items()},
        best=best,
        unseen={OLD: success(tested[1][OLD]), TUNED: success(tested[1][best])},
        test=replace(paired(tested[1][best], tested[1][OLD]), first=TUNED),
        success_by=basis(outcomes),
        spent=_sum(outcomes),
        experiments=[experiment.name for experiment, _ in (chosen, tested)],
    )


def _settings(given: Mapping[str, Any]) -> Settings:
    """Those of `one-shot`, but from a prompt that the writer makes of the brief."""
    settings = preset_settings(["one-shot"], {"upsample": True, "raw_brief": False, **given}, budget=1)["one-shot"]
    if not settings.upsample or settings.upsample_method != "rewrite":
        raise BadInput("the prompt 'upsample' is that of upsample=true with upsample_method=rewrite: leave both out")
    return settings


def _measured(
    plan: Plan, part: str, groups: Sequence[Group], names: Sequence[str], complete: Callable[[Experiment], bool]
) -> tuple[Experiment, dict[str, list[Outcome]]] | None:
    """The experiment of one part, carried out, with its outcomes by version; None when it was interrupted."""
    experiment = _experiment(plan, part, groups, plan.presets(*names))
    if not complete(experiment):
        return None
    return experiment, by_preset(experiment.outcomes())


def _experiment(plan: Plan, part: str, groups: Sequence[Group], presets: Mapping[str, Settings]) -> Experiment:
    """A new experiment; or the one that was begun when the same was asked for before."""
    rows = [group.row for group in groups]
    dataset = Dataset(f"harvest-{part}", str(plan.harvest.path), plan.harvest.digest, rows, [], len(rows))
    settings = {name: one.kept for name, one in presets.items()}
    name = f"tune-{plan.old.name}-{_digest([described(dataset), settings, prompt_hashes()])}-{part}"
    if not (experiments_folder() / name).exists():
        return create(name, dataset, presets, None, budget=1, sample=None)
    experiment = open_experiment(name)
    refuse_other(experiment, {"dataset": described(dataset), "presets": settings})
    return experiment


def _digest(asked: Any) -> str:
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:10]


def _sum(outcomes: Sequence[Outcome]) -> Receipt:
    total = empty_receipt()
    for outcome in outcomes:
        total = add_receipts(total, outcome["receipt"])
    return total


def evidence(plan: Plan, result: Result) -> dict[str, Any]:
    """What a tuned version rests on, JSON only."""
    candidates = {
        name: {"examples": [one.run for one in some], **asdict(result.validation[name])}
        for name, some in plan.sets.items()
    }
    return {
        "prompt": plan.old.name,
        "verdict": "better" if result.better else "not better",
        "old": plan.old.label,
        "tuned": plan.prompt(result.best).label,
        "chosen": result.best,
        "unseen": {**{name: asdict(rate) for name, rate in result.unseen.items()}, "paired": asdict(result.test)},
        "validation": {OLD: asdict(result.validation[OLD]), **candidates},
        "success_by": result.success_by,
        "harvest": {"file": str(plan.harvest.path), "sha256": plan.harvest.digest, "bad": plan.harvest.bad},
        "asked": asdict(plan.asked),
        "split": {part: [group.id for group in groups] for part, groups in vars(plan.split).items()},
        "seeds": "of a brief the same under all versions: made from its id",
        "experiments": result.experiments,
        "spent": result.spent,
        **_made_with(result.experiments[0]),
    }


def _made_with(name: str) -> dict[str, Any]:
    about = open_experiment(name).about
    settings = {key: value for key, value in about["presets"][OLD].items() if key != "templates"}
    return {"settings": settings, "versions": about["versions"], "prompts": about["prompts"]}
