"""How scenes are put into words in training: the many ways in which people ask for the same picture."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from overpaint.shapes.captions import detailed
from overpaint.shapes.cells import centre, holds
from overpaint.shapes.language import COLOUR_NAMES, NUMBER_NAMES, SHAPE_NAMES, SIZE_NAMES, article, plural
from overpaint.shapes.scene import Relation, Thing

USUAL = 0.7
"""How often a thing is called by its usual name, and a place by its usual phrase."""
PLACE_WAYS: tuple[tuple[str, ...], ...] = (
    ("in the top left", "in the top left corner", "in the upper left", "at the top left", "top left"),
    ("at the top", "at the top center", "in the top center", "at the top middle", "top"),
    ("in the top right", "in the top right corner", "in the upper right", "at the top right", "top right"),
    ("on the left", "at the left", "on the left side", "on the middle left", "left"),
    ("in the center", "in the middle", "in the centre", "at the center", "center"),
    ("on the right", "at the right", "on the right side", "on the middle right", "right"),
    ("in the bottom left", "in the bottom left corner", "in the lower left", "at the bottom left", "bottom left"),
    ("at the bottom", "at the bottom center", "in the bottom center", "at the bottom middle", "bottom"),
    ("in the bottom right", "in the bottom right corner", "in the lower right", "at the bottom right", "bottom right"),
)
RELATION_WAYS: dict[Relation, tuple[str, ...]] = {
    "left of": ("left of", "to the left of", "on the left of"),
    "right of": ("right of", "to the right of", "on the right of"),
    "above": ("above", "over", "on top of"),
    "below": ("below", "under", "beneath", "underneath"),
}
OPENINGS = (
    "a photo of ", "a picture of ", "an image of ", "a drawing of ", "an illustration of ", "a scene with ", "exactly ",
    "draw ", "show ", "paint ", "please draw ", "please give me ", "i want ", "there is ", "there are ",
    "a simple image with ", "a clean picture of ", "the picture shows ", "the picture contains ", "just ", "only ",
)  # fmt: skip
ENDINGS = (
    " on a plain light background", " on a white background", ", nothing else", " and nothing else", " please", ".",
    ", flat vector style", ", simple and clean", ", sharp edges", ", minimalist", ", evenly lit, high quality",
)  # fmt: skip


def caption(things: Sequence[Thing], rng: random.Random) -> str:
    """One of the ways to ask for a scene, from a few words to every attribute of everything."""
    (way,) = rng.choices(list(WAYS), list(WAYS.values()))
    words = way(rng.sample(things, len(things)), rng)
    opening = rng.choice(OPENINGS) if rng.random() < 0.35 else ""
    ending = rng.choice(ENDINGS) if rng.random() < 0.35 else ""
    return f"{opening}{words}{ending}"


@dataclass(frozen=True)
class Say:
    """Which attributes of a thing are told."""

    colour: bool = True
    size: bool = False
    place: bool = False


def terse(things: Sequence[Thing], rng: random.Random) -> str:
    """Kinds and numbers: "two red circles and a blue square"."""
    return _kinds(things, rng, coloured=True)


def colourless(things: Sequence[Thing], rng: random.Random) -> str:
    """Shapes and numbers alone: "two circles and a square"."""
    return _kinds(things, rng, coloured=False)


def related(things: Sequence[Thing], rng: random.Random) -> str:
    """A relation or a chain of them, and the rest by kind: "a red star above a blue square, and a cross"."""
    coloured = rng.random() < 0.75
    longest = 2 if rng.random() < 0.5 else rng.randint(2, 6)
    chain = _unlike(things, coloured)[:longest]
    if len(chain) < 2:
        return partly(things, rng)
    said = [_named(chain[0], rng, Say(coloured, rng.random() < 0.15))]
    for one, other in pairwise(chain):
        way = rng.choice(RELATION_WAYS[rng.choice(relations(one, other))])
        said.append(f"{way} {_named(other, rng, Say(coloured, rng.random() < 0.15))}")
    rest = [thing for thing in things if thing not in chain]
    return " ".join(said) + (rng.choice((", and ", " and ", ", ")) + terse(rest, rng) if rest else "")


def full(things: Sequence[Thing], rng: random.Random) -> str:
    """Everything of everything, in the one wording that the writer uses."""
    return detailed(things)


def varied(things: Sequence[Thing], rng: random.Random) -> str:
    """Everything of everything, in other words."""
    return _joined([_named(thing, rng, Say(size=True, place=True)) for thing in things], rng)


def partly(things: Sequence[Thing], rng: random.Random) -> str:
    """Things one by one, with sizes and places left out here and there."""
    keep = rng.choice((0.3, 0.6, 0.9))
    return _joined([_named(t, rng, Say(size=rng.random() < keep, place=rng.random() < keep)) for t in things], rng)


def unsized(things: Sequence[Thing], rng: random.Random) -> str:
    """Colours, shapes and places, in the writer's wording."""
    return ", ".join(_named(thing, rng, Say(place=True), usual=1.0) for thing in things)


