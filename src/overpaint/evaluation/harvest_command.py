"""`overpaint harvest`: finished runs as a dataset, a line each."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from overpaint.arguments import add_json
from overpaint.commands import say_json
from overpaint.phrases import clean, counted
from overpaint.plain import say
from overpaint.tools.faults import BadInput

if TYPE_CHECKING:
    from overpaint.evaluation.harvest import Harvest
    from overpaint.evaluation.nouns import BadRow

FILE = "harvest.jsonl"
SHOWN = 10


def add_harvest(sub: argparse.ArgumentParser) -> None:
    """Of `harvest`."""
    sub.add_argument(
        "--from",
        dest="source",
        metavar="EXPERIMENT|FOLDER",
        help="an experiment, by its name or folder, or a home folder; the runs of this home if left out",
    )
    sub.add_argument("--to", metavar="FILE", type=Path, help=f"the file to write; {FILE} in that folder if left out")
    sub.add_argument("--passed", action="store_true", help="leave out runs whose delivered picture did not pass")
    add_json(sub)


def harvest(args: argparse.Namespace) -> int:
    """Write what finished runs have learned, and list the runs that cannot be used.

    Raises:
        BadInput: there is no such experiment or folder, no run can be used, or the file cannot be written.
    """
    from overpaint.evaluation.harvest_file import write_harvest

    folder, found = asyncio.run(_found(args.source))
    lessons = [lesson for lesson in found.lessons if lesson["passed"] or not args.passed]
    out = sys.stderr if args.json else sys.stdout
    left_out = len(found.lessons) - len(lessons)
    for line in _unused(found.unusable, left_out):
        say(line, out)
    if not lessons:
        raise BadInput(f"no run in {folder} can be used: {_why_none(found, left_out)}")
    file = (args.to or folder / FILE).absolute()
    write_harvest(file, lessons)
    briefs = counted(len({lesson["brief"] for lesson in lessons}), "brief")
    say(f"harvested {counted(len(lessons), 'run')} of {briefs}: {file}", out)
    if args.json:
        said = {"file": str(file), "runs": len(lessons), "not_passed": left_out, "unusable": found.unusable}
        say_json({"status": "done", **said})
    return 0


async def _found(source: str | None) -> tuple[Path, Harvest]:
    """The folder of an experiment or a home, and what its runs have learned."""
    from overpaint.evaluation.experiment import open_experiment
    from overpaint.evaluation.harvest import harvest_experiment, harvest_home
    from overpaint.tools.home import current_home

    if source is None:
        return current_home(), await harvest_home()
    folder = await asyncio.to_thread(_home_at, source)
    if folder is not None:
        return folder, await harvest_home(folder)
    experiment = await asyncio.to_thread(open_experiment, source)
    return experiment.folder, await harvest_experiment(experiment)


def _home_at(source: str) -> Path | None:
    """The home folder of this path, if it is one: its database may be a server's, but its pictures are there."""
    folder = Path(source).expanduser().absolute()
    return folder if (folder / "images").is_dir() else None


def _unused(unusable: list[BadRow], left_out: int) -> list[str]:
    lines = [f"{counted(len(unusable), 'run')} cannot be used:"] if unusable else []
    lines += [f"  {clean(bad['where'], 80)}: {clean(bad['reason'], 200)}" for bad in unusable[:SHOWN]]
    lines += [f"  and {len(unusable) - SHOWN:,} more, listed by --json"] if len(unusable) > SHOWN else []
    return [*lines, *([f"{counted(left_out, 'run')} did not pass, left out by --passed"] if left_out else [])]


def _why_none(found: Harvest, left_out: int) -> str:
    if left_out:
        return f"{left_out} did not pass; leave --passed out"
    if found.unusable:
        return clean(f"the first, {found.unusable[0]['where']}: {found.unusable[0]['reason']}", 300)
    return "there is none; start one with overpaint refine"
