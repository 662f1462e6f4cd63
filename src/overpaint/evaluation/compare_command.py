"""`overpaint compare`: how two experiments differ, in what was asked and in what came of it."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from overpaint.arguments import add_json
from overpaint.commands import say_json
from overpaint.plain import say

if TYPE_CHECKING:
    from overpaint.evaluation.comparing import Result, Side
    from overpaint.evaluation.statistics import Cost


def add_compare(sub: argparse.ArgumentParser) -> None:
    """Of `compare`."""
    what = "an experiment's name or folder, or one preset of it as EXPERIMENT:PRESET"
    sub.add_argument("first", metavar="A", help=what)
    sub.add_argument("second", metavar="B", help="the same")
    sub.add_argument(
        "--out", metavar="DIR", type=Path, help="where the experiments are; OVERPAINT_HOME/experiments if left out"
    )
    add_json(sub)


def compare(args: argparse.Namespace) -> int:
    """Print the differences of two experiments: what was asked first, then results on the briefs they share.

    Raises:
        BadInput: there is no such experiment or preset, or no presets that belong together.
    """
    from overpaint.evaluation import comparing

    first, second = open_side(args.first, args.out), open_side(args.second, args.out)
    pairs = comparing.presets_to_compare(first, second)
    asked, shared = comparing.differences(first, second, pairs), comparing.shared_rows(first, second)
    budget = min(first.about["budget"], second.about["budget"])
    found = comparing.results(first, second, pairs, shared, budget)
    if args.json:
        rows = {**asdict(shared), "rows": len(shared.rows)}
        presets = [_to_json(result) for result in found]
        say_json({"differences": [asdict(d) for d in asked], "shared": rows, "budget": budget, "presets": presets})
        return 0
    table = comparing.result_table(found, budget) if found else "No brief has an outcome in both."
    for line in [*comparing.difference_lines(asked), "", comparing.shared_line(shared), "", *table.splitlines()]:
        say(line)
    return 0


def open_side(text: str, out: Path | None) -> Side:
    """Open what a user named: an experiment, or `EXPERIMENT:PRESET`.

    Raises:
        BadInput: there is no such experiment, or what is kept of it cannot be read.
    """
    from overpaint.evaluation.comparing import Side
    from overpaint.evaluation.experiment import open_experiment

    name, colon, preset = text.rpartition(":")
    if not colon or set(preset) & set("/\\"):  # a Windows path has a colon of its own
        name, preset = text, ""
    experiment = open_experiment(name, out)
    return Side(text, experiment.about, preset or None, experiment.rows(), experiment.outcomes())


def _to_json(result: Result) -> dict[str, Any]:
    found = asdict(result)
    return found | {"first_cost": _cost(result.first_cost), "second_cost": _cost(result.second_cost)}


def _cost(cost: Cost) -> dict[str, float | None]:
    from overpaint.evaluation.statistics import finite

    return {name: finite(value) for name, value in asdict(cost).items()}
