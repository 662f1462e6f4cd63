"""`overpaint tune`: a new version of a prompt, with examples from finished runs that help most on other briefs."""

from __future__ import annotations

import argparse
import asyncio
import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from overpaint.arguments import add_json
from overpaint.commands import say_json, settings_from
from overpaint.phrases import clean, counted, receipt_line
from overpaint.plain import say
from overpaint.tools.faults import BadInput

if TYPE_CHECKING:
    from overpaint.evaluation.tune import Plan, Result

SHOTS, CANDIDATES, HOLDOUT = 4, 8, 0.6
INTERRUPTED = 130
SHOWN = 5


def add_tune(sub: argparse.ArgumentParser) -> None:
    """Of `tune`."""
    sub.add_argument("--node", metavar="NODE", required=True, help="whose prompt: upsample")
    sub.add_argument("--from", dest="harvest", metavar="HARVEST", required=True, type=Path, help="of overpaint harvest")
    sub.add_argument(
        "--holdout",
        metavar="SHARE",
        type=_share,
        default=HOLDOUT,
        help=f"share of the briefs to measure on, half to choose and half unseen; {HOLDOUT} if left out",
    )
    sub.add_argument(
        "--shots", metavar="K", type=_few, default=SHOTS, help=f"examples in the prompt; {SHOTS} if left out"
    )
    sub.add_argument(
        "--candidates",
        metavar="N",
        type=_few,
        default=CANDIDATES,
        help=f"sets of examples to try; {CANDIDATES} if left out",
    )
    sub.add_argument("--limit", metavar="N", type=_whole, help="so many briefs of the harvest at most")
    sub.add_argument("--set", metavar="KEY=VALUE", action="append", default=[], help="one setting of all runs")
    sub.add_argument("--workers", metavar="K", type=_few, help="runs side by side; one per core if left out")
    sub.add_argument("--to", metavar="FOLDER", type=Path, help="where to save; OVERPAINT_HOME/prompts if left out")
    add_json(sub)


def tune(args: argparse.Namespace) -> int:
    """Tune a prompt, save the best version, and say whether it beat the old one; 130 when it was interrupted.

    Raises:
        BadInput: something given cannot be used; nothing was run. Or this machine is at fault (a full disk).
        ProviderFault: a provider failed all runs.
    """
    from overpaint.evaluation.harness import complete
    from overpaint.evaluation.tune import evidence
    from overpaint.evaluation.tune import tune as measure
    from overpaint.evaluation.tune_versions import save, written
    from overpaint.tools.home import current_home

    plan = _plan(args)
    for line in _plan_lines(plan):
        say(line, _out(args))
    result = measure(plan, partial(complete, workers=args.workers))
    if result is None:
        say("overpaint: interrupted; the same command goes on where it was", sys.stderr)
        if args.json:
            say_json({"status": "interrupted"})
        return INTERRUPTED
    best = plan.prompt(result.best)
    text, folder = written(best, _purpose(plan, result)), args.to or current_home() / "prompts"
    file = save(folder.absolute(), best.name, text, evidence(plan, result))
    _tell(args, plan, result, file)
    return 0


def _plan(args: argparse.Namespace) -> Plan:
    """What will be measured, each part seen to be usable before anything is run."""
    from overpaint.evaluation.harvest_file import read_harvest
    from overpaint.evaluation.tune import NODES, Asked, plan
    from overpaint.given import with_files
    from overpaint.run import preflight

    if args.node not in NODES:  # before a large file is read
        raise BadInput(f"the node {clean(args.node, 60)!r} cannot be tuned, only: {', '.join(NODES)}")
    asked = Asked(args.shots, args.candidates, args.holdout, args.limit)
    found = plan(read_harvest(args.harvest.absolute()), args.node, asked, with_files(settings_from(args.set)))
    asyncio.run(preflight("a red circle", None, found.settings))
    return found


def _plan_lines(plan: Plan) -> list[str]:
    bad, parts = plan.harvest.bad, plan.split
    lines = [f"{counted(len(bad), 'line')} of the harvest cannot be used:"] if bad else []
    lines += [f"  {clean(one['where'], 60)}: {clean(one['reason'], 200)}" for one in bad[:SHOWN]]
    lines += [f"  and {len(bad) - SHOWN:,} more"] if len(bad) > SHOWN else []
    others = sorted({line.painter for line in plan.harvest.lines} - {plan.settings.painter, ""})
    if others:
        lines.append(f"the harvest was painted by {clean(', '.join(others), 100)}, here paints {plan.settings.painter}")
    sizes = f"{len(parts.examples)} for examples, {len(parts.validation)} to choose, {len(parts.unseen)} unseen"
    runs = (len(plan.sets) + 1) * len(parts.validation) + 2 * len(parts.unseen)
    return [
        *lines,
        f"briefs: {sizes}",
        f"{counted(len(plan.sets), 'candidate')} of {counted(plan.asked.shots, 'example')}: {counted(runs, 'run')} of"
        " one picture each",
    ]


def _tell(args: argparse.Namespace, plan: Plan, result: Result, file: Path) -> None:
    for line in _result_lines(plan, result):
        say(line, _out(args))
    say(f"saved: {file}", _out(args))
    if args.json:
        say_json(_to_json(result, file))


def _result_lines(plan: Plan, result: Result) -> list[str]:
    from overpaint.evaluation.grids import grid, percent
    from overpaint.evaluation.tune import OLD, TUNED

    rows = [[name, percent(rate)] for name, rate in result.validation.items()]
    table = grid(f"Success in % of {len(plan.split.validation)} briefs, {result.success_by}", ["version", "%"], rows)
    old, tuned, test = result.unseen[OLD], result.unseen[TUNED], result.test
    beat = "beat" if result.better else "did not beat"
    return [
        "",
        *table.splitlines(),
        "",
        f"{result.best} {beat} the old version on {counted(test.shared, 'unseen brief')}, {result.success_by}:"
        f" {percent(tuned)}% against {percent(old)}%; {test.n10} right only with it, {test.n01} only with the old"
        f" version, p = {test.p:.2g}",
        f"spent: {receipt_line(result.spent)}",
    ]


def _purpose(plan: Plan, result: Result) -> str:
    test, verdict = result.test, "Better" if result.better else "Not better"
    return (
        f"{plan.old.purpose} With {plan.asked.shots} examples. {verdict} than {plan.old.label} on {test.shared} unseen"
        f" briefs: {test.n10} right only with it, {test.n01} only without (p = {test.p:.2g})."
    )


def _to_json(result: Result, file: Path) -> dict[str, Any]:
    return {
        "status": "done",
        "better": result.better,
        "file": str(file),
        "chosen": result.best,
        "validation": {name: asdict(rate) for name, rate in result.validation.items()},
        "unseen": {name: asdict(rate) for name, rate in result.unseen.items()},
        "paired": asdict(result.test),
        "success_by": result.success_by,
        "experiments": result.experiments,
        "spent": result.spent,
    }


def _out(args: argparse.Namespace) -> Any:
    return sys.stderr if args.json else sys.stdout


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = 0.0
    if not 0 < share < 1:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a share between 0 and 1")
    return share


def _few(text: str) -> int:
    return _whole(text, 64)


def _whole(text: str, most: int = 99_999) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text[:9]) <= most:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a whole number from 1 to {most:,}")
    return int(text)
