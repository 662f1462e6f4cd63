"""From a brief to a Spec: who is meant by what, how many, where, and in which relation."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import cast

from overpaint.shapes import language, layout, outside
from overpaint.shapes.reading import Item, read
from overpaint.shapes.scene import PLACES, Colour, Group, Link, Relation, Shape, Size, Spec
from overpaint.tools.faults import BadInput

MOST = 9


@dataclass
class Mention:
    """A noun phrase as said. `shape` is None where "one" stands for a thing named before."""

    shape: Shape | None = None
    number: int | None = None
    colour: Colour | None = None
    size: Size | None = None
    place: int | None = None
    ordinal: int | None = None
    definite: bool = False
    many: bool = False
    words: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return " ".join(self.words)


@dataclass
class Draft:
    """A group while it is read; `parts` are members singled out by "one in the top left"."""

    group: Group
    parts: list[Group] = field(default_factory=list)

    def spread(self) -> list[Group]:
        """The parts, and what is left of the group."""
        rest = self.group.count - sum(part.count for part in self.parts)
        return [*self.parts, *([replace(self.group, count=rest)] if rest else [])]


class Unclear(ValueError):
    """A text in known words that still cannot be understood; the message is one clause."""


def parse(brief: str) -> Spec:
    """Understand a brief.

    Raises:
        BadInput: it asks for what the built-in world cannot show, or contradicts itself. One line, says what to do.
    """
    strange = dict.fromkeys(item.word for item in read(brief) if item.kind == "unknown")
    first = list(islice(strange, outside.MOST_WORDS + 1))
    if first:
        raise outside.beyond(outside.unknown(first), os.environ)
    try:
        spec = _Reader().run(phrases(read(brief)))
        _check(spec)
    except Unclear as unclear:
        raise BadInput(f"the brief cannot be drawn as it stands: {unclear}; say it differently") from None
    return spec


def phrases(items: Iterator[Item]) -> Iterator[Item | Mention]:
    """Gather the words of each noun phrase into a Mention; all other items pass.

    Raises:
        Unclear: words such as "a red" that lead to no noun.
    """
    mention = Mention()
    for item in items:
        if item.kind in _ADJECTIVES:
            _describe(mention, item)
        elif item.kind == "generic":
            yield from _generic(mention, item)
            mention = Mention()
        elif item.kind == "shape":
            mention.shape, mention.many = cast(Shape, item.value), item.many
            mention.words.append(item.word)
            yield mention
            mention = Mention()
        elif not (item.kind == "break" and (mention.colour or mention.size) and not _stands_for_one(mention)):
            yield from _nounless(mention)
            mention = Mention()
            yield item
    yield from _nounless(mention)


_ADJECTIVES = frozenset(("definite", "indefinite", "number", "ordinal", "size", "colour"))


def _describe(mention: Mention, item: Item) -> None:
    """Add one adjective, number or article to a phrase."""
    before = (mention.colour, mention.size, mention.number, mention.ordinal)
    if item.kind == "colour":
        mention.colour = cast(Colour, item.value)
    elif item.kind == "size":
        mention.size = cast(Size, item.value)
    elif item.kind == "number":
        mention.number = int(item.value)
    elif item.kind == "ordinal":
        mention.ordinal = int(item.value)
    elif mention.colour or mention.size:
        raise Unclear(f"'{mention}' names no shape")
    mention.definite |= item.kind == "definite"
    mention.words.append(item.word)
    after = (mention.colour, mention.size, mention.number, mention.ordinal)
    if any(a is not None and a != b for a, b in zip(before, after, strict=True)):
        raise Unclear(f"'{mention}' says two things at once")


def _generic(mention: Mention, item: Item) -> Iterator[Item]:
    if mention.colour or mention.size or mention.ordinal is not None:
        raise Unclear(f"'{mention} {item.word}' names no shape")
    if mention.number is not None and item.many:
        yield replace(item, value=mention.number)


def _stands_for_one(mention: Mention) -> bool:
    return mention.words[-1:] == ["one"]


def _nounless(mention: Mention) -> Iterator[Mention]:
    """A phrase that ended without a noun: "a large one" stands for a thing named before; "a red" for nothing."""
    if _stands_for_one(mention):
        yield mention
    elif mention.colour or mention.size or mention.number is not None:
        raise Unclear(f"'{mention}' names no shape")


class _Reader:
    """Follows a text phrase by phrase: `subject` is what the clause is about, `last` what was named last."""

    def __init__(self) -> None:
        self.drafts: list[Draft] = []
        self.links: list[tuple[Draft, Relation, Draft]] = []
        self.subject: Draft | None = None
        self.last: Draft | None = None
        self.mention: Mention | None = None
        self.place: int | None = None
        self.relations: list[Relation] = []
        self.paused = False
        self.totals: list[int] = []

    def run(self, parts: Iterator[Item | Mention]) -> Spec:
        for part in parts:
            if isinstance(part, Mention):
                self._close()
                self.mention, self.paused = part, False
                if self.place is not None:
                    self.mention.place, self.place = self.place, None
            else:
                self._item(part)
        self._close()
        self._settle()
        if self.relations:
            raise Unclear(f"it does not say what a thing shall be {self.relations[0]}")
        return self._spec()

    def _item(self, item: Item) -> None:
        if item.kind == "place":
            self._locate(int(item.value))
            return
        self._close()
        if item.kind == "break":
            self._settle()
            self.paused = True
        elif item.kind == "relation":
            self._relate(cast(Relation, item.value))
        elif item.kind == "which":
            self.subject, self.paused = self.last, False
        elif item.kind == "generic":
            self.totals.append(int(item.value))

    def _locate(self, place: int) -> None:
        if self.mention is not None:
            if self.mention.place not in (None, place):
                raise Unclear(f"'{self.mention}' is put in two places")
            self.mention.place = place
        elif self.last is not None and not self.paused:
            self._put(self.last, place)
        else:
            self.place = place

    def _settle(self) -> None:
        """A place that no noun followed belongs to the thing before it."""
        if self.place is not None and self.last is not None:
            self._put(self.last, self.place)
            self.place = None

    def _put(self, draft: Draft, place: int) -> None:
        if draft.group.place not in (None, place):
            raise Unclear(f"the {language.kind_words(draft.group)} is put in two places")
        draft.group = replace(draft.group, place=place)

    def _relate(self, relation: Relation) -> None:
        if not self.relations and not self.paused:
            self.subject = self.last
        if self.subject is None:
            raise Unclear(f"it does not say what shall be {relation} the next thing")
        self.relations.append(relation)

    def _close(self) -> None:
        """Find out what the phrase at hand stands for."""
        if self.mention is None:
            return
        mention, self.mention = self.mention, None
        if mention.shape is None:
            self._single_out(mention)
            return
        draft = self._known(mention) or self._new(mention)
        if self.relations and self.subject is not None:
            self.links += [(self.subject, relation, draft) for relation in self.relations]
            self.relations = []
        else:
            self.subject = draft
        self.last = draft

    def _known(self, mention: Mention) -> Draft | None:
        """The group that a phrase refers back to: by "the", or by naming the target of a relation in the same words."""
        if mention.definite or mention.ordinal is not None:
            named = meant(self.drafts, mention)
            if len(named) > 1:
                raise Unclear(f"'{mention}' could be any of {len(named)} things")
            if named and mention.place is not None:
                self._put(named[0], mention.place)
            return named[0] if named else None
        if not self.relations or mention.place is not None:
            return None
        same = [d for d in self.drafts if d is not self.subject and replace(d.group, place=None) == _group(mention)]
        return same[0] if len(same) == 1 else None

    def _new(self, mention: Mention) -> Draft:
        if mention.many and mention.number is None:
            raise Unclear(f"it does not say how many {mention}")
        draft = Draft(_group(mention))
        self.drafts.append(draft)
        if sum(d.group.count for d in self.drafts) > MOST:
            raise outside.beyond(f"the brief asks for more than {MOST} things", os.environ)
        return draft
