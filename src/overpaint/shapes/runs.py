"""Adjectives in a row, and what stands before and after them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from overpaint.shapes.reading import Item

QUALITIES = frozenset(("colour", "size"))
OPENS = frozenset(("definite", "indefinite", "number", "ordinal", "rest"))
ADJECTIVES = OPENS | QUALITIES
JOINS = frozenset((",", "and"))
LEADS = frozenset((",", ":", "(", "\N{EN DASH}", "\N{EM DASH}"))
"""What may stand between a noun and what is told of it."""
AND = Item("break", word="and")
ONES = Item("ones", word="one")


@dataclass(frozen=True)
class Run:
    """Adjectives in a row: `parts` as commas and "and" split them, and where they end."""

    parts: list[list[Item]]
    end: int


def run_at(said: Sequence[Item], at: int) -> Run:
    """The run of adjectives that begins here; empty where none does."""
    parts: list[list[Item]] = [[]]
    told = False
    while True:
        here = kind_at(said, at)
        if here in ADJECTIVES:
            if here in OPENS and told and not _is_pronoun(said, at, parts[-1]):
                parts.append([])
            parts[-1].append(said[at])
            told = here in QUALITIES or (told and len(parts[-1]) > 1)
            at += 1
            continue
        after = at
        while kind_at(said, after) == "break" and said[after].word in JOINS:
            after += 1
        if after == at or kind_at(said, after) not in ADJECTIVES:
            return Run(parts, at)
        parts.append([])
        at, told = after, False


def _is_pronoun(said: Sequence[Item], at: int, part: Sequence[Item]) -> bool:
    """Whether this is the "one" of "a red one"; in "one red one blue" it is not."""
    return said[at].word == "one" and kind_at(said, at + 1) not in QUALITIES | {"shape"} and part[0].kind != "number"


def phrase_start(out: Sequence[Item]) -> int:
    """Where the adjectives at the end begin."""
    start = len(out)
    while start and out[start - 1].kind in ADJECTIVES:
        start -= 1
    return start


def trails(out: Sequence[Item]) -> bool:
    """Whether a noun and a comma, colon or bracket stand last."""
    return len(out) > 1 and out[-1].word in LEADS and out[-2].kind in ("shape", "place", "quality")


def grouped(out: Sequence[Item]) -> bool:
    """Whether several things of one kind were named, of which members may be told apart."""
    return any(item.kind == "shape" and item.many for item in out)


def number_said(out: Sequence[Item]) -> int:
    """The number that goes with the last noun; 0 for none."""
    nouns = [n for n, item in enumerate(out) if item.kind == "shape"]
    phrase = out[phrase_start(out[: nouns[-1]]) : nouns[-1]] if nouns else []
    return next((int(item.value) for item in phrase if item.kind == "number"), 0)


def is_bare(part: Sequence[Item]) -> bool:
    """Whether it holds colours and sizes alone."""
    return bool(part) and all(item.kind in QUALITIES for item in part)


def has_quality(part: Sequence[Item]) -> bool:
    """Whether it says a colour or size."""
    return any(item.kind in QUALITIES for item in part)


def is_colour(part: Sequence[Item]) -> bool:
    """Whether it is one colour and nothing else."""
    return len(part) == 1 and part[0].kind == "colour"


def is_many(part: Sequence[Item]) -> bool:
    """Whether it counts more than one."""
    return any(item.kind == "number" and item.value != 1 for item in part)


def noun_at(said: Sequence[Item], at: int) -> Item | None:
    """The noun at this place, if there is one."""
    return said[at] if kind_at(said, at) == "shape" else None


def kind_at(said: Sequence[Item], at: int) -> str:
    """The kind of the item at this place; "" past the end."""
    return said[at].kind if at < len(said) else ""


def one_each(parts: Sequence[list[Item]]) -> list[Item]:
    """Members of a group, one of each colour, as `phrases` reads them."""
    return [item for part in parts for item in (Item("number", 1, "one"), *part, ONES, AND)][:-1]


def quality(kind: str, part: Sequence[Item], loose: bool) -> Item:
    """One item for colours and sizes; `many` marks those that may be told of more than the thing named last."""
    values, words = " ".join(str(item.value) for item in part), " ".join(item.word for item in part)
    return Item("claim" if kind == "claim" else "all" if kind == "all" else "quality", values, words, loose)
