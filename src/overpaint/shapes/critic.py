"""The critic of the built-in world: what is wrong with a picture, and what to paint next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from overpaint.shapes.captions import detailed, fit, seen_words
from overpaint.shapes.cells import cell_box
from overpaint.shapes.language import thing_words
from overpaint.shapes.layout import Repair, place, repair
from overpaint.shapes.scene import Seen, Spec, Thing
from overpaint.tools.painters import Box

AT_ONCE = 5
"""How many things one edit paints: as many as the painter reads whole with all their attributes, and was taught."""
SALTS = 200
"""How many layouts are tried for one that was not attempted yet."""
DEAF = " (the built-in critic follows the brief alone: to steer it, edit its prompt or fork with another brief)"
"""What it says to a person's remark."""

Proposal = dict[str, Any]


@dataclass(frozen=True)
class Fix:
    """One place to repaint: with a thing, or with bare ground."""

    boxes: tuple[Box, ...]
    thing: Thing | None


def edits(
    spec: Spec, seen: Sequence[Seen], attempts: Sequence[str], number: int, token_limit: int | None
) -> list[Proposal]:
    """Ways to repaint only what is wrong; no boxes and a prompt for all of it where nothing is.

    Args:
        spec: what the picture shall show.
        seen: what it shows.
        attempts: earlier prompts; their number varies where missing things go.
        number: how many proposals.
        token_limit: how many tokens the painter reads; None when there is no limit.
    """
    proposals = []
    for turn in range(number):
        mend = repair(spec, seen, f"edit {len(attempts)}/{turn}")
        fixes = _chosen(_fixes(mend), turn)
        things = [fix.thing for fix in fixes if fix.thing is not None]
        boxes = [list(box) for fix in fixes for box in fix.boxes]
        prompt = detailed(things) if fixes else fit(place(spec, f"edit {turn}"), token_limit)
        proposals.append({"prompt": prompt, "boxes": boxes})
    return proposals


def prompts(spec: Spec, action: str, attempts: Sequence[str], number: int, token_limit: int | None) -> list[Proposal]:
    """Whole prompts from fresh layouts in another order, none of them attempted before while there are others."""
    used = {" ".join(attempt.split()) for attempt in attempts}
    fresh: list[str] = []
    for turn in count():
        prompt = fit(_reordered(place(spec, f"{action} {turn}"), turn), token_limit)
        if turn >= SALTS or prompt not in used:
            fresh.append(prompt)
            used.add(prompt)
        if len(fresh) == number:
            break
    return [{"prompt": prompt, "boxes": []} for prompt in fresh]


def _reordered(things: Sequence[Thing], turn: int) -> list[Thing]:
    """Name another thing first each turn: where a brief fixes every place, the order is all that can change."""
    start = turn % len(things)
    return [*things[start:], *things[:start]]


def verdict(spec: Spec, seen: Sequence[Seen]) -> tuple[str, str]:
    """What is wrong with a picture, and what to change, in plain words."""
    mend = repair(spec, seen, "verdict")
    faults = [f"{thing_words(thing, size=False, place=False)} is missing" for thing in mend.missing]
    faults += [f"{seen_words(extra, extra.place)} is not asked for" for extra in mend.extra]
    if not faults:
        return "all that is asked for is there, and nothing else", "paint the same again, cleaner"
    changes = [f"paint {thing_words(thing)}" for thing in mend.missing]
    changes += [f"remove {seen_words(extra, extra.place)}" for extra in mend.extra]
    return "; ".join(faults), "; ".join(changes)


def _fixes(mend: Repair) -> list[Fix]:
    """Every place to repaint once: missing things first, then what is only to be wiped."""
    kept = {seen.place for seen in mend.keep}
    fixes = []
    for thing in mend.missing:
        under = [extra for extra in mend.extra if extra.place == thing.place]
        fixes.append(Fix((cell_box(thing.place), *(box for extra in under for box in _beyond(extra))), thing))
    filled = {thing.place for thing in mend.missing}
    for extra in mend.extra:
        if extra.place in kept:
            fixes.append(Fix((_padded(extra.box),), None))
        elif extra.place not in filled:
            fixes.append(Fix((cell_box(extra.place), *_beyond(extra)), None))
    return fixes


def _chosen(fixes: Sequence[Fix], turn: int) -> list[Fix]:
    """Which fixes the proposal of this turn makes: all if they are few, else other ones each turn."""
    things = [fix for fix in fixes if fix.thing is not None]
    wipes = [fix for fix in fixes if fix.thing is None]
    if len(things) > AT_ONCE:
        return [things[(AT_ONCE * turn + n) % len(things)] for n in range(AT_ONCE)] + wipes
    alone = [[fix] for fix in fixes] if len(fixes) > 1 else []
    ways = [[*things, *wipes], *alone]
    return ways[turn % len(ways)]


def _beyond(seen: Seen) -> list[Box]:
    """The box of an object that reaches out of its cell."""
    cell, box = cell_box(seen.place), seen.box
    inside = cell[0] <= box[0] and cell[1] <= box[1] and box[2] <= cell[2] and box[3] <= cell[3]
    return [] if inside else [_padded(box)]


def _padded(box: Box) -> Box:
    rim = 1 / 64
    left, top, right, bottom = box
    return max(0.0, left - rim), max(0.0, top - rim), min(1.0, right + rim), min(1.0, bottom + rim)
