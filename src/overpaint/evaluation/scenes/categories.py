"""Draws briefs of one thing or two, of counts, and of many things that are told in full: the spec, and words for it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from overpaint.shapes.language import NUMBER_NAMES, PLACE_PHRASES, article, kind_words
from overpaint.shapes.scene import COLOURS, SHAPES, SIZES, Group, Link, Relation, Spec

Drawn = tuple[str, Spec]
"""A text, and what it asks for."""

RELATIONS: tuple[Relation, ...] = ("left of", "right of", "above", "below")
RELATION_WORDS: dict[Relation, tuple[str, ...]] = {
    "left of": ("left of", "left of", "to the left of"),
    "right of": ("right of", "right of", "to the right of"),
    "above": ("above", "above", "over"),
    "below": ("below", "below", "under"),
}
WORDY = 6
"""From so many things on, those told in full are told in sentences."""
OPENINGS = ("", "", "", "", "a picture of ", "draw ", "show ", "an image of ")
"""What a text may begin with; most begin with what they ask for."""
SIZE_WORDS = {"small": ("small", "small", "small", "little"), "large": ("large", "large", "large", "big")}
"""Words for shapes and colours are never varied: what is measured is whether a scene can be built, not vocabulary."""


def one(rng: random.Random) -> Drawn:
    """One thing of no colour, at times of a size or in a place, since there are only six shapes."""
    size = rng.choice((None, *SIZES))
    place = rng.choice((None, rng.randrange(9)))
    return told(rng, [Group(rng.choice(SHAPES), 1, None, size, place)])


def two(rng: random.Random) -> Drawn:
    """Two things of different shapes."""
    return told(rng, [Group(shape, 1, None, rng.choice((None, None, *SIZES))) for shape in rng.sample(SHAPES, 2)])


def counting(rng: random.Random) -> Drawn:
    """Two to five things of one kind."""
    return told(rng, [Group(rng.choice(SHAPES), rng.randint(2, 5), rng.choice((None, rng.choice(COLOURS))))])


def coloured(rng: random.Random) -> Drawn:
    """One thing of a colour."""
    return told(rng, [Group(rng.choice(SHAPES), 1, rng.choice(COLOURS), rng.choice((None, None, *SIZES)))])


def placed(rng: random.Random) -> Drawn:
    """Two things, one beside the other."""
    subject, target = (Group(shape, 1, None, rng.choice((None, None, *SIZES))) for shape in rng.sample(SHAPES, 2))
    relation = rng.choice(RELATIONS)
    text = f"{phrase(rng, subject)} {rng.choice(RELATION_WORDS[relation])} {phrase(rng, target)}"
    return rng.choice(OPENINGS) + text, Spec((subject, target), (Link(0, relation, 1),))


def attributed(rng: random.Random) -> Drawn:
    """Two things of different shapes and colours."""
    shapes, colours = rng.sample(SHAPES, 2), rng.sample(COLOURS, 2)
    return told(rng, [Group(shape, 1, colour) for shape, colour in zip(shapes, colours, strict=True)])


def fully_told(rng: random.Random, objects: int) -> Drawn:
    """Things in places of their own, each with its size, colour and shape, in the order they were drawn.

    Six and more are told in sentences, fewer half the time: longer than the text encoder of the painter reads, as what
    people write is. A bare list of six would be a prompt already, and no more than what the writer makes of it.
    """
    places = rng.sample(range(9), objects)
    groups = [Group(rng.choice(SHAPES), 1, rng.choice(COLOURS), rng.choice(SIZES), p) for p in places]
    return sentences(rng, groups) if objects >= WORDY or rng.random() < 0.5 else told(rng, groups)


def sentences(rng: random.Random, groups: Sequence[Group]) -> Drawn:
    """A clause for each thing: "there is a small red star in the top left corner of the picture"."""
    way, stop = rng.choice(("before", "after", "stands")), rng.choice((". ", "; ", ", and "))
    parts = []
    for group in groups:
        thing, place = phrase(rng, replace(group, place=None)), where(rng, group.place)
        if way == "before":
            parts.append(f"{place} of the picture there is {thing}")
        elif way == "after":
            parts.append(f"there is {thing} {place} of the picture")
        else:
            parts.append(f"{thing} stands {place} of the picture")
    return stop.join(parts), Spec(tuple(groups))


def told(rng: random.Random, groups: Sequence[Group]) -> Drawn:
    """Name groups one after another."""
    if len(groups) > 2 and groups[0].place is not None and rng.random() < 0.25:
        parts = [f"{where(rng, g.place)} {phrase(rng, replace(g, place=None))}".strip() for g in groups]
        return "; ".join(parts), Spec(tuple(groups))
    parts = [phrase(rng, group) for group in groups]
    return rng.choice(OPENINGS) + joined(rng, parts), Spec(tuple(groups))


def phrase(rng: random.Random, group: Group) -> str:
    """A group in words, its place last."""
    words = kind_words(group)
    if group.size is not None:
        words = words.replace(group.size, rng.choice(SIZE_WORDS[group.size]), 1)
    number = NUMBER_NAMES[group.count] if rng.random() < 0.8 else str(group.count)
    said = article(words) if group.count == 1 else f"{number} {words}"
    return said if group.place is None else f"{said} {where(rng, group.place)}"


def where(rng: random.Random, place: int | None) -> str:
    """A place in words."""
    assert place is not None
    usual = PLACE_PHRASES[place]
    corner = f"{usual} corner" if place in (0, 2, 6, 8) else usual
    return rng.choice((usual, usual, usual, corner))


def joined(rng: random.Random, parts: Sequence[str]) -> str:
    """A list in words, in one of several ways."""
    *most, last = parts
    if len(most) < 2:
        return " and ".join(parts)
    return ", ".join(most) + rng.choice((" and ", ", ", " and ", ", and ")) + last
