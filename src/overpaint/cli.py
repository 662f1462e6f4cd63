"""The command line: how each command is asked for, and how its faults are told.

Exit codes: 0 passed, 1 stopped without passing, 2 bad input, 3 provider failure, 4 waiting for a person,
130 interrupted.
70 is a fault of overpaint itself, with its traceback.
With `--json`, stdout carries exactly one object, also when something failed: {"status": "failed", "error": "..."}.
"""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NoReturn

from overpaint import commands, run_commands
from overpaint.phrases import clean
from overpaint.plain import say
from overpaint.run_commands import Stream
from overpaint.tools.faults import BadInput, ProviderFault

EPILOG = """exit codes: 0 passed, 1 stopped without passing (the best picture is still delivered), 2 bad input,
3 provider failure, 4 waiting for a person, 130 interrupted"""


BUG = 70
"""EX_SOFTWARE of sysexits.h."""


class Parser(argparse.ArgumentParser):
    """Tells faults as BadInput, one line each, instead of printing usage and leaving."""

    def error(self, message: str) -> NoReturn:
        """Refuse the arguments.

        Raises:
            BadInput: always.
        """
        raise BadInput(f"{clean(message, 300)}; see {self.prog} --help")


def main(argv: Sequence[str] | None = None, *, stream: Stream | None = None) -> int:
    """Run one command and return its exit code.

    Args:
        argv: the arguments; those of the process when None.
        stream: tells the run of `refine`, `resume` or `fork` as events; the real one when None.
    """
    argv = sys.argv[1:] if argv is None else argv
    _prepare_streams()
    try:
        _read_env()
        args = parser().parse_args(argv)
        return int(args.act(args) if stream is None else args.act(args, stream))
    except BadInput as error:
        return _refuse(error, 2, as_json="--json" in argv)
    except ProviderFault as error:
        return _refuse(error, 3, as_json="--json" in argv)
    except KeyboardInterrupt:
        say("overpaint: interrupted", sys.stderr)
        return 130
    except Exception as error:  # noqa: BLE001  the last resort: a script gets its object and an exit code of its own
        traceback.print_exc()
        fault = RuntimeError(f"a fault of overpaint, please report it: {error!r}")
        return _refuse(fault, BUG, as_json="--json" in argv)


