"""A fork: the state of one checkpoint, changed, as the beginning of a new run in a new thread.

The parent stays as it is.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import HumanMessage

from overpaint.graph.effective import painter_facts, refuse_unread
from overpaint.graph.kept import Graph, Kept, read_history
from overpaint.graph.nodes.intake import check_brief
from overpaint.graph.settings import Settings, merge
from overpaint.graph.state import Brief, Candidate, Origin, Plan, Requirement, State, StopReason, birth, empty_receipt
from overpaint.graph.toolbox import open_toolbox
from overpaint.tools.faults import BadInput
from overpaint.tools.painting import LONGEST_PROMPT

ENTRIES = frozenset({"decide", "deliver", "upsample", "specify", "review_checklist"})
"""Nodes before which a fork may begin; from anywhere else it begins at the decision before."""


@dataclass(frozen=True)
class Change:
    """What a fork does differently; what is None or empty stays.

    Args:
        prompt: the prompt to paint next.
        brief: what is asked for; the checklist and the prompt are then written anew.
        checklist: what pictures are judged by; the champion is judged by it before anything is painted.
        settings: settings by name.
    """

    prompt: str | None = None
    brief: str | None = None
    checklist: Sequence[Requirement] | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Branch:
    """The beginning of a fork: what to write into its thread, and the node it is written as."""

    thread: str
    values: State
    as_node: str


async def branch(graph: Graph, thread: str, start: str | None, change: Change) -> Branch:
    """Work out the beginning of a fork.

    Args:
        graph: with its checkpointer.
        thread: the parent's.
        start: a candidate's id, or a checkpoint's id or the start of it; None for the newest checkpoint.
        change: what is to be different.

    Raises:
        BadInput: there is no such candidate or checkpoint, it has no picture, or the change cannot be used.
    """
    everything = await read_history(graph, thread)
    # A thread may hold several runs, whose candidates are numbered alike: its latest is the one that is forked.
    latest = everything[-1].values.get("run")
    history = [kept for kept in everything if kept.values.get("run", latest) == latest]
    kept, candidate = _origin(history, start)
    parent = kept.values
    origin = Origin(
        run=parent["run"], thread=thread, checkpoint=kept.checkpoint, candidate=candidate["id"] if candidate else None
    )
    values: State = {**_inherited(kept, candidate), "forked_from": origin, "run": str(uuid.uuid4())}
    values = {**values, **await _settled(parent, change.settings)}
    settings = Settings.model_validate(values["settings"])
    refuse_unread(change.checklist, settings)
    values = {**values, **_said(kept, change, settings)}
    return Branch(str(uuid.uuid4()), values, _entry(kept, change, values))


def _origin(history: Sequence[Kept], start: str | None) -> tuple[Kept, Candidate | None]:
    if start is None:
        return _decision(history, history[-1]), None
    for kept in history:
        if start in kept.values.get("candidates", {}):
            return kept, _with_picture(kept.values["candidates"][start])
    named = [kept for kept in history if len(start) >= 4 and kept.checkpoint.startswith(start)]
    if len(named) > 1:
        raise BadInput(f"{len(named)} checkpoints start with {start!r}: give more of the id; see overpaint history")
    if not named:
        raise BadInput(f"there is no candidate or checkpoint {start[:60]!r} in this run: see overpaint history")
    return _decision(history, named[0]), None


def _with_picture(candidate: Candidate) -> Candidate:
    if candidate["image"] is None:
        raise BadInput(f"candidate {candidate['id']} has no picture ({candidate['outcome']}): fork from another one")
    return candidate


def _decision(history: Sequence[Kept], kept: Kept) -> Kept:
    """The checkpoint itself, or the last one before it at which a decision is due; the decision is then taken anew."""
    by_id = {one.checkpoint: one for one in history}
    current: Kept | None = kept
    while current is not None:
        if "run" in current.values and _is_entry(current):
            return current
        current = by_id.get(current.parent or "")
    raise BadInput("the run had not begun at that checkpoint: start a new run, or fork from a later one")


def _is_entry(kept: Kept) -> bool:
    return not kept.next or bool(ENTRIES & set(kept.next))


def _unwritten(kept: Kept) -> bool:
    """Whether the writers were still to be asked; prompt and checklist in state are then those of the run before."""
    return bool({"upsample", "specify"} & set(kept.next)) or not kept.values.get("prompt")


def _inherited(begins: Kept, candidate: Candidate | None) -> State:
    """All that a run knows, without what it spent, how it ended, and what a person said in it."""
    parent = begins.values
    kept: State = {
        "messages": [m for m in parent.get("messages", []) if isinstance(m, HumanMessage)],
        "asked": parent["asked"],
        "seed": parent["seed"],
        "settings": parent["settings"],
        "painter": parent["painter"],
        "candidates": parent.get("candidates", {}),
        "champion": parent.get("champion"),
        "round": parent.get("round", -1),
        "tried": [],
        "plan": Plan(action="stop", why="a fork begins here", parent=None, count=0, targets=[], stop=_stop(parent)),
        "prompts": parent.get("prompts", {}),
        "receipt": empty_receipt(),
        "ended": None,
    }
    stale = ("prompt", "checklist") if _unwritten(begins) else ()
    for name in ("prompt", "checklist", "judged_by", "listed", "variants", "stopped_at", "began"):
        if name in parent and name not in stale:
            kept[name] = parent[name]
    return kept if candidate is None else {**kept, **_from_candidate(parent, candidate)}


def _stop(parent: State) -> StopReason | None:
    """Why the parent had stopped; None where a round of it had just ended, whose champion is still to be crowned."""
    return parent["plan"]["stop"] if "plan" in parent else None


def _from_candidate(parent: State, candidate: Candidate) -> State:
    """As if the candidate were the champion of its round, and its siblings had not been."""
    before = {c["id"]: c for c in parent["candidates"].values() if birth(c) <= birth(candidate)}
    kept = {id_: c for id_, c in before.items() if c["round"] < candidate["round"] or id_ == candidate["id"]}
    return {"candidates": kept, "champion": candidate, "round": candidate["round"]}


async def _settled(parent: State, changed: Mapping[str, Any]) -> State:
    if not changed:
        return {}
    settings = merge(parent["settings"], changed)
    facts = await painter_facts(await open_toolbox(settings.model_dump()))
    settled: State = {"settings": settings.kept, "painter": facts}
    return {**settled, "seed": settings.seed} if settings.seed is not None else settled


def _said(kept: Kept, change: Change, settings: Settings) -> State:
    parent, said = kept.values, State()
    if change.brief is not None:
        said = _asked(check_brief(change.brief), parent, settings)
    if settings.judge_method != parent["settings"]["judge_method"]:
        said["judged_by"] = ""  # by no checklist that there is, so the champion is judged anew
    if change.checklist is not None:
        said["checklist"] = list(change.checklist)
        if _unwritten(kept):
            said.setdefault("prompt", parent["asked"]["text"])
    if change.prompt is not None:
        said["wish"] = _prompt(change.prompt)
    return said


def _asked(text: str, parent: State, settings: Settings) -> State:
    """Another brief. Without a judge nothing says how the pictures of the old one do by it, so none of them stays."""
    asked = State(
        asked=Brief(text=text, image=parent["asked"]["image"]),
        messages=[HumanMessage(text)],
        prompt=text,  # until upsample writes another
        listed=None,
        variants=None,
    )
    if settings.judge_method == "none":
        asked |= State(candidates={}, champion=None, round=-1, stopped_at=None)
    return asked


def _prompt(prompt: str) -> str:
    if not prompt.strip() or len(prompt) > LONGEST_PROMPT:
        raise BadInput(f"the prompt must be a text of 1 to {LONGEST_PROMPT:,} characters: say what to paint next")
    return prompt.strip()


def _entry(kept: Kept, change: Change, values: State) -> str:
    """The node that the fork's first checkpoint is written as: what follows it runs first."""
    judged = values["settings"]["judge_method"] != kept.values["settings"]["judge_method"]
    if "checklist" not in values or (change.checklist is None and (judged or change.brief is not None)):
        return "intake"
    return "specify" if "review_checklist" in kept.next and change.checklist is None else "candidate"
