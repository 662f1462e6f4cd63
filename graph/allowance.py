"""What each step may spend, so that no cap is passed whatever happens side by side. Pure: no I/O, no clock.

What is left is shared out before it is spent. Each candidate of a round gets the same part of it, for its picture and
its looks; the writers and the critic get what is left when a picture and its looks are set aside. Whatever a step asks
for beyond its part is not asked (`tools.budget`), and it does without: an unread answer has a fallback everywhere.

Seconds. A model call is given what is left of its part and cut off there. So is a picture that costs nothing, since
it can be painted again. A paid picture is never cut off: what is set aside for it is its time limit (`timeout`), so it
is asked for only where all of that fits, and again after a failure only where what has passed since the first try,
waits included, leaves as much. What failed tries took is not in the receipt, and whoever resumes the run begins anew.

Caps lowered on a resume bind candidates that are on their way too (`lowered`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
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

Part = Mapping[str, float]
"""What one candidate may take, as it carries it: by what is counted, and only where there is a cap."""

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
    judged = settings.judge_method != "none"
    looks = min(looks, settings.looks) if settings.judge_method == "checklist" else int(judged)
    calls = looks * settings.calls_per_look
    look = facts.get("look", OLDER)
    all_looks = [look, *[facts.get("again", look)] * (looks - 1)][:looks]
    seconds = (facts.get("seconds", 0.0) if painted else 0.0) + look["seconds"] * bool(looks)
    prices = [facts["price_usd"]] * painted + [one["usd"] for one in all_looks]
    return Need(
        images=int(painted),
        calls=calls,
        tokens=sum(one["tokens"] for one in all_looks),
        seconds=max(MOMENT, seconds),
        usd=None if None in prices else sum(price for price in prices if price is not None),
    )


def need_of_next(facts: PainterFacts, settings: Settings) -> Need:
    """What one more candidate takes at worst: its picture, a look, its confirmation and a share of the critique."""
    need = need_of(facts, settings, looks=CONFIRMED)
    if settings.judge_method == "checklist":
        return replace(need, calls=CALLS_PER_CANDIDATE)
    return replace(need, calls=need.calls + (need.calls > 0 and settings.critique_method != "fused"))


def need_of_first(facts: PainterFacts, settings: Settings) -> Need:
    """What a run takes at least: one picture and its look, or as many as there are prompts to be painted once."""
    varied = settings.upsample and settings.upsample_method == "variations"
    return need_of(facts, settings, looks=1).times(settings.variations if varied else 1)


def need_to_go_on(facts: PainterFacts, settings: Settings) -> Need:
    """What going on from a picture may take: judging it by another checklist, and the next candidate."""
    look, after = need_of(facts, settings, looks=settings.looks, painted=False), need_of_next(facts, settings)
    usd = None if look.usd is None or after.usd is None else look.usd + after.usd
    tokens, seconds = look.tokens + after.tokens, look.seconds + after.seconds
    return Need(after.images, look.calls + after.calls, tokens, seconds, usd)


def lacking(state: State, settings: Settings, need: Need) -> StopReason | None:
    """The cap that something might go past: its setting; None where all of it fits."""
    return beyond(_left(state, settings), need)


def beyond(left: Mapping[str, float | None], need: Need) -> StopReason | None:
    """The first cap whose rest is too small for something; None where all of it fits.

    Args:
        left: what is left under each cap, by what it counts; None, or not there, where there is none.
        need: what it takes at worst.
    """
    for name, cap in _CAPS.items():
        rest, wanted = left.get(name), getattr(need, name)
        if rest is not None and (wanted is None or wanted > rest + EXACT):
            return cap
    return None


def affordable(state: State, settings: Settings) -> int:
    """How many candidates the next round may have: those that can all be judged and confirmed, and at least one."""
    return fitting(state, settings, need_of_next(state["painter"], settings), settings.per_round)


def fitting(state: State, settings: Settings, need: Need, most: int) -> int:
    """How many times all that one candidate takes is left under every cap, up to so many, and at least once."""
    each = vars(need)
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


def candidate_part(state: State, settings: Settings) -> dict[str, float]:
    """The same as a candidate carries it, JSON only: without caps that are not set, with its part of the pictures."""
    images = (settings.max_images - state["receipt"]["images"]) // max(1, state["plan"]["count"])
    return {**candidate_room(state, settings).kept, "images": max(0, images)}


def lowered(part: Part, before: Mapping[str, Any], now: Mapping[str, Any]) -> Part:
    """The part of a candidate that is on its way, under other caps than those it was minted under.

    It cannot know what its siblings have spent by now. So its part shrinks by all that a cap was lowered: where even
    one of them still asks, all parts together are smaller by as much. A cap where there was none leaves nothing. One
    that was raised or taken away leaves the part as it is.

    Args:
        part: from `candidate_part`.
        before: the settings it was minted under.
        now: those in force.
    """
    left = dict(part)
    for name, setting in _CAPS.items():
        cap, old = now.get(setting), before.get(setting)
        less = 0 if cap is None else math.inf if old is None else old - cap
        if less > 0:
            left[name] = max(0, left.get(name, 0) - less)
    return left


def model_room(part: Part) -> Room:
    """A candidate's part, as far as it is for model calls."""
    return Room(**{name: rest for name, rest in part.items() if name != "images"})  # type: ignore[arg-type]


def critic_room(state: State, settings: Settings) -> Room:
    """What the critic may spend so that each candidate of the round can still be painted, judged and confirmed."""
    need = need_of(state["painter"], settings, looks=CONFIRMED).times(max(1, state["plan"]["count"]))
    return _without(room_left(state, settings), need)


def writer_room(state: State, settings: Settings, *, checklist: bool) -> Room:
    """What one of the two writers may spend so that the first picture, or the next, can be painted and looked at.

    They are asked side by side, so each has half; the checklist, which matters more, has the odd call. Where no
    checklist is written, all is for the prompt.

    Args:
        state: that of the run.
        settings: the effective settings.
        checklist: whether it is for the checklist, or for the prompt.
    """
    need = need_to_go_on if state.get("champion") else need_of_first
    room = _without(room_left(state, settings), need(state["painter"], settings))
    if not settings.upsample or settings.judge_method != "checklist":
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
    return _without(caps, need_of_first(facts, settings))


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
