"""How near a picture, or a caption of one, comes to what a brief asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from itertools import product

from overpaint.shapes.captions import as_seen, seen_words
from overpaint.shapes.critic import verdict
from overpaint.shapes.layout import Repair, place, repair
from overpaint.shapes.looking import BARE
from overpaint.shapes.parser import parse
from overpaint.shapes.scene import COLOURS, SHAPES, SIZES, Seen, Size, Spec, Thing
from overpaint.tools.faults import BadInput

READINGS = 4
"""How many pictures are imagined for a caption that leaves something open."""
UNREAD = float("-inf")
"""The nearness of a caption in other words."""


def mending(spec: Spec, seen: Sequence[Seen]) -> Repair:
    """What of a picture is right, what is missing and what is too much."""
    return repair(spec, seen, "verdict")


def right(mend: Repair) -> bool:
    """Whether there is nothing to mend."""
    return not mend.missing and not mend.extra


def share(mend: Repair) -> float:
    """How much of what is asked for is there, 0 to 1; what nobody asked for has no part in it."""
    return len(mend.keep) / (len(mend.keep) + len(mend.missing))


def says(spec: Spec, caption: str) -> tuple[bool, str]:
    """Whether a caption says all that is asked for and nothing else, and why; a caption of other words says nothing."""
    try:
        readings = meant(caption)
    except BadInput as strange:
        return False, f"the caption cannot be read: {str(strange).partition(';')[0]}"
    wrong = [seen for seen in readings if not right(mending(spec, seen))]
    return not wrong, verdict(spec, (wrong or readings)[0])[0]


def nearness(spec: Spec, caption: str) -> float:
    """The share of what is asked for that a caption says is there, less what is too much; UNREAD for other words."""
    try:
        mends = [mending(spec, seen) for seen in meant(caption)]
    except BadInput:
        return UNREAD
    return min(share(mend) - len(mend.extra) / (len(mend.keep) + len(mend.missing)) for mend in mends)


def meant(caption: str) -> list[list[Seen]]:
    """What a caption may say was seen: one picture where it says all, and some where it leaves a thing open.

    Raises:
        BadInput: it is not in words of the built-in world.
    """
    if caption == BARE:
        return [[]]
    parts = caption.split(", ")
    if all(part in _told() for part in parts):
        return [[_told()[part] for part in parts]]
    spec = parse(caption)
    return [[as_seen(thing) for thing in place(_sized(spec, n), f"caption {n}")] for n in range(READINGS)]


def _sized(spec: Spec, turn: int) -> Spec:
    size: Size = SIZES[turn % len(SIZES)]
    return replace(spec, groups=tuple(replace(group, size=group.size or size) for group in spec.groups))


@cache
def _told() -> dict[str, Seen]:
    """All that `seen_words` says of one thing, each with what was seen."""
    known = [as_seen(Thing(*kind)) for kind in product(SHAPES, COLOURS, SIZES, range(9))]
    unclear = [replace(seen, shape=None) for seen in known]
    return {seen_words(seen, seen.place): seen for seen in (*unclear, *known)}
