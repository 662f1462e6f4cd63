"""Whether the things of a picture are what a spec asks for: the search of the second inspector (`ground_truth`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from overpaint.shapes.scene import SIDE, Colour, Group, Link, Relation, Shape, Size, Spec

Members = tuple[int, ...]
"""Found things that stand for a group, by index."""
APART = 8 / SIDE
"""How far centres must differ for a relation to hold, as a fraction of the picture."""


@dataclass(frozen=True)
class Found:
    """One thing of a picture. `shape` is None where none fits; `x`, `y` are its centre as fractions of the picture."""

    shape: Shape | None
    colour: Colour
    size: Size
    place: int
    x: float
    y: float


def shows(spec: Spec, found: Sequence[Found]) -> bool:
    """Whether a picture holds what a spec asks for and nothing else: every count, aspect, place and relation.

    Exact: goes through the groups, linked ones first, and tries every choice of members among the things left. What
    was hopeless once, with the same things left and the same relations asked of them, is not tried again.
    """
    linked = {end for link in spec.links for end in (link.subject, link.target)}
    order = sorted(range(len(spec.groups)), key=lambda index: index not in linked)
    hopeless: set[tuple[object, ...]] = set()

    def fill(at: int, free: frozenset[int], chosen: dict[int, Members]) -> bool:
        if at == len(order):
            return not free
        key = (at, free, _asked(spec.links, chosen))
        if key in hopeless:
            return False
        group = spec.groups[order[at]]
        for members in combinations([i for i in sorted(free) if _suits(found[i], group)], group.count):
            more = {**chosen, order[at]: members}
            if _linked(spec.links, more, found) and fill(at + 1, free.difference(members), more):
                return True
        hopeless.add(key)
        return False

    return fill(0, frozenset(range(len(found))), {})


def _suits(one: Found, group: Group) -> bool:
    asked, seen = (group.colour, group.size, group.place), (one.colour, one.size, one.place)
    return one.shape == group.shape and all(a is None or a == s for a, s in zip(asked, seen, strict=True))


def _linked(links: Sequence[Link], chosen: Mapping[int, Members], found: Sequence[Found]) -> bool:
    """Whether the links between chosen groups hold, for all members of both."""
    return all(
        _stands(link.relation, found[a], found[b])
        for link in links
        for a in chosen.get(link.subject, ())
        for b in chosen.get(link.target, ())
    )


def _asked(links: Sequence[Link], chosen: Mapping[int, Members]) -> frozenset[tuple[int, str, int]]:
    """What links ask of groups not chosen yet: the group, the relation and which way, and to what."""
    ends = [(link.subject, link.target, f"it {link.relation}") for link in links]
    ends += [(link.target, link.subject, f"{link.relation} it") for link in links]
    return frozenset((b, way, one) for a, b, way in ends if b not in chosen for one in chosen.get(a, ()))


def _stands(relation: Relation, one: Found, other: Found) -> bool:
    right, down = other.x - one.x, other.y - one.y
    return {"left of": right, "right of": -right, "above": down, "below": -down}[relation] > APART
