"""The commands that drive a run, `refine`, `resume` and `fork`: shown as it happens, ended by signals, answered."""

from __future__ import annotations

import asyncio
import json
import sys
from argparse import Namespace
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from overpaint.commands import given_settings, say_json, settings_from, show_run
from overpaint.draining import draining
from overpaint.phrases import clean, way_on
from overpaint.plain import Lasting, PlainView, SilentView, View, is_terminal, say
from overpaint.result import Run, to_json
from overpaint.tools.faults import BadInput

if TYPE_CHECKING:
    from langgraph.runtime import RunControl

Stream = Callable[..., AsyncIterator[dict[str, Any]]]
"""Tells a run as events: `overpaint.run.stream`, or what a test gives instead."""

EXITS = {"passed": 0, "stopped": 1, "failed": 3, "waiting": 4, "interrupted": 130}
"""Exit code by a run's status; 2 is bad input."""


@dataclass
class Driven:
    """What is known of a run that is driven: its id as soon as there is one, the run at its end, whether it drained."""

    id: str | None = None
    run: Run | None = None
    drained: bool = False


def refine(args: Namespace, stream: Stream | None = None) -> int:
    """Refine a picture, showing it as it happens; prints the run in the form asked for."""
    settings = given_settings(args)
    if args.brief is None and not args.image:
        raise BadInput(
            'there is nothing to paint; give a brief, as in: overpaint refine "a red circle", or --image FILE'
        )
    from overpaint.batch_inputs import is_batch

    if is_batch(args.preset, settings):
        from overpaint import batch_command

        if args.checklist is not None:
            raise BadInput("--checklist goes with one prompt: leave it out where several are painted")
        return batch_command.plan(args) if args.dry_run else batch_command.paint(args)
    _refuse_batch(args)
    if args.dry_run:
        from overpaint.planning import dry_run

        return int(dry_run(args))
    _check_out(args)
    image = args.image[0] if args.image else None
    given = {"image": image, "preset": args.preset, "settings": settings, "out": args.out}
    given |= {"checklist": _checklist(args)} if args.checklist is not None else {}
    return _carry(args, lambda control: (stream or _stream("stream"))(args.brief, **given, control=control))


def resume(args: Namespace, stream: Stream | None = None) -> int:
    """Take a run up where it stands, with settings changed or a person's answer."""
    _check_out(args)
    answer = None if args.answer is None else answer_from(args.answer)
    given = {"settings": settings_from(args.set), "answer": answer, "out": args.out}
    return _carry(args, lambda control: (stream or _stream("stream_resumed"))(args.run, **given, control=control))


def fork(args: Namespace, stream: Stream | None = None) -> int:
    """Branch off from a candidate or a checkpoint of a run."""
    _check_out(args)
    given = {
        "start": args.start,
        "prompt": args.prompt,
        "brief": args.brief,
        "checklist": _checklist(args),
        "settings": settings_from(args.set),
        "out": args.out,
    }
    return _carry(args, lambda control: (stream or _stream("stream_fork"))(args.run, **given, control=control))


def answer_from(text: str) -> Any:
    """A person's answer on the command line: text, or the object or list that it is in JSON.

    Raises:
        BadInput: it is empty.
    """
    if not text.strip():
        raise BadInput("the answer is empty: say approve, reject, stop, or what to change")
    with suppress(ValueError, RecursionError):
        read = json.loads(text)
        if isinstance(read, (dict, list)):
            return read
    return text


async def follow(events: AsyncIterator[dict[str, Any]], view: View, driven: Driven, control: RunControl) -> Run:
    """Show every event and return the run at the end; a signal drains it, a second one ends this by cancelling it."""
    with draining(control, lambda line: say(line, sys.stderr)):
        async with aclosing(cast(AsyncGenerator[dict[str, Any]], events)) as source:
            with view:
                async for event in source:
                    view.on(event)
                    if event["kind"] == "started":
                        driven.id = event["run"]
                    if event["kind"] == "done":
                        return cast(Run, event["run"])
    raise RuntimeError("the stream of events ended without a run")


def view_of(args: Namespace) -> View:
    """Live on a terminal, plain lines elsewhere, nothing when quiet; on stderr when stdout is kept for JSON."""
    out = sys.stderr if args.json else sys.stdout
    if args.quiet:
        return SilentView(out)
    if not is_terminal(out):
        return PlainView(out)
    from rich.console import Console

    from overpaint.live import LiveView

    return LiveView(Console(file=cast(Any, Lasting(out)), highlight=False))


