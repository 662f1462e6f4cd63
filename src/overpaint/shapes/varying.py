"""Prompts for other pictures of the same things: other places, sizes and colours."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from overpaint.shapes.captions import fit
from overpaint.shapes.layout import place
from overpaint.shapes.scene import COLOURS, SIZES, Group, Spec

ALIKE = 0.75
"""The most that two variations have in common, a little less than what counts as one prompt (0.8)."""
TRIES = 400
"""How many variations are tried for one that differs enough."""


def variations(spec: Spec, number: int, kept: Sequence[str], token_limit: int | None) -> list[str]:
    """So many prompts that differ from each other and from those that are kept; fewer where no more are found.

    Args:
        spec: whose shapes, numbers and relations they keep.
        number: how many.
        kept: earlier prompts.
        token_limit: how many tokens the painter reads; None when there is no limit.
    """
    found: list[str] = []
    for turn in range(TRIES):
        if len(found) == number:
            break
        prompt = fit(place(_loosened(spec, turn), f"variation {turn}"), token_limit)
        if all(shared(prompt, other) <= ALIKE for other in (*kept, *found)):
            found.append(prompt)
    return found


def _loosened(spec: Spec, turn: int) -> Spec:
    return replace(spec, groups=tuple(_varied(group, turn + at) for at, group in enumerate(spec.groups)))


def _varied(group: Group, turn: int) -> Group:
    """A group with its place left open, in another size each turn, and in its own colour every other turn."""
    colour = COLOURS[(turn // 2) % len(COLOURS)] if turn % 2 else group.colour
    return replace(group, place=None, size=SIZES[(turn // 4) % len(SIZES)], colour=colour)


def shared(one: str, other: str) -> float:
    """The share of words, and of pairs of neighbours, that two texts have in common (Jaccard), 0 to 1."""
    a, b = _grams(one), _grams(other)
    return len(a & b) / len(a | b) if a | b else 1.0


def _grams(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.casefold())
    return {*((word,) for word in words), *pairwise(words)}
