"""Answers questions about a picture from what was measured in it: counts, presence, places, attributes, relations."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import cast

from overpaint.shapes.captions import seen_words
from overpaint.shapes.cells import holds
from overpaint.shapes.layout import fits, satisfied
from overpaint.shapes.parser import parse
from overpaint.shapes.phrases import Mention, Unclear, phrases
from overpaint.shapes.reading import Item, read
from overpaint.shapes.scene import Relation, Seen
from overpaint.tools.faults import BadInput
from overpaint.tools.painters import Box


@dataclass(frozen=True)
class Finding:
    """The answer to one question: a number in digits, yes, no or unsure; `box` where it speaks of one object."""

    answer: str
    evidence: str
    box: Box | None = None


@dataclass
class _Asked:
    """What a question speaks of, in the order it says so."""

    mentions: list[Mention] = field(default_factory=list)
    relations: list[Relation] = field(default_factory=list)
    place: int | None = None
    anything: bool = False


_WHOLE = re.compile(
    r"does (?:the|this) picture show exactly (?:this, with nothing missing and nothing wrong: )?(.*)", re.DOTALL
)
_COUNT = re.compile(r"how many (.*)", re.DOTALL)
_PRESENCE = re.compile(r"(?:is there|are there|does (?:the|this) picture (?:show|contain)) (at least )?(.*)", re.DOTALL)
_CLAIM = re.compile(r"(?:is|are) (.*)", re.DOTALL)
_SHOWN = 9


def find(question: str, seen: Sequence[Seen]) -> Finding:
    """Answer one question; "unsure" where it is not understood. Never raises."""
    text = " ".join(question.casefold().split()).rstrip(" ?.")
    try:
        if said := _WHOLE.fullmatch(text):
            return _whole(said[1], seen)
        if said := _COUNT.fullmatch(text):
            return _count(_asked(said[1]), seen)
        if said := _PRESENCE.fullmatch(text):
            return _presence(_asked(said[2]), seen, at_least=bool(said[1]))
        if said := _CLAIM.fullmatch(text):
            return _claim(_quantified(said[1]), seen)
    except (Unclear, BadInput):
        pass
    return Finding("unsure", "the built-in judge does not understand this question")


def _quantified(text: str) -> str:
    """Say "all" and "any" in the words that `read` knows: "the" is about every one, "a" about some one."""
    return re.sub(r"\bany\b", "a", re.sub(r"\b(?:all|both)(?: the)?\b", "the", text))


def _asked(text: str) -> _Asked:
    asked = _Asked()
    items = list(read(text))
    if any(item.kind == "unknown" for item in items):
        raise Unclear("it holds words of no meaning here")
    asked.anything = any(item.kind == "generic" for item in items)
    for part in phrases(iter(items)):
        if isinstance(part, Mention):
            asked.mentions.append(part)
        elif part.kind == "relation":
            asked.relations.append(cast(Relation, part.value))
        elif part.kind == "place" and asked.mentions:
            asked.mentions[-1].place = int(part.value)
        elif part.kind == "place":
            asked.place = int(part.value)
    return asked


def _whole(brief: str, seen: Sequence[Seen]) -> Finding:
    right = satisfied(parse(brief), seen)
    return Finding("yes" if right else "no", f"the picture shows {_told(seen)}")


def _count(asked: _Asked, seen: Sequence[Seen]) -> Finding:
    if asked.relations or len(asked.mentions) + asked.anything != 1:
        raise Unclear("it does not count one kind of thing")
    if asked.anything:
        found = [s for s in seen if asked.place in (None, s.place)]
    else:
        found = _matching(_placed(asked.mentions[0], asked.place), seen)
    return Finding(str(len(found)), f"counted {len(found)}: {_told(found)}", _only(found))


def _presence(asked: _Asked, seen: Sequence[Seen], *, at_least: bool) -> Finding:
    if asked.relations or len(asked.mentions) != 1:
        raise Unclear("it does not ask for one kind of thing")
    mention = asked.mentions[0]
    found = _matching(_placed(mention, asked.place), seen)
    wanted = mention.number or 1
    right = len(found) >= wanted if at_least or wanted == 1 else len(found) == wanted
    return Finding("yes" if right else "no", f"found {len(found)}: {_told(found)}", _only(found))


def _claim(text: str, seen: Sequence[Seen]) -> Finding:
    """Answer "the circle is ...": in relation to another thing, in a place, or of a colour or size."""
    items = list(read(text))
    predicate: list[Item] = []
    while items and items[-1].kind in ("colour", "size"):
        predicate.append(items.pop())
    asked = _asked(" ".join(item.word for item in items))
    if len(asked.mentions) == 2 and asked.relations and not predicate:
        return _related(asked, seen)
    if len(asked.mentions) != 1 or asked.relations or (asked.mentions[0].place is None and not predicate):
        raise Unclear("it is not one claim")
    mention = asked.mentions[0]
    about = _matching(mention if predicate else replace(mention, place=None), seen)
    right = [s for s in _matching(mention, about) if all(p.value in (s.colour, s.size) for p in predicate)]
    holds_good = bool(about) and len(right) == len(about) if mention.definite else bool(right)
    return Finding("yes" if holds_good else "no", f"found {_told(about)}", _only(about))


def _related(asked: _Asked, seen: Sequence[Seen]) -> Finding:
    subject, target = asked.mentions
    pairs = [(a, b) for a in _matching(subject, seen) for b in _matching(target, seen) if a is not b]
    if not pairs:
        absent = subject if not _matching(subject, seen) else target
        return Finding("no", f"'{absent}' is not there")
    wrong = [(a, b) for a, b in pairs if not all(holds(r, (a.x, a.y), (b.x, b.y)) for r in asked.relations)]
    # "any" asks for one pair that is right, everything else for all of them.
    right = len(wrong) < len(pairs) if not (subject.definite and target.definite) else not wrong
    one, other = wrong[0] if wrong and not right else next(p for p in pairs if p not in wrong)
    words = " and ".join(asked.relations)
    evidence = f"{_thing(one)} is{'' if right else ' not'} {words} {_thing(other)}"
    return Finding("yes" if right else "no", evidence, None if right else one.box)


def _placed(mention: Mention, place: int | None) -> Mention:
    return mention if place is None else replace(mention, place=place)


def _matching(mention: Mention, seen: Sequence[Seen]) -> list[Seen]:
    group = mention.group()
    return [s for s in seen if fits(s, group)]


def _told(seen: Sequence[Seen]) -> str:
    more = f" and {len(seen) - _SHOWN} more" if len(seen) > _SHOWN else ""
    return ", ".join(_thing(s) for s in seen[:_SHOWN]) + more if seen else "nothing"


def _thing(seen: Seen) -> str:
    return seen_words(seen, seen.place)


def _only(seen: Sequence[Seen]) -> Box | None:
    return seen[0].box if len(seen) == 1 else None
