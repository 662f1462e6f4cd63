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

from overpaint import arguments, commands, posting, run_commands
from overpaint.evaluation import compare_command, eval_command, harvest_command, score_command, tune_command
from overpaint.phrases import clean
from overpaint.plain import say
from overpaint.run_commands import Stream
from overpaint.server import serve_command
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
        ("refine", run_commands.refine, "paint until the picture shows the brief", arguments.add_refine),
        (
            "resume",
            run_commands.resume,
            "go on with a run that was interrupted, waits, or hit a cap",
            arguments.add_resume,
        ),
        ("fork", run_commands.fork, "start a new run from a picture or a checkpoint of another", arguments.add_fork),
        ("runs", commands.runs, "list the runs of this home folder", arguments.add_json),
        ("show", commands.show, "show one run, the latest if none is named", arguments.add_show),
        ("history", commands.history, "draw the candidates, checkpoints and forks of a run", arguments.add_named),
        ("watch", commands.watch, "follow a run that another process works on", arguments.add_named),
        ("export", commands.export, "write pictures as files, with what is known of them", arguments.add_export),
        ("post", posting.post, "send what a batch made to a checker", posting.add_post),
        ("eval", eval_command.evaluate, "run many briefs under several presets, and compare", eval_command.add_eval),
        ("score", score_command.score, "score the pictures of an experiment", score_command.add_score),
        ("compare", compare_command.compare, "say how two experiments differ", compare_command.add_compare),
        ("harvest", harvest_command.harvest, "turn finished runs into a dataset", harvest_command.add_harvest),
        ("tune", tune_command.tune, "give a prompt the examples that help most, as measured", tune_command.add_tune),
        ("serve", serve_command.serve, "serve the page, LangGraph's API, images and MCP", serve_command.add_serve),
        ("prune", commands.prune, "drop old runs, and the pictures that nothing refers to", arguments.add_prune),
        ("verify", commands.verify, "look for damage in what is kept", arguments.add_json),
        ("doctor", commands.doctor, "say what is usable here", arguments.add_doctor),
        ("presets", commands.presets, "list the presets and all settings", None),
    ):
        drives = EPILOG if add in (arguments.add_refine, arguments.add_resume, arguments.add_fork) else None
        sub = command.add_parser(
            name, allow_abbrev=False, help=text, description=f"{text[0].upper()}{text[1:]}.", epilog=drives
        )
        sub.set_defaults(act=act)
        if add is not None:
            add(sub)
    return top


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
