"""Reads the words of places and relations: "in the top left corner", "to the right side of"."""

from __future__ import annotations

from collections.abc import Sequence

from overpaint.shapes import language
from overpaint.shapes.scene import Relation

PREPOSITIONS = frozenset(("in", "at", "on", "to", "into", "near", "towards"))
_BESIDE = frozenset(("left", "right"))
_MIDDLE = frozenset(("middle", "center", "centre"))
SIDES = frozenset(("corner", "side", "edge", "hand"))


def relation_at(words: Sequence[str], at: int) -> tuple[Relation, int] | None:
    """The relation named here and how many words name it."""
    for phrase, relation in language.RELATIONS.items():
        if says(words, at, phrase):
            return relation, len(phrase)
    end = _skip_the(words, at + (at < len(words) and words[at] in PREPOSITIONS))
    if end >= len(words) or words[end] not in ("left", "right"):
        return None
    side: Relation = "left of" if words[end] == "left" else "right of"
    end = _skip_sides(words, end + 1)
    if words[at] in ("to", "left", "right") and says(words, end, ("and",)) and relation_at(words, end + 1):
        return side, end - at
    if end < len(words) and words[end] == "of" and not _of_picture(words, end):
        return side, end + 1 - at
    return None


def place_at(words: Sequence[str], at: int) -> tuple[int | None, int] | None:
    """The place named here (0 to 8) and how many words name it; None for a place of a thing: "the top of a star"."""
    start = _skip_the(words, at + (words[at] in PREPOSITIONS))
    cell = _cell(words, start)
    if cell is None:
        return None
    place, length = cell
    end = _skip_sides(words, start + length)
    end += _of_picture(words, end)
    if end < len(words) and words[end] == "of":
        if words[start] in _MIDDLE and end == start + 2 and words[end - 1] in _BESIDE:
            # "a star in the center left of a circle", as `captions.terse` puts it: in the center, and left of it.
            return language.ALONE[words[start]], start + 1 - at
        return None, end + 1 - at
    return place, end - at


def _cell(words: Sequence[str], at: int) -> tuple[int, int] | None:
    """The place named here (0 to 8) and how many words name it."""
    if at >= len(words):
        return None
    if at + 1 < len(words) and words[at] in language.ROWS and words[at + 1] in language.COLUMNS:
        return 3 * language.ROWS[words[at]] + language.COLUMNS[words[at + 1]], 2
    return (language.ALONE[words[at]], 1) if words[at] in language.ALONE else None


def _of_picture(words: Sequence[str], at: int) -> int:
    """How many words of "of the picture" stand here: 0, 2 or 3."""
    if at >= len(words) or words[at] not in ("of", "in"):
        return 0
    end = _skip_the(words, at + 1)
    return end + 1 - at if end < len(words) and words[end] in language.PICTURES else 0


def _skip_the(words: Sequence[str], at: int) -> int:
    return at + (at < len(words) and words[at] == "the")


def _skip_sides(words: Sequence[str], at: int) -> int:
    while at < len(words) and words[at] in SIDES:
        at += 1
    return at


def says(words: Sequence[str], at: int, phrase: tuple[str, ...]) -> bool:
    """Whether these words stand here."""
    return at < len(words) and words[at] == phrase[0] and tuple(words[at : at + len(phrase)]) == phrase
