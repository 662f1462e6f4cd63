"""The commands that tell how a run came about: `history`, and `show --calls`."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from overpaint.ancestry import Ancestry, Fork, Step, read_ancestry
from overpaint.commands import say_json
from overpaint.graph.kept import Kept
from overpaint.graph.state import State
from overpaint.phrases import ACTIONS, clean, making_lines, passed_of, percent, score_of, unjudged_why
from overpaint.plain import say
from overpaint.result import picture_path, suggestion_json
from overpaint.runs import status_of
from overpaint.tools.faults import BadInput

DEEPEST = 16
"""Levels a tree is indented at most; deeper candidates stand below each other and name their parent all the same."""


def history(args: Namespace) -> int:
    """Tell the tree of a run: candidates, checkpoints and forks; `args` has run and json."""
    told = asyncio.run(read_ancestry(args.run))
    if args.json:
        say_json(history_json(told))
    else:
        for line in history_lines(told):
            say(line)
    return 0


def calls(args: Namespace) -> int:
    """Tell the last model calls of a run; `args` has run, calls (how many) and json."""
    from overpaint.call_lines import call_lines
    from overpaint.graph.kept import find_run
    from overpaint.tools.call_log import read_calls
    from overpaint.tools.database import open_database

    if args.calls < 1:
        raise BadInput(f"--calls {args.calls} is none: give how many of the last calls to show, 1 or more")

    async def read() -> tuple[str, list[Any]]:
        run = (await find_run(args.run)).values["run"]
        return run, await read_calls(open_database(), run, args.calls)

    run, found = asyncio.run(read())
    if args.json:
        say_json({"run": run, "calls": [asdict(call) for call in found]})
        return 0
    for line in call_lines(found) if found else [f"run {run} has made no model calls"]:
        say(line)
    return 0


def history_json(told: Ancestry) -> dict[str, Any]:
    """All that `history_lines` says, as JSON."""
    values = told.newest.values
    return {
        "run": values["run"],
        "thread": told.newest.thread,
        "status": status_of(told.newest),
        "brief": values["asked"]["text"],
        "forked_from": values.get("forked_from"),
        "candidates": [_step_json(told, step) for step in told.steps],
        "unpainted": _unpainted(values),
        "checkpoints": [_checkpoint_json(kept) for kept in told.forkable],
        "branches": [{"checkpoint": at, "children": found} for at, found in told.branches.items()],
        "forks": [_fork_json(fork) for fork in told.forks],
    }


def history_lines(told: Ancestry) -> list[str]:
    """The tree in plain lines."""
    values = told.newest.values
    lines = [f"run {values['run']}: {clean(values['asked']['text'], 200)}", f"status: {status_of(told.newest)}"]
    if origin := values.get("forked_from"):
        lines.append(f"forked from {_place(origin['candidate'], origin['checkpoint'])} of run {origin['run']}")
    lines += ["candidates (* champion; the id after @ is the checkpoint a fork of it begins at):"]
    lines += list(_tree(told)) or ["  none yet"]
    lines += [f"suggested next, and not painted: {clean(prompt)}" for prompt in _unpainted(values)]
    lines += ["checkpoints to fork from:", *(_checkpoint_line(told, kept) for kept in told.forkable)]
    if told.branches:
        lines.append("branches within the thread:")
        lines += [
            f"  {at[: told.digits]} goes on as {', '.join(one[: told.digits] for one in found)}"
            for at, found in told.branches.items()
        ]
    lines += ["forks:", *_fork_lines(told.forks, 1)] if told.forks else ["no forks"]
    return lines


def _unpainted(values: State) -> list[str]:
    """The prompts that the critic proposed for a round of which nothing was painted."""
    painted = any(candidate["round"] == values.get("round") for candidate in values.get("candidates", {}).values())
    return [] if painted or "critique" not in values else [p["prompt"] for p in values["critique"]["proposals"]]


def _tree(told: Ancestry) -> Iterator[str]:
    children: dict[str | None, list[Step]] = {}
    for step in told.steps:
        children.setdefault(step.parent, []).append(step)
    waiting = [(step, 0) for step in reversed(children.get(None, []))]
    while waiting:
        step, depth = waiting.pop()
        indent = "  " * min(depth, DEEPEST)
        yield f"{'*' if step.champion else ' '} {indent}{_step_words(told, step)}"
        for line in making_lines(step.record, picture_path(told.images, step.record)):
            yield f"      {indent}{line}"
        waiting += [(child, depth + 1) for child in reversed(children.get(step.sha256, []))]


def _step_words(told: Ancestry, step: Step) -> str:
    record = step.record
    start = f" from {record['parent']}" if record["parent"] else ""
    said = percent(score_of(record)) if score_of(record) is not None else clean(unjudged_why(record), 60)
    at = f" @{step.checkpoint[: told.digits]}" if step.checkpoint else ""
    inherited = " inherited" if record["run"] != told.newest.values["run"] else ""
    action, prompt = ACTIONS.get(record["action"], record["action"]), clean(record["prompt"], 70)
    return f"{record['id']} {action}{start}: {said}{at}{inherited}  {prompt}"


def _step_json(told: Ancestry, step: Step) -> dict[str, Any]:
    record, picture = step.record, picture_path(told.images, step.record)
    return {
        "id": record["id"],
        "parent": record["parent"],
        "round": record["round"],
        "action": record["action"],
        "outcome": record["outcome"],
        "score": score_of(record),
        "passed": passed_of(record),
        "prompt": record["prompt"],
        **suggestion_json(record),
        "image": None if picture is None else str(picture),
        "run": record["run"],
        "record": step.sha256,
        "champion": step.champion,
        "checkpoint": step.checkpoint,
    }


def _checkpoint_line(told: Ancestry, kept: Kept) -> str:
    following = f"next: {', '.join(kept.next)}" if kept.next else "the end"
    return f"  {kept.checkpoint[: told.digits]}  {kept.updated[:19]}  round {_round(kept)}  {following}"


def _checkpoint_json(kept: Kept) -> dict[str, Any]:
    return {
        "id": kept.checkpoint,
        "parent": kept.parent,
        "time": kept.updated,
        "round": _round(kept),
        "next": list(kept.next),
    }


def _round(kept: Kept) -> int:
    return max(0, kept.values.get("round", 0))


def _fork_lines(forks: list[Fork], depth: int) -> Iterator[str]:
    for fork in forks:
        place = _place(fork.origin["candidate"], fork.origin["checkpoint"])
        yield f"{'  ' * min(depth, DEEPEST)}{fork.run} from {place}: {fork.status}"
        yield from _fork_lines(fork.forks, depth + 1)


def _fork_json(fork: Fork) -> dict[str, Any]:
    return {
        "run": fork.run,
        "status": fork.status,
        "forked_from": fork.origin,
        "forks": [_fork_json(one) for one in fork.forks],
    }


def _place(candidate: str | None, checkpoint: str) -> str:
    return f"candidate {candidate}" if candidate else f"checkpoint {checkpoint[:13]}"
