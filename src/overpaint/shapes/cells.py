"""The nine cells: where they lie, which relations hold between them, and how to put things into them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from overpaint.shapes.scene import CENTRES, SIDE, Relation
from overpaint.tools.painters import Box

MARGIN = 8 / SIDE
"""How far apart two centres must be, as a fraction of the picture, for a relation to hold."""
SPANS = ((0, 22), (21, 43), (42, 64))
"""Pixels of the three columns (and rows) that a cell covers: the whole of a large object, and none of its neighbour's.

Measured on 30 briefs of six things (bench/six_objects.py, 8 pictures): 100% end right, 93% with the 24 px cells of the
latent grid, which cut into a large neighbour."""
EVERYWHERE = (1 << 9) - 1
"""A set of places is a bit mask; this one holds all nine."""
INVERSE: dict[Relation, Relation] = {
    "left of": "right of",
    "right of": "left of",
    "above": "below",
    "below": "above",
}

Point = tuple[float, float]
SlotLink = tuple[int, Relation, int]
"""A relation between two slots, by index: the first holds it to the second."""


def cell_box(place: int) -> Box:
    """The part of the picture to repaint for a place (0 to 8), as fractions."""
    (top, bottom), (left, right) = SPANS[place // 3], SPANS[place % 3]
    return left / SIDE, top / SIDE, right / SIDE, bottom / SIDE


def centre(place: int) -> Point:
    """The centre of a place, as fractions of the picture."""
    return CENTRES[place % 3] / SIDE, CENTRES[place // 3] / SIDE


def holds(relation: Relation, a: Point, b: Point) -> bool:
    """Whether a thing centred at `a` is left of (or right of, ...) one centred at `b`, both as fractions."""
    if relation in ("right of", "below"):
        a, b = b, a
    axis = 0 if relation in ("left of", "right of") else 1
    return b[axis] - a[axis] > MARGIN


def standing(relation: Relation, point: Point) -> int:
    """The set of places whose centres hold the relation to a point."""
    return sum(1 << place for place in range(9) if holds(relation, centre(place), point))


def neighbours(place: int) -> list[int]:
    """The places that share a side with this one."""
    row, column = divmod(place, 3)
    beside = ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1))
    return [3 * r + c for r, c in beside if 0 <= r < 3 and 0 <= c < 3]


def arrange(
    domains: Sequence[int], links: Sequence[SlotLink], prefer: Sequence[int], kinds: Sequence[int]
) -> list[int] | None:
    """Put every slot into a place of its own so that all links hold.

    Backtracking over the slot with the fewest places left, with forward checking; what fails for one slot is not
    tried for its likes.

    Args:
        domains: the set of places open to each slot.
        links: what must hold between slots.
        prefer: all nine places, the best first.
        kinds: a number for each slot, the same for slots with the same domain and links.

    Returns:
        The place of each slot, or None when there is no way.
    """
    found = _settle(dict(enumerate(domains)), links, prefer, kinds)
    return None if found is None else [found[slot] for slot in range(len(domains))]


def _settle(
    open_: dict[int, int], links: Sequence[SlotLink], prefer: Sequence[int], kinds: Sequence[int]
) -> dict[int, int] | None:
    if not open_:
        return {}
    if _crowded(open_):
        return None
    slot = min(open_, key=lambda s: (open_[s].bit_count(), s))
    for place in prefer:
        if open_[slot] >> place & 1:
            rest = _settle(_narrowed(open_, slot, place, links), links, prefer, kinds)
            if rest is not None:
                return {slot: place, **rest}
            open_ = {s: d & ~(1 << place) if kinds[s] == kinds[slot] else d for s, d in open_.items()}
    return None


def _narrowed(open_: Mapping[int, int], slot: int, place: int, links: Sequence[SlotLink]) -> dict[int, int]:
    """The sets of the other slots once `slot` is in `place`."""
    left = {other: domain & ~(1 << place) for other, domain in open_.items() if other != slot}
    for subject, relation, target in links:
        if subject == slot and target in left:
            left[target] &= _TABLE[INVERSE[relation]][place]
        if target == slot and subject in left:
            left[subject] &= _TABLE[relation][place]
    return left


def _crowded(open_: Mapping[int, int]) -> bool:
    """Whether some set of places must hold more slots than it has (Hall's condition, for the sets at hand)."""
    return any(
        sum(other & ~domain == 0 for other in open_.values()) > domain.bit_count() for domain in set(open_.values())
    )


_TABLE: dict[Relation, list[int]] = {r: [standing(r, centre(place)) for place in range(9)] for r in INVERSE}
