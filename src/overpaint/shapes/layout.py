"""Where things stand: lay a spec out, check a picture against it exactly, and find the least that must be repainted."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count

from overpaint.shapes import cells
from overpaint.shapes.scene import COLOURS, Colour, Group, Seen, Size, Spec, Thing

ROOMY = 4
"""Up to this many things are large by default; more are small, so that they stay apart."""
TRIES = 12
STEPS = 20_000
"""Bounds the search for what to keep: nine distinct things need some hundreds, nine alike could need millions."""

Kept = list[tuple[Seen, int]]
"""Seen objects, each with the index of the group it stands for."""


@dataclass(frozen=True)
class Repair:
    """How to mend a picture: what stays, what is to be painted and where, and what is to be wiped."""

    keep: list[Seen]
    missing: list[Thing]
    extra: list[Seen]


def place(spec: Spec, salt: str) -> list[Thing]:
    """Lay out a spec in full, in the order of its groups.

    Args:
        spec: what to show.
        salt: another salt gives another layout; the same one the same layout, on every machine.

    Raises:
        ValueError: the spec cannot be laid out.
    """
    slots = _slots(spec)
    best = min((_spread(spec, slots, f"{salt}/{n}") for n in range(TRIES)), key=_crowding)
    if best is None:
        raise ValueError("no layout of nine places satisfies this spec")
    return _things(spec, list(zip(slots, best, strict=True)), salt)


def possible(spec: Spec) -> bool:
    """Whether nine places can hold the spec."""
    return _spread(spec, _slots(spec), "") is not None


def satisfied(spec: Spec, seen: Sequence[Seen]) -> bool:
    """Whether a picture shows exactly what the spec asks for: every thing, every relation, and nothing else."""
    wanted = sum(group.count for group in spec.groups)
    return len(seen) == wanted and next(_matchings(spec, seen, 0, count()), None) is not None


def repair(spec: Spec, seen: Sequence[Seen], salt: str) -> Repair:
    """The least repair: keep as many right things as can stay, so that an edit repaints only where it is wrong.

    Missing things go to cells of wrong things first, then to free ones away from what is kept.
    """
    # Objects that fit badly are the first to give way where two could stand for the same thing.
    ranked = sorted(seen, key=lambda s: -s.fit)
    least = max(0, len(ranked) - sum(group.count for group in spec.groups))
    steps = iter(range(STEPS))
    for skips in range(least, len(ranked) + 1):
        for kept in _matchings(spec, ranked, skips, steps):
            missing = _fill(spec, kept, ranked, salt)
            if missing is not None:
                return _repair(kept, missing, ranked)
    kept = _greedily(spec, ranked, salt)
    return _repair(kept, _fill(spec, kept, ranked, salt) or [], ranked)


def _repair(kept: Kept, missing: list[Thing], seen: Sequence[Seen]) -> Repair:
    keep = [s for s, _ in kept]
    return Repair(keep, missing, [s for s in seen if not any(s is k for k in keep)])


def _greedily(spec: Spec, seen: Sequence[Seen], salt: str) -> Kept:
    """Keep object after object while the rest can still be filled in: not always the most, but soon."""
    kept: Kept = []
    for one in seen:
        for index, group in enumerate(spec.groups):
            more = [*kept, (one, index)]
            room = sum(at == index for _, at in kept) < group.count and fits(one, group)
            if room and _agrees(spec, kept, one, index) and _fill(spec, more, seen, salt) is not None:
                kept = more
                break
    return kept


def fits(seen: Seen, group: Group) -> bool:
    """Whether one seen object is what a group asks for, relations apart."""
    wants = (group.colour, seen.colour), (group.size, seen.size), (group.place, seen.place)
    return seen.shape == group.shape and all(want is None or want == got for want, got in wants)


def _matchings(spec: Spec, seen: Sequence[Seen], skips: int, steps: Iterator[int]) -> Iterator[Kept]:
    """Ways to take all but `skips` of the seen objects for members of groups, with all relations among them right.

    Ends early when `steps` run out.
    """
    left = [group.count for group in spec.groups]
    kept: Kept = []

    def extend(at: int, skips: int) -> Iterator[Kept]:
        if next(steps, None) is None or len(seen) - at < skips:
            return
        if at == len(seen):
            yield list(kept)
            return
        for index, group in enumerate(spec.groups):
            if left[index] and fits(seen[at], group) and _agrees(spec, kept, seen[at], index):
                left[index] -= 1
                kept.append((seen[at], index))
                yield from extend(at + 1, skips)
                kept.pop()
                left[index] += 1
        if skips:
            yield from extend(at + 1, skips - 1)

    return extend(0, skips)


def _agrees(spec: Spec, kept: Kept, seen: Seen, index: int) -> bool:
    """Whether a further object holds its group's relations to those kept so far."""
    here = (seen.x, seen.y)
    for other, group in kept:
        there = (other.x, other.y)
        for link in spec.links:
            if (link.subject, link.target) == (index, group) and not cells.holds(link.relation, here, there):
                return False
            if (link.subject, link.target) == (group, index) and not cells.holds(link.relation, there, here):
                return False
    return True


