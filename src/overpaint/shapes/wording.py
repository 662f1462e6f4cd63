"""Rewrites the many ways people put a brief into the plainer words that `reading` knows; what it cannot, it leaves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache

from overpaint.shapes import language
from overpaint.shapes.asking import ASKING
from overpaint.shapes.listing import unlisted
from overpaint.shapes.reading import known, split
from overpaint.shapes.rewrites import MARKS, NOUN, PICTURE, REWRITES, STARTS
from overpaint.shapes.spelling import corrected

MOST_SLIPS = 50
"""So many different unknown words are looked at; a brief with more is no brief."""
_DASH = re.compile(r"(?<=\S)[ \t]+--?[ \t]+(?=\S)")
_VERB = r"(?:(\S+) )?(?:put|add|place|produce|sketch|render|design|display|include|insert)"
_PHRASE_GOES_ON = frozenset(
    ("a", "an", "the", "of", *language.COLOUR_WORDS, *language.SIZE_WORDS, *language.NUMBER_WORDS)
)
_LIGHT = f"(?:{'|'.join(sorted(language.LIGHT))}|nice|new|quick|basic|minimal|minimalist|geometric)"
_IN_PICTURE = rf"{PICTURE} (?:with|that has|which has|having|containing|that contains|showing)"


def plainly(brief: str) -> str:
    """A brief in plainer words: in lower case, slips put right, colours as "in red", politeness left out."""
    text = " ".join(_spelt(_flat(split(_DASH.sub(" \N{EN DASH} ", brief)))))
    text = unlisted(_rewritten(_rewritten(text, ASKING), MARKS))
    text = _rewritten(text, REWRITES)
    return _without_opening(_in_picture(_tidy(_verb().sub(_without_verb, text))))


def _rewritten(text: str, rewrites: tuple[tuple[str, str], ...]) -> str:
    for pattern, said in _rules(rewrites):
        text = _tidy(pattern.sub(said, text))
    return text


def _flat(words: Iterable[str]) -> Iterator[str]:
    """The words with ends of lines as full stops."""
    for word in words:
        yield (word.replace("\n", "") or ".") if "\n" in word else word


def _spelt(words: Iterable[str]) -> Iterator[str]:
    slips = dict[str, str]()
    for word in words:
        if word not in slips and len(slips) < MOST_SLIPS and not known(word):
            slips[word] = corrected(word)
        yield slips.get(word, word)


@cache
def _rules(rewrites: tuple[tuple[str, str], ...]) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((_whole_words(pattern), said) for pattern, said in rewrites)


@cache
def _verb() -> re.Pattern[str]:
    return _whole_words(rf"{_VERB}(?= (?:me |us )?{STARTS})")


def _whole_words(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\S)(?:{pattern})(?:(?<= )|(?!\S))")


def _without_verb(found: re.Match[str]) -> str:
    """Leave "put" out at the start of a phrase; in "at the top put a star" it is as good as "is"."""
    before = found[1]
    if before in _PHRASE_GOES_ON:
        return found[0]
    inverts = before and before.isalpha() and before not in ("and", "then", "please", "with", "to")
    return f"{before} is" if inverts else before or ""


def _in_picture(text: str) -> str:
    """Leave out "in it" at the end where "it" can only be the picture: "a picture with a star in it"."""
    opened = re.match(rf"(?:\S+ ){{0,6}}?{_IN_PICTURE} (.*?) (?:in|on) it(?: \.| !| \?)*$", text)
    held = ("with", "has", "having", "containing", "contains", *language.PICTURES)
    if opened is None or any(word in held for word in opened[1].split()):
        return text
    return text[: opened.end(1)]


def _without_opening(text: str) -> str:
    """Leave out "a picture of" and the like before the first noun."""
    noun = re.search(rf"(?<!\S){NOUN}", text)
    before = text[: noun.start()] if noun else text
    return re.sub(rf"(?<!\S)(?:an?|one) (?:{_LIGHT} ){{0,3}}{PICTURE}", "", before) + text[len(before) :]


def _tidy(text: str) -> str:
    return " ".join(text.split())
