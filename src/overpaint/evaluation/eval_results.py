"""What `overpaint eval` says of an experiment that is done."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from overpaint.commands import say_json
from overpaint.phrases import clean, counted
from overpaint.plain import say

if TYPE_CHECKING:
    from overpaint.evaluation.experiment import Experiment
    from overpaint.evaluation.nouns import Outcome

SHOWN_FAULTS = 5
ALL_FAILED = 3


def tell(experiment: Experiment, *, as_json: bool, langsmith: bool) -> int:
    """Write the report, and print the table and where to find the rest; 0, or 3 where every run failed.

    Args:
        experiment: all of it is done.
        as_json: print one object in place of all that.
        langsmith: upload it too.

    Raises:
        BadInput: the disk or LangSmith refused.
    """
    from overpaint.evaluation.asked import terms
    from overpaint.evaluation.report import write_report
    from overpaint.evaluation.tables import summary_table

    outcomes, report = experiment.outcomes(), write_report(experiment)
    nothing = _nothing_came(outcomes)
    if not as_json:
        table = summary_table(outcomes, terms=terms(experiment.about, outcomes)).splitlines()
        for line in [*nothing, "", *table, "", *_faults(outcomes), f"report: {report}"]:
            say(line)
    urls = _uploaded(experiment) if langsmith else {}
    if as_json:
        uploaded = {"langsmith": urls} if langsmith else {}
        failed = {"status": "failed", "error": nothing[0]} if nothing else {}
        say_json({**_to_json(experiment, outcomes, report), **uploaded, **failed})
    else:
        for preset, url in urls.items():
            say(f"LangSmith, {preset}: {url}")
    return ALL_FAILED if nothing else 0


def _nothing_came(outcomes: Sequence[Outcome]) -> list[str]:
    """That every run failed, and why the first did; empty where one did not."""
    if any(outcome["status"] != "failed" for outcome in outcomes):
        return []
    why = clean(outcomes[0]["error"] or "", 200)
    return [f"every run failed ({len(outcomes):,} of {len(outcomes):,}); the first: {why}"]


def _uploaded(experiment: Experiment) -> dict[str, str | None]:
    """Where LangSmith shows each preset."""
    from overpaint.evaluation.langsmith_upload import upload

    return {one.preset: one.url for one in asyncio.run(upload(experiment, upload_results=True))}


def _faults(outcomes: Sequence[Outcome]) -> list[str]:
    """Why runs failed: the first few, each with its brief."""
    failed = [outcome for outcome in outcomes if outcome["status"] == "failed"]
    lines = [f"  {o['preset']}, {clean(o['row'], 60)}: {clean(o['error'] or '', 200)}" for o in failed[:SHOWN_FAULTS]]
    more = [f"  and {len(failed) - SHOWN_FAULTS:,} more"] if len(failed) > SHOWN_FAULTS else []
    return [f"{counted(len(failed), 'run')} failed:", *lines, *more] if failed else []


def _to_json(experiment: Experiment, outcomes: Sequence[Outcome], report: Path) -> dict[str, Any]:
    from overpaint.evaluation.statistics import against_best, basis, by_preset, finite, per_success, ranked, success

    found, tests = by_preset(outcomes), against_best(outcomes)
    presets = [
        {
            "preset": preset,
            "success": asdict(success(found[preset])),
            "per_success": {name: finite(value) for name, value in asdict(per_success(found[preset])).items()},
            "failed": sum(outcome["status"] == "failed" for outcome in found[preset]),
            "against_best": asdict(test) if (test := tests[preset]) else None,
        }
        for preset in ranked(outcomes)
    ]
    dataset = experiment.about["dataset"]
    return {
        "status": "done",
        "experiment": str(experiment.folder),
        "dataset": {**dataset, "rows": len(dataset["rows"])},
        "budget": experiment.about["budget"],
        "success_by": basis(outcomes),
        "presets": presets,
        "report": str(report),
    }
