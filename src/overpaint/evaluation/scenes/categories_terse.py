"""Draws briefs of many things that leave much open: chains of relations, and groups by number."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from overpaint.evaluation.scenes.categories import OPENINGS, RELATION_WORDS, RELATIONS, WORDY, Drawn, joined, phrase
from overpaint.shapes.cells import centre, holds
from overpaint.shapes.language import kind_words
from overpaint.shapes.layout import possible
from overpaint.shapes.scene import COLOURS, SHAPES, SIZES, Colour, Group, Link, Relation, Shape, Spec

MOST_ALIKE = 4
"""The largest group that is asked for by number."""


def chained(rng: random.Random, objects: int) -> Drawn:
    """Things of different kinds, each related to one named before; all hold in a layout drawn first."""
    places = rng.sample(range(9), objects)
    groups = [Group(shape, 1, colour) for shape, colour in kinds(rng, objects)]
    links = [_link(rng, places, max(0, at - rng.choice((1, 1, 1, 2))), at) for at in range(1, objects)]
    text = f"{phrase(rng, groups[0])} {_said(rng, links[0])} {phrase(rng, groups[1])}"
    # The first relation is told from the first thing's side, all others from the new thing's.
    clauses = [
        f"{phrase(rng, groups[link.subject])} {_said(rng, link)} the {kind_words(groups[link.target])}"
        for link in links[1:]
    ]
    return rng.choice(OPENINGS) + rng.choice((", ", "; ")).join([text, *clauses]), Spec(tuple(groups), tuple(links))


def grouped(rng: random.Random, objects: int) -> Drawn:
    """Things by kind and number, some of a size, one at times in a place, and a relation between two groups."""
    counts = split(rng, objects)
    groups = [
        Group(shape, count, colour, rng.choice((None, *SIZES)))
        for count, (shape, colour) in zip(counts, kinds(rng, len(counts)), strict=True)
    ]
    single = [at for at, group in enumerate(groups) if group.count == 1]
    if single and rng.random() < 0.5:
        groups[single[0]] = replace(groups[single[0]], place=rng.randrange(9))
    spec = _related(rng, Spec(tuple(groups)))
    text = joined(rng, [phrase(rng, group) for group in groups])
    for link in spec.links:
        subject, target = (kind_words(groups[end]) for end in (link.subject, link.target))
        text += f"; the {subject} {_said(rng, link)} the {target}"
    return rng.choice(OPENINGS) + text, spec


def split(rng: random.Random, objects: int) -> list[int]:
    """Part a number of things into groups of one to four, one of several at least; into three or more from six on."""
    while True:
        cuts = sorted(rng.sample(range(1, objects), rng.randint(1 + (objects >= WORDY), min(3, objects - 2))))
        counts = [b - a for a, b in pairwise((0, *cuts, objects))]
        if max(counts) <= MOST_ALIKE:
            return counts


def kinds(rng: random.Random, number: int) -> list[tuple[Shape, Colour]]:
    """Shape and colour of as many kinds, all different, so that "the red circle" is one thing."""
    return rng.sample([(shape, colour) for shape in SHAPES for colour in COLOURS], number)


def _link(rng: random.Random, places: Sequence[int], before: int, new: int) -> Link:
    """A relation that holds between two places."""
    subject, target = (before, new) if new == 1 else (new, before)
    a, b = centre(places[subject]), centre(places[target])
    true: list[Relation] = [relation for relation in RELATIONS if holds(relation, a, b)]
    return Link(subject, rng.choice(true), target)


def _related(rng: random.Random, spec: Spec) -> Spec:
    """The spec with a relation between two of its groups, where one can hold; a third of the time without."""
    subject, target = rng.sample(range(len(spec.groups)), 2)
    wider = replace(spec, links=(Link(subject, rng.choice(RELATIONS), target),))
    return wider if rng.random() < 0.67 and possible(wider) else spec


def _said(rng: random.Random, link: Link) -> str:
    return rng.choice(RELATION_WORDS[link.relation])
