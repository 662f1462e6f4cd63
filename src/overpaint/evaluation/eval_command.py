"""`overpaint eval`: the same briefs under several presets, with the same seeds, models and budget."""

from __future__ import annotations

import argparse
import asyncio
import sys
from argparse import Namespace
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from overpaint.commands import say_json, settings_from
from overpaint.evaluation.extras import extra
from overpaint.phrases import clean, counted
from overpaint.plain import say
from overpaint.tools.faults import BadInput

if TYPE_CHECKING:
    from overpaint.evaluation.experiment import Experiment
    from overpaint.evaluation.nouns import Dataset
    from overpaint.graph.settings import Settings

BUDGET = 8
INTERRUPTED = 130


def add_eval(sub: argparse.ArgumentParser) -> None:
    """Of `eval`."""
    sub.add_argument(
        "dataset",
        metavar="DATASET",
        nargs="?",
        help="scenes, a known name, hub:OWNER/NAME, or a file; with --resume it may be left out, as may all else but"
        " --name",
    )
    sub.add_argument("--preset", metavar="A,B,…", help="the presets to compare")
    sub.add_argument("--budget", metavar="N", type=_whole, help=f"most pictures for each brief; {BUDGET} if left out")
    sub.add_argument("--limit", metavar="N", type=_whole, help="so many rows of the dataset at most")
    sub.add_argument("--sample", metavar="SEED", type=int, help="rows drawn by this seed, not the first")
    sub.add_argument("--columns", metavar="brief=…,id=…", help="which column holds what, in a file of your own")
    sub.add_argument("--images", metavar="DIR", type=Path, help="the folder of the dataset's reference pictures")
    sub.add_argument("--set", metavar="KEY=VALUE", action="append", default=[], help="one setting of all presets")
    sub.add_argument(
        "--workers",
        metavar="K",
        type=_whole,
        help="runs side by side; if left out, one per core, or one where large models run here",
    )
    sub.add_argument("--name", metavar="EXPERIMENT", help="what to call it; dataset and time if left out")
    sub.add_argument("--out", metavar="DIR", type=Path, help="where to keep it; OVERPAINT_HOME/experiments if left out")
    sub.add_argument("--resume", action="store_true", help="go on with the experiment of this --name")
    sub.add_argument("--langsmith", action="store_true", help="upload it to LangSmith as a dataset and experiments")
    sub.add_argument("--json", action="store_true", help="print one JSON object on stdout, everything else on stderr")


def evaluate(args: Namespace) -> int:
    """Run an evaluation, or the rest of one, and print its table; 3 when every run failed, 130 when it was interrupted.

    Raises:
        BadInput: something given cannot be used; nothing was run. Or this machine is at fault (a full disk).
        ProviderFault: a provider failed the last runs, which are left to be done.
    """
    from overpaint.evaluation.eval_results import tell
    from overpaint.evaluation.harness import complete

    for package in ("numpy", "pyarrow", "scipy"):
        extra(package, "an evaluation")
    if args.langsmith:
        _see_langsmith()
    out = sys.stderr if args.json else sys.stdout
    experiment = _resumed(args) if args.resume else _begun(args, out)
    say(f"experiment {experiment.name}: {experiment.folder}", out)
    if not complete(experiment, args.workers):
        return _interrupted(args, experiment)
    return tell(experiment, as_json=args.json, langsmith=args.langsmith)


def _see_langsmith() -> None:
    """Find that LangSmith's key is not set before there is anything to upload.

    Raises:
        BadInput: it is not.
    """
    from overpaint.evaluation.langsmith_upload import open_client

    open_client()


def _begun(args: Namespace, out: Any) -> Experiment:
    from overpaint.evaluation.datasets.names import describe
    from overpaint.evaluation.experiment import checked_name, experiments_folder, refuse_taken
    from overpaint.evaluation.jobs import create

    if args.dataset is None:
        raise BadInput("no dataset is named; as in: overpaint eval scenes --preset one-shot,default --limit 20")
    name = checked_name(args.name or _dated(args.dataset))
    refuse_taken(experiments_folder(args.out) / name)
    budget = args.budget or BUDGET
    presets = _presets(args, budget)
    _see_usable(presets.values())
    dataset = _dataset(args)
    for line in describe(dataset):
        say(line, out)
    return create(name, dataset, presets, args.out, budget=budget, sample=args.sample)


