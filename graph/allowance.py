"""What each step may spend, so that no cap is passed whatever happens side by side. Pure: no I/O, no clock.

What is left is shared out before it is spent. Each candidate of a round gets the same part of it, for its picture and
its looks; the writers and the critic get what is left when a picture and its looks are set aside. Whatever a step asks
for beyond its part is not asked (`tools.budget`), and it does without: an unread answer has a fallback everywhere.

Seconds. A model call is given what is left of its part and cut off there. So is a picture that costs nothing, since
it can be painted again. A paid picture is never cut off: what is set aside for it is its time limit (`timeout`), so it
is asked for only where all of that fits.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from overpaint.graph.settings import Settings
from overpaint.graph.state import LookCost, PainterFacts, State, StopReason
from overpaint.tools.budget import EXACT, Room

CALLS_PER_CANDIDATE = 3
"""Model calls held back for each candidate before it is painted: a look, its confirmation, a share of the critique."""

CONFIRMED = 2
"""Looks that a pass takes."""

MOMENT = 0.01
"""Seconds. In less nothing can be done."""

_CAPS: dict[str, StopReason] = {
    "images": "max_images",
    "calls": "max_calls",
    "tokens": "max_tokens",
    "seconds": "max_seconds",
    "usd": "max_usd",
}
"""What is counted, and the setting that caps it."""

OLDER: LookCost = {"tokens": 20_000, "seconds": 0.0, "usd": 0.0}
"""The worst look in states of older versions, which do not tell; money was capped there for free judges alone."""


@dataclass(frozen=True)
class Need:
    """What something takes at worst: pictures, model calls, tokens, seconds of models, dollars (None: not known)."""

    images: int
    calls: int
    tokens: int
    seconds: float
    usd: float | None

    def times(self, count: int) -> Need:
        """The same for so many."""
        usd = None if self.usd is None else self.usd * count
        return Need(self.images * count, self.calls * count, self.tokens * count, self.seconds * count, usd)


def need_of(facts: PainterFacts, settings: Settings, *, looks: int, painted: bool = True) -> Need:
    """What one candidate takes at worst.

    Args:
        facts: of the painter and the judge.
        settings: the effective settings.
        looks: of the judge, where there is one.
        painted: False for a picture that is there already.
    """
    look, looks = facts.get("look", OLDER), 0 if settings.judge_method == "none" else min(looks, settings.looks)
    seconds = (facts.get("seconds", 0.0) if painted else 0.0) + look["seconds"] * bool(looks)
    prices = [facts["price_usd"]] * painted + [look["usd"]] * looks
    return Need(
        images=int(painted),
        calls=looks,
        tokens=looks * look["tokens"],
        seconds=max(MOMENT, seconds),
        usd=None if None in prices else sum(price for price in prices if price is not None),
    )


def need_of_next(facts: PainterFacts, settings: Settings) -> Need:
    """What one more candidate takes at worst: its picture, a look, its confirmation and a share of the critique."""
    need = need_of(facts, settings, looks=CONFIRMED)
    return replace(need, calls=CALLS_PER_CANDIDATE if need.calls else 0)


def lacking(state: State, settings: Settings, need: Need) -> StopReason | None:
    """The cap that something might go past: its setting; None where all of it fits."""
    for name, left in _left(state, settings).items():
        wanted = getattr(need, name)
        if left is not None and (wanted is None or wanted > left + EXACT):
            return _CAPS[name]
    return None


def affordable(state: State, settings: Settings) -> int:
    """How many candidates the next round may have: those that can all be judged and confirmed, and at least one."""
    each, most = vars(need_of_next(state["painter"], settings)), settings.per_round
    for name, left in _left(state, settings).items():
        if left is not None and each[name]:
            most = min(most, int((left + EXACT) / each[name]))
    return max(1, most)


def room_left(state: State, settings: Settings) -> Room:
    """What is left for model calls, and in money and seconds for pictures too."""
    left = _left(state, settings)
    return Room(calls=_whole(left["calls"]), tokens=_whole(left["tokens"]), seconds=left["seconds"], usd=left["usd"])


def candidate_room(state: State, settings: Settings) -> Room:
    """The part of one candidate of the round that is planned, its picture included."""
    left, count = room_left(state, settings), max(1, state["plan"]["count"])
    return Room(
        calls=None if left.calls is None else left.calls // count,
        tokens=None if left.tokens is None else left.tokens // count,
        seconds=None if left.seconds is None else left.seconds / count,
        usd=None if left.usd is None else left.usd / count,
    )


def critic_room(state: State, settings: Settings) -> Room:
    """What the critic may spend so that each candidate of the round can still be painted, judged and confirmed."""
    need = need_of(state["painter"], settings, looks=CONFIRMED).times(max(1, state["plan"]["count"]))
    return _without(room_left(state, settings), need)


def writer_room(state: State, settings: Settings, *, checklist: bool) -> Room:
    """What one of the two writers may spend so that a picture can still be painted and looked at.

    They are asked side by side, so each has half; the checklist, which matters more, has the odd call.

    Args:
        state: that of the run.
        settings: the effective settings.
        checklist: whether it is for the checklist, or for the prompt.
    """
    room = _without(room_left(state, settings), need_of(state["painter"], settings, looks=1))
    if not settings.upsample or settings.judge_method == "none":
        return room
    return Room(
        calls=None if room.calls is None else (room.calls + checklist) // 2,
        tokens=None if room.tokens is None else room.tokens // 2,
        seconds=None if room.seconds is None else room.seconds / 2,
        usd=None if room.usd is None else room.usd / 2,
    )


def describer_room(facts: PainterFacts, settings: Settings) -> Room:
    """What describing a picture may take, before anything else is spent."""
    caps = Room(
        calls=settings.max_calls, tokens=settings.max_tokens, seconds=settings.max_seconds, usd=settings.max_usd
    )
    return _without(caps, need_of(facts, settings, looks=1))


def _without(room: Room, need: Need) -> Room:
    return room.less(calls=need.calls, tokens=need.tokens, seconds=need.seconds, usd=need.usd)


def _left(state: State, settings: Settings) -> dict[str, float | None]:
    """What is left under each cap; None where there is none. With a price unknown so far, no money is left."""
    spent: dict[str, Any] = {**state["receipt"]}
    left: dict[str, float | None] = {}
    for name, setting in _CAPS.items():
        cap, used = getattr(settings, setting), spent[name]
        left[name] = None if cap is None else 0.0 if used is None else max(0, cap - used)
    return left


def _whole(number: float | None) -> int | None:
    return None if number is None else int(number)
