"""Reads text word by word: from a string to a stream of items that each mean one thing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from overpaint.shapes import language
from overpaint.shapes.scene import Relation

Kind = Literal[
    "definite", "indefinite", "number", "ordinal", "size", "colour", "shape", "generic", "place", "relation", "break",
    "is", "which", "pronoun", "filler", "unknown",
]  # fmt: skip


@dataclass(frozen=True)
class Item:
    """One word or phrase and what it means.

    `value` is a Shape, Colour, Size, Relation, number or place; `word` is what was said; `many` marks a plural.
    """

    kind: Kind
    value: str | int = ""
    word: str = ""
    many: bool = False


Found = tuple[Item, int] | None
"""An item and how many words it took; None when no such phrase starts here."""

_STOPS = ',.;:!?&()[]"\n/«»…\u201c\u201d\u201e\u2013\u2014'
_QUOTES = "'`*\u2018\u2019"
_TOKEN = re.compile(f"(?<!\\S)[-\u2013]\\d+|[{re.escape(_STOPS)}]+|[^\\s{re.escape(_STOPS)}-]+")
_WORDS: dict[str, Item] = {
    **{w: Item("filler", word=w) for w in language.FILLER},
    **{w: Item("generic", word=w, many=w.endswith("s")) for w in language.GENERIC},
    **{w: Item("shape", shape, w, many) for w, (shape, many) in language.SHAPE_WORDS.items()},
    **{w: Item("colour", colour, w) for w, colour in language.COLOUR_WORDS.items()},
    **{w: Item("size", size, w) for w, size in language.SIZE_WORDS.items()},
    **{w: Item("number", n, w) for w, n in language.NUMBER_WORDS.items()},
    **{w: Item("ordinal", n, w) for n, w in enumerate(language.ORDINALS)},
    **{w: Item("indefinite", word=w) for w in ("a", "an")},
    **{w: Item("definite", word=w) for w in ("the", "every", "each", "this", "that")},
    **{w: Item("break", word=w) for w in ("and", "with", "then", "also", "while")},
    **{w: Item("is", word=w) for w in ("is", "are", "stands", "sits", "lies", "stand", "sit", "lie")},
    "which": Item("which", word="which"),
}
_SIDES = frozenset(("corner", "side", "edge", "hand"))
_PREPOSITIONS = frozenset(("in", "at", "on", "to", "into", "near", "towards"))
_STARTS_GROUND = frozenset(("on", "against", "with", "over"))
_PRONOUNS = frozenset(("it", "them", "which", "that", "this"))
_GO_ON = frozenset(("number", "ordinal", "size", "colour", "shape", "generic"))
"""After "that", these make it an article: "below that square"."""
_INSIDE = frozenset(("containing", "contains", "contain"))
_DESCRIBES = frozenset(("definite", "indefinite", "number", "ordinal", "size", "colour"))
_CELLS = language.ROWS.keys() | language.COLUMNS.keys()
_ASIDES = (("nothing", "else"), ("nothing", "more"), *(("no", "other", noun) for noun in sorted(language.GENERIC)))
_OPENERS = _PREPOSITIONS | _STARTS_GROUND | _CELLS | {"nothing", "no"} | {words[0] for words in language.RELATIONS}


def read(text: str) -> Iterator[Item]:
    """Yield the items of a text, filler left out. Never raises; what it does not know comes as kind "unknown"."""
    words = [bare for word in _TOKEN.findall(text.casefold()) if (bare := word.strip(_QUOTES))]
    at = 0
    item = Item("filler")
    while at < len(words):
        pronoun = item.kind == "relation" and _pronoun(words, at)
        item, length = (Item("pronoun", word=words[at]), 1) if pronoun else _next(words, at)
        at += length
        if item.kind != "filler":
            yield item


def _next(words: Sequence[str], at: int) -> tuple[Item, int]:
    found = None
    if _holds(words, at):
        return Item("unknown", word=words[at]), 1
    if words[at] in _OPENERS:
        found = _aside(words, at) or _relation(words, at) or _place(words, at)
    return found or (_plus(words, at) or _single(words[at]), 1)


def _single(word: str) -> Item:
    known = _WORDS.get(word)
    if known:
        return known
    if word.isascii() and word.isdecimal():
        return Item("number", int(word) if len(word) < 4 else 9999, word)
    return Item("unknown" if word.strip(_STOPS) else "break", word=word)


def _plus(words: Sequence[str], at: int) -> Item | None:
    """Whether "plus" joins two phrases: after a noun, before the start of a phrase. Else it is a cross."""
    if words[at] != "plus" or at == 0 or at + 1 == len(words):
        return None
    before, after = _single(words[at - 1]).kind, _single(words[at + 1]).kind
    opens = after in ("indefinite", "definite", "number", "size", "colour", "shape")
    return Item("break", word="plus") if opens and before not in ("indefinite", "size", "colour", "number") else None


def _pronoun(words: Sequence[str], at: int) -> bool:
    """Whether a word after a relation stands for a thing: "below it", "below that", but not "below that square"."""
    if words[at] in ("that", "this") and at + 1 < len(words):
        return _single(words[at + 1]).kind not in _GO_ON
    return words[at] in _PRONOUNS


def _holds(words: Sequence[str], at: int) -> bool:
    """Whether this word puts one thing into another: "in a blue square", "in it", "a square containing a star"."""
    if words[at] in _INSIDE:
        return at > 0 and _single(words[at - 1]).kind == "shape"
    if words[at] == "filled":
        return at + 1 < len(words) and words[at + 1] == "with"
    if words[at] != "in" or at + 1 == len(words):
        return False
    end = at + 1
    while end < len(words) and end < at + 9 and _single(words[end]).kind in _DESCRIBES:
        end += 1
    return words[at + 1] in _PRONOUNS or (end < len(words) and _single(words[end]).kind == "shape")


def _aside(words: Sequence[str], at: int) -> Found:
    """Skip "nothing else", and the ground every picture has anyway."""
    for aside in _ASIDES:
        if _says(words, at, aside):
            return Item("filler", word=" ".join(aside)), len(aside)
    if words[at] not in _STARTS_GROUND:
        return None
    end = at + 1
    while end < len(words) and (words[end] in language.LIGHT or words[end] in ("a", "an", "the")):
        end += 1
    grounded = end < len(words) and words[end] in language.GROUNDS
    return (Item("filler", word="background"), end + 1 - at) if grounded else None


def _relation(words: Sequence[str], at: int) -> Found:
    for phrase, relation in language.RELATIONS.items():
        if _says(words, at, phrase):
            return Item("relation", relation, " ".join(phrase)), len(phrase)
    end = _skip_the(words, at + (at < len(words) and words[at] in _PREPOSITIONS))
    if end >= len(words) or words[end] not in ("left", "right"):
        return None
    side: Relation = "left of" if words[end] == "left" else "right of"
    end = _skip_sides(words, end + 1)
    if words[at] in ("to", "left", "right") and _says(words, end, ("and",)) and _relation(words, end + 1):
        return Item("relation", side, " ".join(words[at:end])), end - at
    if end < len(words) and words[end] == "of" and not _of_picture(words, end):
        return Item("relation", side, " ".join(words[at : end + 1])), end + 1 - at
    return None


def _place(words: Sequence[str], at: int) -> Found:
    start = _skip_the(words, at + (words[at] in _PREPOSITIONS))
    cell = _cell(words, start)
    if cell is None:
        return None
    place, length = cell
    end = _skip_sides(words, start + length)
    end += _of_picture(words, end)
    if end < len(words) and words[end] == "of":
        if length == 2 and words[start] in language.ALONE and words[start + 1] in ("left", "right"):
            # "at the bottom left of a star": at the bottom, and left of it.
            return Item("place", language.ALONE[words[start]], " ".join(words[at : start + 1])), start + 1 - at
        return Item("unknown", word=f"{words[end - 1]} of"), end + 1 - at
    return Item("place", place, " ".join(words[at:end])), end - at


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
    while at < len(words) and words[at] in _SIDES:
        at += 1
    return at


def _says(words: Sequence[str], at: int, phrase: tuple[str, ...]) -> bool:
    return at < len(words) and words[at] == phrase[0] and tuple(words[at : at + len(phrase)]) == phrase
