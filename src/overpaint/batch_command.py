"""`overpaint refine` with several prompts for each input: every run shown, all files in one folder, posted if asked."""

from __future__ import annotations

import asyncio
import sys
from argparse import Namespace
from functools import partial
from pathlib import Path
from typing import Any

from overpaint.batch import Batch, Made, Missing, open_batch
from overpaint.batch_inputs import Source
from overpaint.commands import given_settings, say_json
from overpaint.phrases import clean, counted
from overpaint.plain import say
from overpaint.planning import of_all, planned, say_plan
from overpaint.posting import answer_lines, check_url, post_folder
from overpaint.run_commands import EXITS, Driven, drive, view_of
from overpaint.tools.faults import BadInput, ProviderFault

CODES = {"failed": 3, "bad input": 2, "waiting": 4}
"""Exit code by what is missing, the gravest first."""


def paint(args: Namespace) -> int:
    """Run every input, and write what each came to as soon as it is there.

    Raises:
        BadInput: something given cannot be used; nothing has been painted.
    """
    batch = _opened(args, args.out)
    for place, source in enumerate(batch.sources, 1):
        _note(args, f"input {place} of {len(batch.sources)}: {clean(source.said, 200)}")
        if not _carried(batch, source, args):
            return _interrupted(batch, args)
    posted, fault = _posted(batch, args)
    if args.json:
        say_json(_object(batch, "failed" if batch.result.missing or fault else "done", posted))
    elif batch.result.made:
        say(str(batch.result.metadata if args.quiet else f"files: {batch.result.folder}"))
    statuses = {missing.status for missing in batch.result.missing} | ({"failed"} if fault else set())
    return next((code for status, code in CODES.items() if status in statuses), 0)


def plan(args: Namespace) -> int:
    """Say what it would take at most, and do nothing.

    Raises:
        BadInput: something given cannot be used.
    """
    batch, brief = _opened(args, None), args.brief and args.brief.strip()
    told = asyncio.run(planned(brief, batch.preset, batch.settings, described=brief is None))
    return say_plan(args, of_all(told, len(batch.sources)))


def _opened(args: Namespace, out: Path | None) -> Batch:
    if args.checklist is not None:
        raise BadInput("--checklist goes with one brief that is judged: leave it out")
    if args.post is not None:
        check_url(args.post)
    settings = given_settings(args)
    return asyncio.run(
        open_batch(args.image, args.brief, preset=args.preset, settings=settings, out=out, grid=args.grid)
    )


def _carried(batch: Batch, source: Source, args: Namespace) -> bool:
    """Run one input and write its files; False when the batch is to end here."""
    driven = Driven()
    try:
        drive(partial(batch.events, source), view_of(args), driven)
        if driven.run is None or driven.run.status == "interrupted":
            return False
        batch.conclude(source, driven.run)
    except (BadInput, ProviderFault) as fault:
        batch.refuse(source, fault)
    for made in (made for made in batch.result.made if made.source == source):
        files = counted(len(made.image_paths), "picture")
        _note(args, f"{clean(source.said, 200)}: {files} and {made.grid.name} in {batch.result.folder}")
    for missing in (missing for missing in batch.result.missing if missing.source == source):
        more = f"; overpaint show {missing.run} tells more" if missing.run else ""
        say(f"overpaint: {clean(source.said, 200)}: {clean(missing.why, 600)}{more}", sys.stderr)
    return not (driven.drained and batch.left)


def _interrupted(batch: Batch, args: Namespace) -> int:
    """Say what is done, and that the same command goes on: runs.json in the folder knows the run that was at work."""
    done = ", ".join(clean(made.source.said, 200) for made in batch.result.made) or "nothing"
    left = ", ".join(clean(source.said, 200) for source in batch.left)
    same = "the same command" if args.out is not None else f"the same command and --out {batch.result.folder}"
    say(f"overpaint: interrupted; done: {done}; not done: {left}; go on with {same}", sys.stderr)
    if args.json:
        say_json(_object(batch, "interrupted", None))
    return EXITS["interrupted"]


def _posted(batch: Batch, args: Namespace) -> tuple[Any, ProviderFault | None]:
    """The checker's answer, or its fault; nothing where none was asked for, or nothing was made."""
    if args.post is None or not batch.result.made:
        return None, None
    try:
        posted = post_folder(batch.result.folder, args.post)
    except ProviderFault as fault:
        say(f"overpaint: {clean(str(fault))}", sys.stderr)
        return None, fault
    for line in answer_lines(posted):
        _note(args, line)
    return posted, None


def _object(batch: Batch, status: str, posted: Any) -> dict[str, Any]:
    """The one object of `--json`."""
    result = batch.result
    return {
        "status": status,
        "folder": str(result.folder),
        "metadata": str(result.metadata) if result.made else None,
        "made": [_made_json(made) for made in result.made],
        "missing": [_missing_json(missing) for missing in result.missing],
    } | ({"posted": posted} if posted is not None else {})


def _made_json(made: Made) -> dict[str, Any]:
    return {
        "input": made.source.said,
        "run": made.run.run,
        "original_description": made.run.brief,
        "prompts": made.prompts,
        "image_paths": [str(path) for path in made.image_paths],
        "grid": str(made.grid),
    }


def _missing_json(missing: Missing) -> dict[str, Any]:
    return {"input": missing.source.said, "run": missing.run, "status": missing.status, "error": missing.why}


def _note(args: Namespace, line: str) -> None:
    """A line between the runs."""
    if not args.quiet:
        say(line, sys.stderr if args.json else sys.stdout)