def _refuse_batch(args: Namespace) -> None:
    """What goes only with upsample_method=variations is refused elsewhere."""
    for name, given in (("several --image", len(args.image) > 1), ("--grid", args.grid), ("--post", args.post)):
        if given:
            raise BadInput(f"{name} goes with settings that paint several prompts: --preset synthetic-prompts")


def _checklist(args: Namespace) -> list[Any] | None:
    from overpaint.checklist_files import read_file

    return None if args.checklist is None else read_file(args.checklist)


def _check_out(args: Namespace) -> None:
    if args.out is not None:
        from overpaint.report import check_folder

        check_folder(args.out)


def _stream(name: str) -> Stream:
    import overpaint

    return cast(Stream, getattr(overpaint, name))


def _carry(args: Namespace, begin: Callable[[RunControl], AsyncIterator[dict[str, Any]]]) -> int:
    """Drive a run to its end, and on again for as long as a person at the terminal answers what it asks."""
    view, driven = view_of(args), Driven()
    drive(begin, view, driven)
    while driven.run is not None and driven.run.status == "waiting" and not driven.drained and _at_terminal(args):
        from overpaint.reviewing import review

        run, answer = driven.run.run, review(driven.run)
        if answer is None:
            say(f"overpaint: the run waits; go on with: overpaint resume {run}", sys.stderr)
            return EXITS["waiting"]
        drive(partial(_answered, run, answer, args), view, driven)
    return _finish(args, driven.run) if driven.run is not None else _interrupted(args, driven.id)


def _answered(run: str, answer: Any, args: Namespace, control: RunControl) -> AsyncIterator[dict[str, Any]]:
    # What `resume` was to change could not be changed while the run waited.
    settings = settings_from(args.set) if args.act is resume else {}
    return _stream("stream_resumed")(run, settings=settings, answer=answer, out=args.out, control=control)


def drive(begin: Callable[[RunControl], AsyncIterator[dict[str, Any]]], view: View, driven: Driven) -> None:
    """Drive a run from where it stands; `driven.run` stays None when it was stopped at once, or before it began."""
    from langgraph.errors import GraphDrained
    from langgraph.runtime import RunControl

    control, driven.run = RunControl(), None
    with suppress(KeyboardInterrupt, asyncio.CancelledError, GraphDrained):
        driven.run = asyncio.run(follow(begin(control), view, driven, control))
    driven.drained = control.drain_requested


def _at_terminal(args: Namespace) -> bool:
    """Whether somebody can be shown what is asked, and answer."""
    there = sys.stdin is not None and not sys.stdin.closed and sys.stdin.isatty() and sys.stdout.isatty()
    return there and not args.json and not args.quiet


def _finish(args: Namespace, run: Run) -> int:
    if args.json:
        say_json(to_json(run))
    elif args.quiet:
        path = run.image_path(run.champion) if run.champion else None
        say(str(path)) if path else None
    elif is_terminal(sys.stdout):
        show_run(run)
    again = ", and --set again" if args.act is resume and args.set and args.answer is None else ""
    say_end(run, bare=args.json or args.quiet, again=again)
    return EXITS[run.status]


def say_end(run: Run, *, bare: bool, stopped: str = "interrupted;", again: str = "") -> None:
    """Say what there is to do about a run that did not come to its end.

    Args:
        run: the run.
        bare: whether what it asks a person is left out, since nothing but a result may be on stdout.
        stopped: how to begin on a run that was interrupted.
        again: what else an answer needs.
    """
    from overpaint.reviewing import faults, request_lines

    said = {
        "waiting": "waiting for you;",
        "interrupted": stopped,
        "failed": f"{clean(run.error or run.why or 'the run failed').rstrip('.')};",
    }.get(run.status)
    if run.status == "waiting":
        for line in [] if bare else request_lines(run):
            say(line)
        for fault in faults(run):
            say(f"overpaint: the answer could not be used: {clean(fault)}", sys.stderr)
    if said is not None:
        say(f"overpaint: {said} {way_on(run)}{again if run.status == 'waiting' else ''}", sys.stderr)


def _interrupted(args: Namespace, run_id: str | None) -> int:
    go_on = f"; go on with: overpaint resume {run_id}" if run_id else ""
    say(f"overpaint: interrupted{go_on}", sys.stderr)
    if args.json:
        say_json(_left_behind(run_id))
    return EXITS["interrupted"]


def _left_behind(run_id: str | None) -> dict[str, Any]:
    bare = {"run": run_id, "status": "interrupted"}
    with suppress(BadInput, KeyboardInterrupt):
        from overpaint.runs import load_run

        return to_json(replace(asyncio.run(load_run(run_id)), status="interrupted")) if run_id else bare
    return bare
