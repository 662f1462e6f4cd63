"""The commands that look after a home folder: `prune` and `verify`."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from dataclasses import asdict
from typing import TYPE_CHECKING

from overpaint.commands import say_json
from overpaint.phrases import clean, counted
from overpaint.plain import say

if TYPE_CHECKING:
    from overpaint.pruning import Pruned
    from overpaint.verifying import Verified


def prune(args: Namespace) -> int:
    """Drop old runs and what only they referred to; `args` has keep_days, dry_run and json."""
    from overpaint import pruning

    told = asyncio.run(pruning.prune(args.keep_days, args.dry_run))
    if args.json:
        say_json({"dry_run": args.dry_run, **asdict(told)})
    else:
        for line in pruned_lines(told, dry_run=args.dry_run):
            say(line)
    return 0


def pruned_lines(told: Pruned, *, dry_run: bool) -> list[str]:
    """What a prune did, or would do."""
    did = "would drop" if dry_run else "dropped"
    open_ = [counted(told.waiting, "run") + " waiting for a person"] if told.waiting else []
    open_ += [counted(told.interrupted, "run") + " interrupted"] if told.interrupted else []
    files = ", ".join(counted(n, noun) for n, noun in ((told.images, "picture"), (told.records, "record")))
    unfinished = f" (of them {', '.join(open_)})" if open_ else ""
    lines = [f"{did} {counted(told.runs, 'run')}{unfinished}, kept {told.kept}"]
    lines += [f"{counted(told.running, 'old run')} stayed, since somebody works on it"] if told.running else []
    lines.append(f"{did} {files}, {counted(told.leftovers, 'leftover')}: {told.bytes / 1e6:.1f} MB")
    lines += [f"{counted(told.young, 'file')} used too lately: a later prune takes them"] if told.young else []
    return lines


def verify(args: Namespace) -> int:
    """Check every file and the database; exit code 1 when there is damage; `args` has json."""
    from overpaint import verifying

    told = asyncio.run(verifying.verify())
    if args.json:
        findings = [{**asdict(finding), "path": str(finding.path)} for finding in told.findings]
        say_json({"ok": told.ok, "findings": findings, "images": told.images, "records": told.records})
    else:
        for line in verified_lines(told):
            say(line)
    return 0 if told.ok else 1


def verified_lines(told: Verified) -> list[str]:
    """One line per finding, then the sum."""
    lines = [f"{finding.kind}: {clean(f'{finding.path}: {finding.said}')}" for finding in told.findings]
    checked = f"{counted(told.images, 'picture')} and {counted(told.records, 'record')} checked"
    return [*lines, f"{checked}: {'everything is whole' if told.ok else 'not everything is whole'}"]
