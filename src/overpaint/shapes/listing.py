"""Puts lists into plain phrases: "1. ... 2. ...", "the first is ...", "left to right: ...", "... respectively"."""

from __future__ import annotations

import re
from itertools import pairwise

from overpaint.shapes import language
from overpaint.shapes.rewrites import COLOUR, NOUN, NUMBER, SIZE, STARTS
from overpaint.shapes.rows import by_rows

_RANKS = (*language.ORDINALS, "last", "final", "other")
_PHRASE = rf"(?:(?:an?|{COLOUR}|{SIZE}|{NUMBER}) ){{0,4}}{NOUN}"
_LIST = rf"{_PHRASE}(?:(?: ,)?(?: and| then)? {_PHRASE}){{1,8}}"
_STARTS = re.compile(f" {STARTS}")
_NUMBERED = re.compile(r"(?<!\S)(?:\( )?(\d) [.):]+(?= |$)")
_RANKED = re.compile(
    rf"(?<!\S)(?:(?P<the>the )?(?P<rank>{'|'.join(_RANKS)})(?: one)? (?:(?:(?:is|:|,|\u2013|draw|put|add|there is) )+"
    rf"(?={_PHRASE})|(?=an? {_PHRASE}))|(?P<one>one )is (?=an? {_PHRASE}))"
)
_WAYS = {"left to right": "left of", "right to left": "right of", "top to bottom": "above", "bottom to top": "below"}
_WAY = (
    rf"(?:(?:in (?:a|one) (?:row|line)|lined up|arranged|ordered|placed|going|in order) )*(?:from )?({'|'.join(_WAYS)})"
)
_LINE_FIRST = re.compile(rf"(?<!\S){_WAY}(?: (?:[:,\u2013]|there (?:is|are)|draw|put))* ({_LIST})(?= [.;!?]|$)")
_LINE_LAST = re.compile(rf"(?<!\S)({_LIST})(?: ,)? {_WAY}(?= [.;!?]|$)")
_COLOURS = rf"{COLOUR}(?:(?: ,)?(?: and)? {COLOUR}){{1,8}}"
_THINGS = rf"(?:the )?{_PHRASE}(?:(?: ,)?(?: and)? (?:the )?{_PHRASE}){{1,8}}"
_RESPECTIVE = re.compile(
    rf"(?<!\S)({_THINGS})(?: ,)?(?: (?:in|are|being|colou?red))*(?: ({_COLOURS})(?: ,)? respectively"
    rf"| respectively(?: ,)?(?: (?:in|colou?red))? ({_COLOURS}))"
)
_KEYS = {
    **dict.fromkeys(("count", "number", "quantity", "amount"), 0),
    "size": 1,
    **dict.fromkeys(("color", "colour"), 2),
    **dict.fromkeys(("shape", "object", "form"), 3),
    **dict.fromkeys(("place", "position", "location"), 4),
}
_FIELD = re.compile(rf"({'|'.join(_KEYS)}) : ([^:]+)")


def unlisted(text: str) -> str:
    """The same brief with its lists as plain phrases; what is no list for certain stays as it is."""
    text = _ranked(_numbered(_form(text)))
    if any(way in text for way in _WAYS):
        text = _LINE_FIRST.sub(lambda found: _in_line(found, found[2], found[1]), text)
        text = _LINE_LAST.sub(lambda found: _in_line(found, found[1], found[2]), text)
    if "respectively" in text:
        text = _RESPECTIVE.sub(_respectively, text)
    return " ".join(by_rows(text).split())


def _form(text: str) -> str:
    """Read "shape: circle, colour: red" as "red circle"."""
    fields = [_FIELD.fullmatch(piece) for piece in re.split(r" (?:[,;.] ?)+", text.strip(" .;,"))]
    said = {_KEYS[field[1]]: field[2].strip() for field in fields if field}
    if not fields or len(said) != len(fields) or len(said) < 2 or 3 not in said:
        return text
    place = said.pop(4, "")
    phrase = " ".join(said[key] for key in sorted(said))
    return f"{phrase} {place if not place or place.startswith(('in ', 'at ', 'on ')) else f'in the {place}'}"


def _numbered(text: str) -> str:
    """Make "1. a star 2. a circle" two sentences, where the numbers run from 1 and no thing is named before."""
    found = list(_NUMBERED.finditer(text))
    in_order = [int(mark[1]) for mark in found] == list(range(1, len(found) + 1))
    leads = all(_STARTS.match(text, mark.end()) for mark in found)
    if len(found) < 2 or not in_order or not leads or _names(text[: found[0].start()]):
        return text
    return _NUMBERED.sub(".", text).removeprefix(".")


def _ranked(text: str) -> str:
    """Leave "the first is" out before "a star", where no thing is named before it."""
    found = list(_RANKED.finditer(text))
    if not found or _names(text[: found[0].start()]):
        return text
    ranks = [_RANKS.index(mark["rank"]) if mark["rank"] else 0 for mark in found]
    opens = ranks == [0] and not found[0]["the"] and not found[0]["one"] and found[0].start() == 0
    rises = len(ranks) > 1 and ranks[0] == 0 and all(a < b for a, b in pairwise(ranks))
    return _RANKED.sub("", text) if opens or rises else text


def _in_line(found: re.Match[str], things: str, way: str) -> str:
    """Read "left to right: a star, a circle" as "a star left of a circle"."""
    stop = max(found.string.rfind(end, 0, found.start()) for end in ".;!?")
    sentence = found.string[stop + 1 : found.start()]
    named = _phrases(things)
    if _names(sentence) or len(named) > 3 or any(_is_many(phrase) for phrase in named):
        return found[0]
    return f" {_WAYS[way]} ".join(named)


def _respectively(found: re.Match[str]) -> str:
    """Read "a star and a circle, red and blue respectively" as "a star in red and a circle in blue"."""
    things = [thing[0] for thing in re.finditer(rf"(?<!\S)(?:the )?{_PHRASE}", found[1])]
    colours = re.findall(rf"(?<!\S){COLOUR}", found[2] or found[3])
    if len(things) != len(colours) or re.search(rf"(?<!\S){COLOUR}", found[1]):
        return found[0]
    told = zip(things, colours, strict=True)
    return " , ".join(f"{thing} {'is' if thing.startswith('the ') else 'in'} {colour}" for thing, colour in told)


def _phrases(things: str) -> list[str]:
    return [phrase[0] for phrase in re.finditer(rf"(?<!\S){_PHRASE}", things)]


def _is_many(phrase: str) -> bool:
    words = phrase.split()
    return language.SHAPE_WORDS.get(words[-1], ("", True))[1] or any(
        word.isdecimal() or language.NUMBER_WORDS.get(word, 1) != 1 for word in words
    )


def _names(text: str) -> bool:
    return re.search(rf"(?<!\S){NOUN}", text) is not None
