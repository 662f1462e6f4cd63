"""What each command does that drives no run; `cli.py` says how it is asked for, `run_commands.py` drives runs."""

from __future__ import annotations

import asyncio
import json
import math
import re
import sys
from argparse import Namespace
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from overpaint.phrases import clean, counted, making_lines, percent, way_on
from overpaint.plain import is_terminal, run_lines, say
from overpaint.result import Run, to_json
from overpaint.tools.faults import BadInput

if TYPE_CHECKING:
    from overpaint.runs import RunSummary


def settings_from(pairs: Iterable[str]) -> dict[str, Any]:
    """Read `key=value` pairs, each value a YAML 1.2 scalar: true, false, null, a number, else text; the last wins.

    Args:
        pairs: such as "rounds=4", "painter=shapes", "size=64x64". Only the first "=" splits.

    Raises:
        BadInput: a pair without "=", or whose key is no name.
    """
    settings: dict[str, Any] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not re.fullmatch(r"[A-Za-z_]\w*", key.strip(), re.ASCII):
            raise BadInput(f"--set {clean(pair, 60)!r} is not key=value; write for example --set rounds=4")
        settings[key.strip()] = _scalar(value)
    return settings


def given_settings(args: Namespace) -> dict[str, Any]:
    """The settings of `refine`: with --offline, the built-in models do every job that no --set gives to another."""
    given = settings_from(args.set)
    if not args.offline:
        return given
    from overpaint.given import OFFLINE

    return {**OFFLINE, **given}


def _scalar(text: str) -> Any:
    word = text.strip()
    if word in ("True", "TRUE", "False", "FALSE", "Null", "NULL"):
        word = word.lower()
    try:
        value = None if word == "~" else json.loads(word)
    except (ValueError, RecursionError):
        return text
    usable = value is None or isinstance(value, (bool, int, str)) or (isinstance(value, float) and math.isfinite(value))
    return value if usable else text


def runs(args: Namespace) -> int:
    """List the runs of the home folder, latest first."""
    from dataclasses import asdict

    from overpaint.runs import load_runs

    found = asyncio.run(load_runs())
    if args.json:
        say_json({"runs": [asdict(summary) for summary in found]})
        return 0
    for line in runs_lines(found):
        say(line)
    return 0


def runs_lines(found: list[RunSummary]) -> list[str]:
    """One line per run, in columns."""
    if not found:
        return ['no runs yet; start one with: overpaint refine "two red circles above a blue square"']
    wide = max(len(summary.run) for summary in found)
    return [
        f"{s.run:<{wide}}  {s.status:<11}  {percent(s.score):>4}  {counted(s.images, 'image'):>10}  "
        + clean(s.brief, 70)
        for s in found
    ]


def show(args: Namespace) -> int:
    """Show one run, the latest or the one named; or its last model calls."""
    if args.calls is not None:
        from overpaint import chronicle

        return int(chronicle.calls(args))
    from overpaint.runs import load_run

    run = asyncio.run(load_run(args.run))
    if args.json:
        say_json(to_json(run))
    else:
        show_run(run)
        from overpaint.reviewing import request_lines

        for line in [*candidate_lines(run), *(request_lines(run) if run.requests else []), way_on(run)]:
            say(line) if line else None
    return 0


def show_run(run: Run) -> None:
    """Print what a run came to: in colour on a terminal, in plain lines elsewhere."""
    if not is_terminal(sys.stdout):
        for line in run_lines(run):
            say(line)
        return
    from rich.console import Console

    from overpaint.live import print_run

    print_run(Console(highlight=False), run)


def candidate_lines(run: Run) -> list[str]:
    """For each candidate a line with id, action, parent, score and prompt, and below it how it came about."""
    from overpaint.cards import cards_of

    rows = []
    for card in cards_of(run):
        start = f"from {card.record['parent']}" if card.record["parent"] else ""
        said = card.score or clean(card.why, 60)
        star = "*" if card.champion else " "
        prompt = clean(card.record["prompt"], 90)
        rows.append(f"{star} {card.record['id']:<5} {card.action:<12} {start:<9} {said:<5} {prompt}")
        rows += [f"        {line}" for line in making_lines(card.record, card.picture)]
    return rows


def _elsewhere(module: str, name: str) -> Callable[[Namespace], int]:
    """A command of another module, imported when it is asked for: `--help` loads no framework."""
    return lambda args: int(getattr(import_module(f"overpaint.{module}"), name)(args))


history = _elsewhere("chronicle", "history")
watch = _elsewhere("watching", "watch")
export = _elsewhere("exporting", "export")
prune = _elsewhere("upkeep", "prune")
verify = _elsewhere("upkeep", "verify")


def presets(args: Namespace) -> int:
    """List the presets with what they set, then every setting with its meaning."""
    from overpaint.graph.settings import Settings, describe_preset, load_preset, preset_names

    for name in preset_names():
        say(f"{name}: {describe_preset(name)}")
        for key, value in load_preset(name).items():
            say(f"    {key}={_written(value)}")
    say("\nSettings, for --set key=value:")
    for key, field in Settings.model_fields.items():
        say(f"    {key} ({_written(field.default)}): {field.description}")
    return 0


def _written(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def doctor(args: Namespace) -> int:
    """Say what is usable; exit code 1 when the default preset cannot run."""
    from overpaint import doctor as examination

    checks = examination.diagnose()
    if args.probe:
        checks += _probed(args)
    if args.json:
        say_json(examination.to_json(checks))
    else:
        for check in checks:
            todo = "" if check.ok else f". To do: {check.todo}"
            say(f"{'✓' if check.ok else '✗'} {check.name}: {clean(check.found)}{todo}")
    return 0 if examination.usable(checks) else 1


def _probed(args: Namespace) -> list[Any]:
    """What the providers answer, and the servers that the settings at hand name."""
    from overpaint.graph.settings import merge
    from overpaint.probing import probe, servers_of
    from overpaint.providers import PROVIDERS

    return probe(PROVIDERS, servers_of(merge(settings_from(args.set))))


def say_json(said: Mapping[str, Any]) -> None:
    """Print one JSON object on stdout, in ASCII so that any terminal or pipe carries it."""
    say(json.dumps(said, indent=2 if is_terminal(sys.stdout) else None))
