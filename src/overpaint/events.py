"""What happens in a run, told as small dicts: LangGraph's stream parts translated for terminals and programs.

Kinds, with their other keys:
started: run, brief, settings · warning: text · prompt: prompt · checklist: checklist · plan: round, plan ·
unread: candidate, text (what the painter will not see of its prompt) · step: candidate, step, steps ·
painted: candidate, outcome, reason, image · judged: candidate (its summary), failed (texts) ·
champion: id, score, beliefs · critique: critique · waiting: run, requests (what a person is asked) · done: run.
A run that is taken up again starts with what is known of it: started, checklist, champion.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from overpaint.graph.controller import failing
from overpaint.graph.state import Candidate, Requirement, State
from overpaint.result import Run

Event = dict[str, Any]


@dataclass
class Narrator:
    """Tells one run. It remembers the checklist, to name what fails, and the champion, to tell when it changes."""

    checklist: list[Requirement] = field(default_factory=list)
    champion: str | None = None

    def recall(self, known: State) -> Iterator[Event]:
        """The events that tell how far a run had come."""
        brief = known["asked"]["text"]
        yield {"kind": "started", "run": known["run"], "brief": brief, "settings": known["settings"]}
        if known.get("checklist"):
            yield self._listed(known["checklist"])
        if (champion := known.get("champion")) is not None:
            yield self._crowned(champion)

    def tell(self, part: Mapping[str, Any]) -> Iterator[Event]:
        """The events in one part of `astream(version="v2")`; none for what nobody needs to hear."""
        if part["type"] == "custom":
            yield part["data"]
            return
        for node, update in part["data"].items():
            if not part["ns"]:
                yield from self._step_done(node, update or {})

    def _step_done(self, node: str, update: Mapping[str, Any]) -> Iterator[Event]:
        if node == "intake" and "run" in update:
            yield {
                "kind": "started",
                "run": update["run"],
                "brief": update["asked"]["text"],
                "settings": update["settings"],
            }
        elif node == "upsample":
            yield {"kind": "prompt", "prompt": update["prompt"]}
        elif node in ("specify", "review_checklist") and update.get("checklist"):
            yield self._listed(update["checklist"])
        elif node == "candidate":
            yield from (self._judged(c) for c in update.get("candidates", {}).values())
        elif node == "critique":
            yield {"kind": "critique", "critique": update["critique"]}
        elif node == "compare" and update and update["champion"]["id"] != self.champion:
            yield self._crowned(update["champion"])
        elif node in ("decide", "review") and "plan" in update:
            yield from self._decided(update)

    def _listed(self, checklist: list[Requirement]) -> Event:
        self.checklist = checklist
        return {"kind": "checklist", "checklist": checklist}

    def _crowned(self, champion: Candidate) -> Event:
        self.champion = champion["id"]
        said = {name: champion[name] for name in ("id", "score", "beliefs")}
        return {"kind": "champion", **said}

    def _judged(self, candidate: Candidate) -> Event:
        texts = {r["id"]: r["text"] for r in self.checklist}
        failed = [texts[r] for r in failing(candidate, self.checklist)]
        return {"kind": "judged", "candidate": candidate, "failed": failed}

    def _decided(self, update: Mapping[str, Any]) -> Iterator[Event]:
        champion = update.get("champion")
        if champion is not None and champion["id"] != self.champion:
            yield self._crowned(champion)
        if update.get("reviewing") != "champion":  # what a person may still overrule is not told yet
            yield {"kind": "plan", "round": update.get("round", -1), "plan": update["plan"]}


async def run_at_end(events: AsyncGenerator[Event, None]) -> Run:
    """Listen to the end and return the run that the last event tells of."""
    async with aclosing(events) as source:
        told = [event async for event in source if event["kind"] == "done"]
    run: Run = told[-1]["run"]
    return run


async def relayed(events: AsyncGenerator[Event, None]) -> AsyncGenerator[Event, None]:
    """Pass events on from a task of their own, which ends when nobody listens any more.

    So what they set in their context (the home) is theirs alone, however the listener drives this generator: steps in
    several tasks, two streams in turn, or left half-way.
    """
    queue: asyncio.Queue[Event | None] = asyncio.Queue()

    async def relay() -> None:
        async with aclosing(events):
            async for event in events:
                queue.put_nowait(event)

    task = asyncio.create_task(relay())
    task.add_done_callback(lambda _: queue.put_nowait(None))
    try:
        while (event := await queue.get()) is not None:
            yield event
        await task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