def _fill(spec: Spec, kept: Kept, seen: Sequence[Seen], salt: str) -> list[Thing] | None:
    """Things for the slots that nothing kept stands for; None when there is no room for them."""
    slots = _slots(spec)
    for _, group in kept:
        slots.remove(group)
    taken = {s.place for s, _ in kept}
    wrong = {s.place for s in seen} - taken
    order = sorted(
        range(9), key=lambda p: (p not in wrong, sum(n in taken for n in cells.neighbours(p)), _hash(salt, p))
    )
    domains = [_open(spec, slot, kept) & ~sum(1 << p for p in taken) for slot in slots]
    found = cells.arrange(domains, _slot_links(spec, slots), order, slots)
    return None if found is None else _things(spec, list(zip(slots, found, strict=True)), salt)


def _open(spec: Spec, slot: int, kept: Kept) -> int:
    """The set of places where a member of group `slot` holds its relations to what is kept."""
    want = spec.groups[slot].place
    domain = cells.EVERYWHERE if want is None else 1 << want
    for seen, group in kept:
        for link in spec.links:
            if (link.subject, link.target) == (slot, group):
                domain &= cells.standing(link.relation, (seen.x, seen.y))
            if (link.target, link.subject) == (slot, group):
                domain &= cells.standing(cells.INVERSE[link.relation], (seen.x, seen.y))
    return domain


def _spread(spec: Spec, slots: Sequence[int], salt: str) -> list[int] | None:
    order = sorted(range(9), key=lambda p: _hash(salt, p))
    return cells.arrange([_open(spec, slot, []) for slot in slots], _slot_links(spec, slots), order, slots)


def _crowding(places: Sequence[int] | None) -> int:
    """How many pairs stand side by side."""
    return 0 if places is None else sum(n in places for p in places for n in cells.neighbours(p))


def _slots(spec: Spec) -> list[int]:
    return [index for index, group in enumerate(spec.groups) for _ in range(group.count)]


def _slot_links(spec: Spec, slots: Sequence[int]) -> list[cells.SlotLink]:
    return [
        (a, link.relation, b)
        for link in spec.links
        for a, subject in enumerate(slots)
        for b, target in enumerate(slots)
        if (subject, target) == (link.subject, link.target)
    ]


def _things(spec: Spec, placed: Sequence[tuple[int, int]], salt: str) -> list[Thing]:
    colours = _colours(spec, salt)
    size: Size = "large" if sum(group.count for group in spec.groups) <= ROOMY else "small"
    groups = spec.groups
    return [Thing(groups[g].shape, colours[g], groups[g].size or size, p) for g, p in placed]


def _colours(spec: Spec, salt: str) -> list[Colour]:
    """A colour for every group: the one it names, else one that no other group has while any is left."""
    named = {group.colour for group in spec.groups}
    spare: list[Colour] = sorted(COLOURS, key=lambda colour: (colour in named, _hash(salt, colour)))
    turn = iter(spare * len(spec.groups))
    return [next(turn) if group.colour is None else group.colour for group in spec.groups]


def _hash(salt: str, of: object) -> bytes:
    return hashlib.sha256(f"{salt}\n{of}".encode(errors="backslashreplace")).digest()
