"""What each command of the command line is asked with."""

from __future__ import annotations

import argparse
from pathlib import Path

_CHECKLIST = "YAML, JSON, or one requirement per line; - for stdin"


def add_refine(sub: argparse.ArgumentParser) -> None:
    """Of `refine`: what to paint, and from what."""
    sub.add_argument("brief", metavar="BRIEF", nargs="?", help="what to paint; may be left out with --image")
    sub.add_argument("--preset", metavar="NAME", help="a named set of settings; see overpaint presets")
    sub.add_argument(
        "--image",
        metavar="FILE",
        type=Path,
        action="append",
        default=[],
        help="a picture to start from, or to describe when there is no brief; with --preset synthetic-prompts several",
    )
    sub.add_argument("--checklist", metavar="FILE", help=f"what pictures are judged by: {_CHECKLIST}")
    sub.add_argument("--offline", action="store_true", help="the built-in models do every job")
    sub.add_argument("--dry-run", action="store_true", help="say what would be done and cost at most, and do nothing")
    sub.add_argument(
        "--grid", metavar="RxC", help="with --preset synthetic-prompts: rows and columns of the pictures of one input"
    )
    sub.add_argument(
        "--post", metavar="URL", help="with --preset synthetic-prompts: a checker that all_metadata.json is sent to"
    )
    add_driving(sub)


def add_resume(sub: argparse.ArgumentParser) -> None:
    """Of `resume`."""
    sub.add_argument("run", metavar="RUN", nargs="?", help="a run's id, or the start of it; the latest if left out")
    sub.add_argument(
        "--answer",
        metavar="TEXT|JSON",
        help='to a run that waits: approve, reject, stop, a remark, or JSON such as {"decisions": [...]}',
    )
    add_driving(sub)


def add_fork(sub: argparse.ArgumentParser) -> None:
    """Of `fork`."""
    sub.add_argument("run", metavar="RUN", help="the parent's id, or the start of it; it stays as it is")
    sub.add_argument(
        "--from",
        dest="start",
        metavar="CANDIDATE|CHECKPOINT",
        help="where to branch off, such as 2.0 (see overpaint history); where the run stands if left out",
    )
    sub.add_argument("--prompt", metavar="TEXT", help="the prompt to paint next")
    sub.add_argument("--brief", metavar="TEXT", help="another brief; its prompt and checklist are written anew")
    sub.add_argument("--checklist", metavar="FILE", help=f"another checklist: {_CHECKLIST}")
    add_driving(sub)


def add_driving(sub: argparse.ArgumentParser) -> None:
    """Of every command that drives a run."""
    sub.add_argument("--set", metavar="KEY=VALUE", action="append", default=[], help="one setting; may be given again")
    sub.add_argument(
        "--out", metavar="DIR", type=Path, help="put champion.png, sheet.html, sheet.png and run.json here too"
    )
    sub.add_argument("--json", action="store_true", help="print one JSON object on stdout, everything else on stderr")
    sub.add_argument("--quiet", action="store_true", help="print the champion's path and nothing else")


def add_json(sub: argparse.ArgumentParser) -> None:
    """Of every command that can answer in JSON."""
    sub.add_argument("--json", action="store_true", help="print one JSON object on stdout")


def add_named(sub: argparse.ArgumentParser) -> None:
    """Of commands about one run."""
    sub.add_argument("run", metavar="RUN", nargs="?", help="a run's id, or the start of it; the latest if left out")
    add_json(sub)


def add_show(sub: argparse.ArgumentParser) -> None:
    """Of `show`."""
    sub.add_argument("--calls", metavar="N", type=_count, help="show its last N model calls instead")
    add_named(sub)


def add_export(sub: argparse.ArgumentParser) -> None:
    """Of `export`."""
    sub.add_argument(
        "target",
        metavar="CANDIDATE|RUN",
        nargs="?",
        help="a candidate, as RUN:2.0, as 2.0 of the latest run, or by its picture's sha256; or a run, for its champion"
        " (the latest if left out)",
    )
    sub.add_argument("--to", metavar="DIR", type=_folder, required=True, help="the folder to write to; made if missing")
    sub.add_argument("--all", action="store_true", help="every picture of the run that passed the gate")
    sub.add_argument(
        "--format",
        choices=("original", "png", "jpeg", "webp"),
        default="original",
        help="the format of the file; the one the picture is stored in if left out",
    )
    sub.add_argument("--no-metadata", action="store_true", help="leave all metadata out of the file")
    sub.add_argument("--force", action="store_true", help="overwrite files that differ")
    add_json(sub)


def add_doctor(sub: argparse.ArgumentParser) -> None:
    """Of `doctor`."""
    sub.add_argument(
        "--probe", action="store_true", help="ask every provider whose key is set; free, needs the network"
    )
    sub.add_argument(
        "--set",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="with --probe: servers to ask, as painter_base_url=…",
    )
    add_json(sub)


def add_prune(sub: argparse.ArgumentParser) -> None:
    """Of `prune`."""
    keep = (
        "keep the runs of the last N days; pictures of agents, outside any run, are kept as long, and at least an hour"
    )
    sub.add_argument("--keep-days", metavar="N", type=_count, required=True, help=keep)
    sub.add_argument("--dry-run", action="store_true", help="say what would go, and drop nothing")
    add_json(sub)


def _folder(text: str) -> Path:
    if not text.strip():
        raise argparse.ArgumentTypeError("no folder is named")
    return Path(text)


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a whole number of 0 or more")
    return int(text)