def counted(things: Sequence[Thing], rng: random.Random) -> str:
    """Groups first, then each of their members: "three red circles, one in the top left, ..."."""
    parts = []
    for group in _groups(things, coloured=True):
        if len(group) == 1:
            parts.append(_named(group[0], rng, Say(size=True, place=True)))
        else:
            members = (_member(thing, rng) for thing in group)
            parts.append(_many(group, rng, coloured=True) + rng.choice((": ", ", ")) + ", ".join(members))
    return ", ".join(parts)


def tabled(things: Sequence[Thing], rng: random.Random) -> str:
    """As a list of places: "top left: large red circle; center: blue star"."""
    sized, stop = rng.random() < 0.7, rng.choice(("; ", ". ", ", "))
    return stop.join(f"{PLACE_WAYS[t.place][-1]}: {_bare(t, rng, Say(size=sized))}" for t in things)


Way = Callable[[Sequence[Thing], random.Random], str]
WAYS: dict[Way, float] = {
    terse: 0.22, colourless: 0.08, related: 0.13, full: 0.22, varied: 0.1, partly: 0.1, unsized: 0.05, counted: 0.06,
    tabled: 0.04,
}  # fmt: skip
"""Every way with its share."""


def relations(one: Thing, other: Thing) -> list[Relation]:
    """The relations that hold between two things, by their places."""
    return [r for r in RELATION_WAYS if holds(r, centre(one.place), centre(other.place))]


def _unlike(things: Sequence[Thing], coloured: bool) -> list[Thing]:
    """The things whose words fit no other one of the scene, so that a chain of relations can be followed."""
    groups = _groups(things, coloured)
    return [group[0] for group in groups if len(group) == 1]


def _kinds(things: Sequence[Thing], rng: random.Random, coloured: bool) -> str:
    return _joined([_many(group, rng, coloured) for group in _groups(things, coloured)], rng)


def _groups(things: Sequence[Thing], coloured: bool) -> list[list[Thing]]:
    groups: dict[tuple[str, ...], list[Thing]] = {}
    for thing in things:
        groups.setdefault((thing.colour, thing.shape) if coloured else (thing.shape,), []).append(thing)
    return list(groups.values())


def _many(group: Sequence[Thing], rng: random.Random, coloured: bool) -> str:
    """A group with its number; its size is told now and then, where it has only one."""
    sized = rng.random() < 0.2 and len({thing.size for thing in group}) == 1
    say = Say(coloured, sized)
    if len(group) == 1:
        return _named(group[0], rng, say)
    number = str(len(group)) if rng.random() < 0.2 else NUMBER_NAMES[len(group)]
    return f"{number} {_bare(group[0], rng, say, many=True)}"


def _named(thing: Thing, rng: random.Random, say: Say, usual: float = USUAL) -> str:
    words = _bare(thing, rng, say, usual=usual)
    start = rng.random() if usual < 1 else 1.0
    words = words if start < 0.04 else f"one {words}" if start < 0.08 else article(words)
    return f"{words} {_where(thing, rng, usual)}" if say.place else words


def _bare(thing: Thing, rng: random.Random, say: Say, many: bool = False, usual: float = USUAL) -> str:
    noun = _call(SHAPE_NAMES[thing.shape], rng, usual)
    size = _call(SIZE_NAMES[thing.size], rng, usual) if say.size else ""
    colour = _call(COLOUR_NAMES[thing.colour], rng, usual) if say.colour else ""
    return " ".join(word for word in (size, colour, plural(noun) if many else noun) if word)


def _member(thing: Thing, rng: random.Random) -> str:
    sized = f"{article(thing.size)} one" if rng.random() < 0.6 else "one"
    return f"{sized} {_where(thing, rng, USUAL)}"


def _where(thing: Thing, rng: random.Random, usual: float) -> str:
    return _call(PLACE_WAYS[thing.place][:-1], rng, usual)


def _call(names: Sequence[str], rng: random.Random, usual: float) -> str:
    return names[0] if rng.random() < usual else rng.choice(names)


def _joined(parts: Sequence[str], rng: random.Random) -> str:
    style = rng.random()
    if len(parts) == 1:
        return parts[0]
    if style < 0.5:
        return ", ".join(parts[:-1]) + rng.choice((" and ", ", and ", " plus ")) + parts[-1]
    return (", " if style < 0.8 else " and ").join(parts)
