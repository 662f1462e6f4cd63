"""Reads text word by word: from a string to a stream of items that each mean one thing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from overpaint.shapes import language
from overpaint.shapes.whereabouts import PREPOSITIONS, SIDES, place_at, relation_at, says

Kind = Literal[
    "definite", "indefinite", "number", "ordinal", "size", "colour", "shape", "generic", "place", "relation", "break",
    "is", "which", "pronoun", "filler", "unknown", "in", "all", "rest", "ones", "quality", "claim",
]  # fmt: skip
"""The last six are for briefs alone; `arranging` makes the last three."""


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
_BRIEF_WORDS: dict[str, Item] = {
    **{w: Item("size", size, w) for w, size in language.MORE_SIZES.items()},
    **{w: Item("shape", shape, w, many) for w, (shape, many) in language.MORE_SHAPES.items()},
    **{w: Item("number", n, w) for w, n in language.MORE_NUMBERS.items()},
    **{w: Item("rest", word=w, many=w != "other") for w in ("other", "others", "rest", "remaining")},
    **{w: Item("filler", word=w) for w in ("they", "put")},
    **{w: Item("ordinal", -1, w) for w in ("last", "latter", "final")},
    "former": Item("ordinal", 0, "former"),
    "both": Item("all", 2, "both"),
    "all": Item("all", 0, "all"),
}
"""Words that only a brief may use; a question is read without them."""
_BEFORE_SIDE = frozenset(("the", "to", "and", *language.ROWS))
_ENDS = frozenset(("left", "right", "top", "bottom"))
_TIMES = re.compile(r"x\d")
_STARTS_GROUND = frozenset(("on", "against", "with", "over"))
_PRONOUNS = frozenset(("it", "them", "which", "that", "this"))
_GO_ON = frozenset(("number", "ordinal", "size", "colour", "shape", "generic"))
"""After "that", these make it an article: "below that square"."""
_INSIDE = frozenset(("containing", "contains", "contain"))
_DESCRIBES = frozenset(("definite", "indefinite", "number", "ordinal", "size", "colour"))
_CELLS = language.ROWS.keys() | language.COLUMNS.keys()
_ASIDES = (("nothing", "else"), ("nothing", "more"), *(("no", "other", noun) for noun in sorted(language.GENERIC)))
_OPENERS = PREPOSITIONS | _STARTS_GROUND | _CELLS | {"nothing", "no"} | {words[0] for words in language.RELATIONS}


def split(text: str) -> list[str]:
    """The words of a text in lower case; stops are words of their own."""
    return [bare for word in _TOKEN.findall(text.casefold()) if (bare := word.strip(_QUOTES))]


def known(word: str) -> bool:
    """Whether a word in lower case, taken alone, has a meaning in a brief."""
    return word in _OPENERS or word in SIDES or word in _BRIEF_WORDS or _single(word).kind != "unknown"


def read(text: str, brief: bool = False) -> Iterator[Item]:
    """Yield the items of a text, filler left out. Never raises; what it does not know comes as kind "unknown".

    Args:
        text: a brief in plain words (see `wording`), or a question.
        brief: read also the words that only a brief may use.
    """
    words = split(text)
    at = 0
    item = Item("filler")
    while at < len(words):
        pronoun = item.kind == "relation" and _pronoun(words, at)
        special = _of_brief(words, at) if brief and not pronoun else None
        if special and not _holds(words, at):
            item, length = special, 1
        else:
            item, length = (Item("pronoun", word=words[at]), 1) if pronoun else _next(words, at)
        at += length
        if item.kind != "filler":
            yield item


def _of_brief(words: Sequence[str], at: int) -> Item | None:
    """What a word means in a brief alone."""
    if words[at] == "in" and at + 1 < len(words) and _single(words[at + 1]).kind in ("colour", "size"):
        return Item("in", word="in")
    if words[at] in ("it", "they") and _tells(words, at + 1):
        return Item("which", word=words[at])
    slanting = words[at] in ("left", "right") and words[at + 1 : at + 2] in (["above"], ["below"], ["over"], ["under"])
    if slanting and (at == 0 or words[at - 1] not in _BEFORE_SIDE):
        return Item("unknown", word=f"{words[at]} {words[at + 1]}")
    if words[at] in _ENDS and words[at + 1 : at + 2] == ["to"] and words[at + 2 : at + 3] and words[at + 2] in _ENDS:
        return Item("unknown", word=f"{words[at]} to {words[at + 2]}")
    if _TIMES.fullmatch(words[at]):
        return Item("number", int(words[at][1:]), words[at])
    return _BRIEF_WORDS.get(words[at])


def _tells(words: Sequence[str], at: int) -> bool:
    """Whether "is red", "are in red" or "is above" stands here."""
    after = at + 1 + (words[at + 1 : at + 2] == ["in"])
    if after >= len(words) or words[at] not in ("is", "are"):
        return False
    return words[after] in _OPENERS or _single(words[after]).kind in ("colour", "size")


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
    return Item("unknown" if word.strip(_STOPS) or "/" in word else "break", word=word)


def _plus(words: Sequence[str], at: int) -> Item | None:
    """Whether "plus" joins two phrases: after a noun, before the start of a phrase. Else it is a cross.

    "2 plus 1 circles" is neither.
    """
    if words[at] != "plus" or at == 0 or at + 1 == len(words):
        return None
    before, after = _single(words[at - 1]).kind, _single(words[at + 1]).kind
    if before == after == "number":
        return Item("unknown", word="plus")
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
        if says(words, at, aside):
            return Item("filler", word=" ".join(aside)), len(aside)
    if words[at] not in _STARTS_GROUND:
        return None
    end = at + 1
    while end < len(words) and (words[end] in language.LIGHT or words[end] in ("a", "an", "the")):
        end += 1
    grounded = end < len(words) and words[end] in language.GROUNDS
    return (Item("filler", word="background"), end + 1 - at) if grounded else None


def _relation(words: Sequence[str], at: int) -> Found:
    found = relation_at(words, at)
    return found and (Item("relation", found[0], " ".join(words[at : at + found[1]])), found[1])


def _place(words: Sequence[str], at: int) -> Found:
    found = place_at(words, at)
    if found is None:
        return None
    place, length = found
    said = words[at : at + length]
    if place is None:
        return Item("unknown", word=" ".join(said[-2:])), length
    return Item("place", place, " ".join(said)), length
