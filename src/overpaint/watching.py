"""Following a run that another process drives: its checkpoints are read as they come, and told as `refine` tells them.

Nothing is written. What is never in a checkpoint, the painter's single steps, is not told.
"""

from __future__ import annotations

import asyncio
import sys
from argparse import Namespace
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from overpaint.commands import say_json
from overpaint.events import Event, Narrator, relayed
from overpaint.graph.flow import build_graph
from overpaint.graph.kept import Graph, Kept, find_run, read_history, read_thread
from overpaint.graph.persistence import open_checkpointer
from overpaint.graph.state import State
from overpaint.plain import say
from overpaint.result import to_json
from overpaint.runs import restore, worker_on
from overpaint.tools.faults import BadInput
from overpaint.tools.home import use_home

POLL_SECONDS, SLOWEST_SECONDS = 0.5, 3.0
"""How often a thread is looked at, and how seldom when nothing has changed for long."""
PATIENCE = 20
"""After so many looks without a change they become rarer."""
ALONE = 2
"""So many looks in a row at which nobody is known to work on the run and nothing changes: taken for left alone."""


def watch(args: Namespace) -> int:
    """Follow a run and tell it as refine does, with its exit codes; `args` has run and json."""
    from overpaint.run_commands import EXITS, say_end, view_of

    args = Namespace(**{"quiet": False, **vars(args)})
    view = view_of(args)

    async def follow() -> Event:
        async with aclosing(stream_watched(args.run)) as events:
            with view:
                async for event in events:
                    view.on(event)
        return event

    try:
        last = asyncio.run(follow())
    except KeyboardInterrupt:
        say("overpaint: no longer watching; the run goes on", sys.stderr)
        return 130
    if args.json:
        say_json(to_json(last["run"]))
    say_end(last["run"], bare=args.json, stopped=_ALONE)
    return EXITS[last["run"].status]


_ALONE = "no process of overpaint works on it; if a server does (such as langgraph dev), wait for that, else"


async def stream_watched(
    run: str | None = None, home: Path | None = None, *, poll_seconds: float = POLL_SECONDS
) -> AsyncGenerator[Event, None]:
    """Tell what happens in a run that another process drives, until it ends, waits for a person, or is left alone.

    Args:
        run: its id or the start of it; the latest when None.
        home: the home folder; OVERPAINT_HOME, or .overpaint in the current folder, when None.
        poll_seconds: how often it is looked at.

    Yields:
        Events as of `overpaint.run.stream`; the last is {"kind": "done", "run": Run}, whose status is `interrupted`
        when nobody is known to work on it.

    Raises:
        BadInput: no such run, it was removed meanwhile, or the database cannot be used.
    """
    async with aclosing(relayed(_told(run, home, poll_seconds))) as events:
        async for event in events:
            yield event


async def _told(run: str | None, home: Path | None, poll_seconds: float) -> AsyncGenerator[Event, None]:
    with use_home(home):
        found = await find_run(run)
        async with open_checkpointer() as saver:
            watched = _Watched(build_graph(saver), found, poll_seconds)
            async for event in watched.events():
                yield event


@dataclass
class _Watched:
    graph: Graph
    kept: Kept
    poll_seconds: float
    narrator: Narrator = field(default_factory=Narrator)
    quiet: int = 0
    alone: int = 0

    async def events(self) -> AsyncIterator[Event]:
        for event in self._known():
            yield event
        while self.kept.next and self.alone < ALONE:
            # Asked before the checkpoints are read: whoever let go in between has left its last one there.
            held = await worker_on(self.kept) is not None
            await asyncio.sleep(self._pause())
            before = self.kept
            async for event in self._looked():
                yield event
            changed = self.kept.checkpoint != before.checkpoint
            self.quiet = 0 if changed else self.quiet + 1
            self.alone = 0 if changed or held else self.alone + 1
        if self.kept.waiting:
            requests = [interrupt.value for interrupt in self.kept.interrupts]
            yield {"kind": "waiting", "run": self.kept.values["run"], "requests": requests}
        yield {"kind": "done", "run": await restore(self.kept, strict=False)}

    def _known(self) -> Iterator[Event]:
        values = self.kept.values
        yield from self.narrator.recall(values)
        if self.kept.next and (plan := values.get("plan")) and plan["action"] != "stop":
            yield from self._as_of("decide", {**_decision(self.kept), "champion": None})

    def _pause(self) -> float:
        slower = 1.1 ** max(0, self.quiet - PATIENCE)
        return min(self.poll_seconds * slower, max(self.poll_seconds, SLOWEST_SECONDS))

    async def _looked(self) -> AsyncIterator[Event]:
        newest = await read_thread(self.graph, self.kept.thread)
        if newest.values.get("run") != self.kept.values["run"]:
            raise BadInput(f"the run {self.kept.values['run']} is no longer there: see overpaint runs")
        if newest.checkpoint != self.kept.checkpoint:
            for kept in await read_history(self.graph, newest.thread):
                if self.kept.checkpoint < kept.checkpoint <= newest.checkpoint:
                    for event in self._step(self.kept.values, kept):
                        yield event
                    self.kept = kept
        self.kept = newest

    def _step(self, before: State, kept: Kept) -> Iterator[Event]:
        """The events of one checkpoint, from what it changes."""
        now = kept.values
        if now.get("prompt") != before.get("prompt"):
            yield from self._as_of("upsample", {"prompt": now["prompt"]})
        if now.get("checklist") != before.get("checklist"):
            yield from self._as_of("specify", {"checklist": now["checklist"]})
        earlier = before.get("candidates", {})
        for id_, made in now.get("candidates", {}).items():
            if id_ not in earlier or earlier[id_]["record"] != made["record"]:
                yield {"kind": "painted", "candidate": id_, "outcome": made["outcome"], "image": made["image"]}
                yield from self._as_of("candidate", {"candidates": {id_: made}})
        if any(now.get(name) != before.get(name) for name in ("plan", "round")) and "plan" in now:
            yield from self._as_of("decide", _decision(kept))
        if now.get("critique") != before.get("critique"):
            yield from self._as_of("critique", {"critique": now["critique"]})

    def _as_of(self, node: str, update: dict[str, Any]) -> Iterator[Event]:
        """What the narrator of a run at work says when this node has written this."""
        return self.narrator.tell({"type": "updates", "ns": (), "data": {node: update}})


def _decision(kept: Kept) -> dict[str, Any]:
    """What decide wrote, as far as the state shows it."""
    values = kept.values
    told: dict[str, Any] = {
        "champion": values.get("champion"),
        "round": values.get("round", -1),
        "plan": values["plan"],
    }
    return {**told, "reviewing": values.get("reviewing")} if "review" in kept.next else told
