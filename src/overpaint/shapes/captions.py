"""From scenes to words: briefs in few words, captions as the painter was taught them, and what fits its encoder."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from overpaint.shapes.cells import centre
from overpaint.shapes.drafts import Draft, meant
from overpaint.shapes.language import ORDINALS, counted, kind_words, listed, thing_words, where
from overpaint.shapes.phrases import Mention
from overpaint.shapes.scene import RADIUS, SIDE, Group, Link, Seen, Spec, Thing
from overpaint.tools.faults import BadInput

NOTHING = "nothing else"
"""The caption of bare ground."""
ENDS = 2
"""Tokens that the text encoder adds: one before, one after."""
_TOKEN = re.compile(r"\w+|[^\w\s]")


def tokens(caption: str) -> int:
    """How many tokens the built-in painter's tokenizer makes of a caption in the words it was taught."""
    return len(_TOKEN.findall(caption)) + ENDS


def terse(spec: Spec) -> str:
    """Put a spec in few words, such as "two red circles above a blue square and a star"; `parse` reads it back."""
    parts, told = [], set()
    at = 0
    while at < len(spec.groups):
        part = _introduced(spec.groups[at])
        link = next((k for k in spec.links if (k.subject, k.target) == (at, at + 1)), None)
        if link and _reads_as_new(spec, at + 1) and not _reads_as_corner(spec.groups[at], link):
            told.add(link)
            at += 1
            part += f" {link.relation} {_introduced(spec.groups[at])}"
        parts.append(part)
        at += 1
    rest = [link for link in spec.links if link not in told]
    clauses = [f"{named(spec, k.subject)} {k.relation} {named(spec, k.target)}" for k in rest]
    return ", ".join([listed(parts), *clauses]) if parts else NOTHING


def named(spec: Spec, index: int) -> str:
    """A group by "the", such as "the red circle", or "the second red circle" where several answer to that."""
    group = spec.groups[index]
    drafts = [Draft(other) for other in spec.groups]
    alike = meant(drafts, Mention(shape=group.shape, colour=group.colour, size=group.size))
    if len(alike) == 1:
        return f"the {kind_words(group)}"
    which = next(n for n, draft in enumerate(alike) if draft is drafts[index])
    return f"the {ORDINALS[which]} {kind_words(group)}"


def _introduced(group: Group) -> str:
    return counted(group) + where(group.place)


def _reads_as_new(spec: Spec, target: int) -> bool:
    """Whether a group first named as the target of a relation is not taken for one named earlier in the same words."""
    group = spec.groups[target]
    earlier = [replace(other, place=None) for other in spec.groups[: target - 1]]
    return group.place is not None or group not in earlier


def _reads_as_corner(group: Group, link: Link) -> bool:
    """Whether a place and a relation would run together, as in "at the top left of a star"."""
    return group.place in (1, 7) and link.relation in ("left of", "right of")


def detailed(things: Sequence[Thing]) -> str:
    """Name things one by one with size, colour, shape and place, in the words the painter was taught."""
    return ", ".join(thing_words(thing) for thing in things) if things else NOTHING


def grouped(things: Sequence[Thing]) -> str:
    """Name things by kind and number only, such as "two red circles and a blue square"."""
    kinds = Counter((thing.colour, thing.shape) for thing in things)
    return (
        listed([counted(Group(shape, count, colour)) for (colour, shape), count in kinds.items()]) if kinds else NOTHING
    )


def fit(things: Sequence[Thing], token_limit: int | None) -> str:
    """The most detailed caption that the text encoder reads whole.

    Gives up sizes first, then places from the last thing on, then names things by number. A limit that even this
    passes is not kept: what a caption must say comes first.

    Args:
        things: what to show.
        token_limit: how many tokens are read; None when there is no limit.
    """
    limit = float("inf") if token_limit is None else token_limit
    return next((c for c in _ever_shorter(things) if tokens(c) <= limit), grouped(things))


def _ever_shorter(things: Sequence[Thing]) -> list[str]:
    if not things:
        return [NOTHING]
    fewer_places = [
        ", ".join(thing_words(thing, size=False, place=n < placed) for n, thing in enumerate(things))
        for placed in range(len(things), 0, -1)
    ]
    return [detailed(things), *fewer_places]


def describe(seen: Sequence[Seen]) -> str:
    """A brief that asks for what was seen; things of no clear shape, and any beyond nine, are left out.

    Raises:
        BadInput: nothing of a clear shape was seen.
    """
    parts: list[str] = []
    taken: set[int] = set()
    for thing in [s for s in seen if s.shape is not None][:9]:
        place = None if thing.place in taken else thing.place
        taken.add(thing.place)
        parts.append(seen_words(thing, place))
    if not parts:
        raise BadInput("nothing the built-in world knows was seen in the picture; give a brief")
    return ", ".join(parts)


def seen_words(seen: Seen, place: int | None) -> str:
    """One seen object in words, such as "a large red circle in the top left"."""
    if seen.shape is None:
        return f"a {seen.size} {seen.colour} object of no clear shape{where(place)}"
    return thing_words(Thing(seen.shape, seen.colour, seen.size, seen.place), place=False) + where(place)


def as_seen(thing: Thing) -> Seen:
    """A thing as a faultless inspector would see it: at the centre of its place, with a perfect fit."""
    (x, y), r = centre(thing.place), RADIUS[thing.size] / SIDE
    return Seen(thing.shape, thing.colour, thing.size, thing.place, x, y, (x - r, y - r, x + r, y + r), 1.0)
