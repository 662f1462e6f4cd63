"""`overpaint score`: scores the pictures of an experiment, without painting or judging again."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from overpaint.arguments import add_json
from overpaint.commands import say_json, settings_from
from overpaint.phrases import counted
from overpaint.phrases import seconds as duration
from overpaint.plain import say
from overpaint.tools.faults import BadInput, ProviderFault

if TYPE_CHECKING:
    from overpaint.evaluation.experiment import Experiment
    from overpaint.evaluation.nouns import Score
    from overpaint.evaluation.scorers.scorer import Scorer
    from overpaint.evaluation.scoring import Progress, Scoring

ALL = "all"
TOLD = 10.0
"""Seconds between two lines of progress."""


@dataclass(frozen=True)
class Mean:
    """What a scorer makes of the delivered pictures of one preset; `preset` empty: of the reference pictures.

    Args:
        mean: of those with a value; None without any.
        valued: how many have one.
        missing: how many have none.
    """

    preset: str
    mean: float | None
    valued: int
    missing: int


def add_score(sub: argparse.ArgumentParser) -> None:
    """Of `score`."""
    sub.add_argument("experiment", metavar="EXPERIMENT", help="its name, or its folder")
    sub.add_argument(
        "--scorer",
        metavar="A,B,…",
        required=True,
        help="truth, checklist, clipscore, image_similarity, caption_score, auditor, pairwise, llm_eval, those of other"
        f" packages; or {ALL} that can run here, beside those named",
    )
    sub.add_argument(
        "--set",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="an option of the scorers, such as clip=FOLDER or auditor=openai:gpt-5-mini; may be given again",
    )
    sub.add_argument(
        "--out", metavar="DIR", type=Path, help="where the experiments are; OVERPAINT_HOME/experiments if left out"
    )
    add_json(sub)


def score(args: argparse.Namespace) -> int:
    """Score an experiment by each scorer that was named, and with `all` by others that can run here; print the means.

    Raises:
        BadInput: no such experiment, scorer or option, or a scorer that was named cannot run here.
        ProviderFault: a model that such a scorer asks failed; what was scored before is kept.
    """
    from overpaint.evaluation.experiment import open_experiment
    from overpaint.evaluation.report import write_report
    from overpaint.evaluation.scorers.consulting import summed
    from overpaint.evaluation.scoring import current, score_experiment

    experiment = open_experiment(args.experiment, args.out)
    (named, asked), options = _asked(args.scorer), settings_from(args.set)
    _refuse_unknown(asked, options)
    given: list[Score] = []
    told: list[dict[str, Any]] = []
    for name in asked:
        try:
            scorer = _open(experiment, name, options)
            scoring = asyncio.run(score_experiment(experiment, scorer, _progress(name)))
        except (BadInput, ProviderFault) as fault:
            if name in named:
                raise
            told.append({"scorer": name, "cannot": str(fault)})
            _say(args, [f"{name}: cannot run here: {fault}", ""])
            continue
        given += scoring.given
        found = means(experiment, current(experiment.scores(name), scorer.options))
        told.append(_to_json(scorer, scoring, found))
        _say(args, [*_lines(scorer, scoring, found), ""])
    spent, report = summed(one["detail"] for one in given), write_report(experiment)
    _say(args, [f"asked models: {counted(spent['calls'], 'call')}, {spent['tokens']:,} tokens", f"report: {report}"])
    if args.json:
        say_json({"experiment": str(experiment.folder), "scorers": told, "spent": spent, "report": str(report)})
    return 0


def means(experiment: Experiment, scores: Sequence[Score]) -> list[Mean]:
    """The mean over delivered pictures of each preset, and over reference pictures where they were scored.

    A run that delivered no picture has no value.
    """
    given = {(one["preset"], one["row"], one["shot"]): one["value"] for one in scores}
    values: dict[str, list[float | None]] = {}
    for outcome in experiment.outcomes():
        key = outcome["preset"], outcome["row"], outcome["chosen"] or ""
        values.setdefault(outcome["preset"], []).append(given.get(key))
    if references := [one["value"] for one in scores if not one["preset"]]:
        values[""] = references
    return [_mean(preset, some) for preset, some in values.items()]


def _mean(preset: str, values: Sequence[float | None]) -> Mean:
    valued = [value for value in values if value is not None]
    return Mean(preset, round(fmean(valued), 6) if valued else None, len(valued), len(values) - len(valued))


def _asked(text: str) -> tuple[list[str], list[str]]:
    """The scorers that were named, which must run; and those to be tried, which with `all` are all."""
    from overpaint.evaluation.scorers.scorer import names

    asked = list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    if not asked:
        raise BadInput(f"no scorer is named: use some of {', '.join(names())}, or {ALL}")
    named = [name for name in asked if name != ALL]
    return named, list(dict.fromkeys([*named, *names()])) if ALL in asked else named


def _refuse_unknown(asked: Iterable[str], options: dict[str, Any]) -> None:
    from overpaint.evaluation.scorers.scorer import options_of

    known = frozenset[str]().union(*(options_of(name) for name in asked))
    if unknown := sorted(options.keys() - known):
        what = f"they know {', '.join(sorted(known))}" if known else "they have none"
        raise BadInput(f"none of these scorers has an option {unknown[0]!r}: {what}")


def _open(experiment: Experiment, name: str, options: dict[str, Any]) -> Scorer:
    from overpaint.evaluation.scorers.scorer import get_scorer, options_of
    from overpaint.tools.call_log import CallLog
    from overpaint.tools.database import database_url, open_database

    log = CallLog(open_database(database_url(experiment.home)), run=f"score {name}", node=name, task="score")
    return get_scorer(name, log=log, **{option: options[option] for option in options.keys() & options_of(name)})


def _progress(name: str) -> Progress:
    """Tells on stderr how far a scorer is, now and then."""
    began = last = time.monotonic()

    def tell(done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        if done < total and now - last >= TOLD:
            last = now
            left = (now - began) / done * (total - done)
            say(f"{name}: {done:,} of {total:,} pictures, about {duration(left)} left", sys.stderr)

    return tell


def _lines(scorer: Scorer, scoring: Scoring, found: Sequence[Mean]) -> list[str]:
    counts = f"{counted(len(scoring.given), 'picture')} scored now, {scoring.kept:,} before"
    wide = max((len(_who(mean)) for mean in found), default=0)
    return [f"{scorer.name}: {scorer.title}; {counts}", *(_line(mean, wide) for mean in found)]


def _line(mean: Mean, wide: int) -> str:
    value = "-" if mean.mean is None else f"{mean.mean:.4f}"
    without = f", {mean.missing:,} without a value" if mean.missing else ""
    return f"  {_who(mean):<{wide}}  {value:>8}  {counted(mean.valued, 'picture')}{without}"


def _who(mean: Mean) -> str:
    return f"{mean.preset}, delivered" if mean.preset else "reference pictures"


def _to_json(scorer: Scorer, scoring: Scoring, found: Sequence[Mean]) -> dict[str, Any]:
    return {
        "scorer": scorer.name,
        "title": scorer.title,
        "unit": scorer.unit,
        "span": scorer.span,
        "higher_is_better": scorer.higher_is_better,
        "scored": len(scoring.given),
        "kept": scoring.kept,
        "means": [vars(mean) for mean in found],
    }


def _say(args: argparse.Namespace, lines: Iterable[str]) -> None:
    for line in lines:
        say(line, sys.stderr if args.json else sys.stdout)