def _resumed(args: Namespace) -> Experiment:
    from overpaint.evaluation.experiment import open_experiment
    from overpaint.evaluation.jobs import described, refuse_other
    from overpaint.graph.settings import merge

    if args.name is None:
        raise BadInput("which experiment is to be resumed? Give its --name, and --out if it had one")
    if args.dataset is None and (unread := _of_dataset(args)):
        raise BadInput(f"{unread[0]} is of a dataset: name the dataset too, or leave it out to go on as it was begun")
    experiment = open_experiment(args.name, args.out)
    asked: dict[str, Any] = {}
    if args.dataset is not None:
        asked["dataset"] = described(_dataset(args))
    if args.budget is not None:
        asked["budget"] = args.budget
    if args.preset is not None or args.set:
        presets = _presets(args, args.budget or experiment.about["budget"], list(experiment.about["presets"]))
        asked["presets"] = {name: settings.kept for name, settings in presets.items()}
    refuse_other(experiment, asked)
    _see_usable(merge(settings) for settings in experiment.about["presets"].values())
    return experiment


def _of_dataset(args: Namespace) -> list[str]:
    """The options that say what part of a dataset is meant, or how it is read, as far as they are given."""
    return [f"--{name}" for name in ("limit", "sample", "columns", "images") if getattr(args, name) is not None]


def _presets(args: Namespace, budget: int, recorded: Sequence[str] = ()) -> Mapping[str, Settings]:
    """The settings of the presets that are named, or else of those recorded."""
    from overpaint.evaluation.jobs import preset_settings
    from overpaint.given import with_files

    named = recorded if args.preset is None else [name.strip() for name in args.preset.split(",") if name.strip()]
    return preset_settings(named, with_files(settings_from(args.set)), budget)


def _see_usable(presets: Iterable[Settings]) -> None:
    """Find what would stop every run (a key that is not set, say) before there is any.

    Raises:
        BadInput: there is such a thing.
    """
    from overpaint.run import preflight

    for settings in presets:
        asyncio.run(preflight("a red circle", None, settings))


def _dataset(args: Namespace) -> Dataset:
    from overpaint.evaluation.datasets.names import load_dataset

    columns = None if args.columns is None else columns_from(args.columns)
    return load_dataset(args.dataset, limit=args.limit, sample=args.sample, columns=columns, images=args.images)


def columns_from(text: str) -> dict[str, str]:
    """Read `what=column` pairs, parted by commas.

    Raises:
        BadInput: one of them is no pair, or names again what another has named.
    """
    columns: dict[str, str] = {}
    for pair in text.split(","):
        what, equals, column = (part.strip() for part in pair.partition("="))
        if not (what and equals and column):
            raise BadInput(
                f"--columns {clean(pair, 60)!r} is not what=column; write for example --columns brief=caption"
            )
        if what in columns:
            raise BadInput(f"--columns names {clean(what, 60)} twice: {columns[what]} and {column}; name it once")
        columns[what] = column
    return columns


def _interrupted(args: Namespace, experiment: Experiment) -> int:
    done = counted(len(experiment.outcomes()), "run")
    say(f"overpaint: interrupted, {done} kept; go on with: {experiment.resume_command}", sys.stderr)
    if args.json:
        say_json({"status": "interrupted", "experiment": str(experiment.folder)})
    return INTERRUPTED


def _dated(dataset: str) -> str:
    stem = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in Path(dataset).stem).strip("-")
    return f"{stem[:60] or 'experiment'}-{datetime.now(UTC):%Y%m%d-%H%M%S}"


def _whole(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < len(text) < 6 or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a whole number from 1 to 99,999")
    return int(text)
