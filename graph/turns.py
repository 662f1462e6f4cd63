"""The runs of a thread, one after the other: each is kept as it ended, so that a conversation can go back to it."""

from __future__ import annotations

from typing import Any, cast

from langgraph.types import Overwrite

from overpaint.graph.state import State
from overpaint.graph.talk import Turn
from overpaint.tools.records import RecordStore

MOST = 20
"""Turns that can be undone. Each takes some 150 bytes of every later checkpoint."""

_KEPT = (
    "run", "asked", "seed", "settings", "painter", "prompt", "checklist", "candidates", "champion", "round", "tried",
    "plan", "prompts", "receipt", "judged_by", "variants", "stopped_at", "unrendered", "forked_from", "began", "ended",
)  # fmt: skip
"""What makes a run what it is. Messages belong to the thread; what a person said at a pause is over."""
_SUMMED = ("candidates", "prompts", "receipt")
"""What is merged into state unless it is told to be replaced."""
_MAY_LACK = ("variants", "stopped_at", "unrendered", "forked_from", "began")
_OVER = ("wish", "remark", "declined", "listed", "reviewing")
"""What the run that is undone may have left, and no run that ended needs."""


async def remembered(state: State, records: RecordStore) -> list[Turn]:
    """The turns of a thread when another run is about to begin: that of state too, if it has come to a picture.

    Raises:
        BadInput: the disk refused the record.
    """
    turns = state.get("turns", [])
    if not state.get("champion"):
        return turns
    kept = {name: state[name] for name in _KEPT if name in state}  # type: ignore[literal-required]
    return [*turns, Turn(run=state["run"], record=await records.write({"turn": kept}))][-MOST:]


async def recalled(turns: list[Turn], records: RecordStore) -> dict[str, Any]:
    """The change of state that leads back to the last of some turns.

    Raises:
        BadInput: its record is missing or damaged.
    """
    kept = cast(dict[str, Any], (await records.read(turns[-1]["record"]))["turn"])
    restored = {name: Overwrite(value) if name in _SUMMED else value for name, value in kept.items()}
    return {**dict.fromkeys((*_MAY_LACK, *_OVER)), **restored, "fatal": Overwrite(""), "turns": turns[:-1]}