def parser() -> Parser:
    """The whole command line."""
    top = Parser(
        prog="overpaint",
        allow_abbrev=False,
        description="Paint a picture from a brief, look at it, and paint again until it shows what was asked.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"overpaint {_version()}")
    command = top.add_subparsers(metavar="COMMAND", required=True)
    for name, act, text, add in (
        ("refine", run_commands.refine, "paint until the picture shows the brief", _add_refine),
        ("resume", run_commands.resume, "go on with a run that was interrupted, waits, or hit a cap", _add_resume),
        ("fork", run_commands.fork, "start a new run from a picture or a checkpoint of another", _add_fork),
        ("runs", commands.runs, "list the runs of this home folder", _add_json),
        ("show", commands.show, "show one run, the latest if none is named", _add_show),
        ("history", commands.history, "draw the candidates, checkpoints and forks of a run", _add_named),
        ("watch", commands.watch, "follow a run that another process works on", _add_named),
        ("export", commands.export, "write pictures as files, with what is known of them", _add_export),
        ("prune", commands.prune, "drop old runs, and the pictures that nothing refers to", _add_prune),
        ("verify", commands.verify, "look for damage in what is kept", _add_json),
        ("doctor", commands.doctor, "say what is usable here", _add_doctor),
        ("presets", commands.presets, "list the presets and all settings", None),
    ):
        drives = EPILOG if add in (_add_refine, _add_resume, _add_fork) else None
        sub = command.add_parser(
            name, allow_abbrev=False, help=text, description=f"{text[0].upper()}{text[1:]}.", epilog=drives
        )
        sub.set_defaults(act=act)
        if add is not None:
            add(sub)
    return top


def _add_refine(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("brief", metavar="BRIEF", nargs="?", help="what to paint; may be left out with --image")
    sub.add_argument("--preset", metavar="NAME", help="a named set of settings; see overpaint presets")
    sub.add_argument(
        "--image", metavar="FILE", type=Path, help="a picture to start from, or to describe when there is no brief"
    )
    sub.add_argument("--dry-run", action="store_true", help="say what would be done and cost at most, and do nothing")
    _add_driving(sub)


def _add_resume(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("run", metavar="RUN", nargs="?", help="a run's id, or the start of it; the latest if left out")
    sub.add_argument(
        "--answer",
        metavar="TEXT|JSON",
        help='to a run that waits: approve, reject, stop, a remark, or JSON such as {"decisions": [...]}',
    )
    _add_driving(sub)


def _add_fork(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("run", metavar="RUN", help="the parent's id, or the start of it; it stays as it is")
    sub.add_argument(
        "--from",
        dest="start",
        metavar="CANDIDATE|CHECKPOINT",
        help="where to branch off, such as 2.0 (see overpaint history); where the run stands if left out",
    )
    sub.add_argument("--prompt", metavar="TEXT", help="the prompt to paint next")
    sub.add_argument("--brief", metavar="TEXT", help="another brief; its prompt and checklist are written anew")
    sub.add_argument(
        "--checklist", metavar="FILE", help="another checklist: YAML, JSON, or one requirement per line; - for stdin"
    )
    _add_driving(sub)


def _add_driving(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--set", metavar="KEY=VALUE", action="append", default=[], help="one setting; may be given again")
    sub.add_argument(
        "--out", metavar="DIR", type=Path, help="put champion.png, sheet.html, sheet.png and run.json here too"
    )
    sub.add_argument("--json", action="store_true", help="print one JSON object on stdout, everything else on stderr")
    sub.add_argument("--quiet", action="store_true", help="print the champion's path and nothing else")


def _add_json(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--json", action="store_true", help="print one JSON object on stdout")


def _add_named(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("run", metavar="RUN", nargs="?", help="a run's id, or the start of it; the latest if left out")
    _add_json(sub)


def _add_show(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--calls", metavar="N", type=_count, help="show its last N model calls instead")
    _add_named(sub)


def _add_export(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "target",
        metavar="CANDIDATE|RUN",
        nargs="?",
        help="a candidate, as RUN:2.0, as 2.0 of the latest run, or by its picture's sha256; or a run, for its champion"
        " (the latest if left out)",
    )
    sub.add_argument("--to", metavar="DIR", type=Path, required=True, help="the folder to write to; made if missing")
    sub.add_argument("--all", action="store_true", help="every picture of the run that passed the gate")
    sub.add_argument(
        "--format",
        choices=("original", "png", "jpeg", "webp"),
        default="original",
        help="the format of the file; the one the picture is stored in if left out",
    )
    sub.add_argument("--no-metadata", action="store_true", help="leave all metadata out of the file")
    sub.add_argument("--force", action="store_true", help="overwrite files that differ")
    _add_json(sub)


def _add_doctor(sub: argparse.ArgumentParser) -> None:
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
    _add_json(sub)


def _add_prune(sub: argparse.ArgumentParser) -> None:
    keep = (
        "keep the runs of the last N days; pictures of agents, outside any run, are kept as long, and at least an hour"
    )
    sub.add_argument("--keep-days", metavar="N", type=_count, required=True, help=keep)
    sub.add_argument("--dry-run", action="store_true", help="say what would go, and drop nothing")
    _add_json(sub)


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a whole number of 0 or more")
    return int(text)


def _refuse(error: Exception, code: int, *, as_json: bool) -> int:
    said = clean(str(error), 1000)
    say(f"overpaint: {said}", sys.stderr)
    if as_json:
        commands.say_json({"status": "failed", "error": said})
    return code


def _prepare_streams() -> None:
    """Make both streams fit to be written to: there (a daemon has none), and never failing on a character."""
    for name in ("stdout", "stderr"):
        out = getattr(sys, name)
        if out is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115
        elif hasattr(out, "reconfigure"):
            out.reconfigure(errors="replace")


def _read_env() -> None:
    from dotenv import load_dotenv

    file = Path(".env")
    try:
        load_dotenv(file.absolute(), override=False)
    except (OSError, ValueError) as error:
        raise BadInput(f"cannot read {file.absolute()}: {clean(str(error), 120)}; mend it or move it away") from error


def _version() -> str:
    try:
        return version("overpaint")
    except PackageNotFoundError:
        return "(not installed)"
