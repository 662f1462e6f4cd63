"""From a brief to a Spec: who is meant by what, how many, where, and in which relation."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from overpaint.shapes import language, layout, outside
from overpaint.shapes.drafts import Draft, meant, of_kind
from overpaint.shapes.fronting import ordered
from overpaint.shapes.phrases import Mention, Unclear, phrases
from overpaint.shapes.reading import Item, read
from overpaint.shapes.scene import PLACES, Group, Link, Relation, Spec
from overpaint.tools.faults import BadInput

MOST = 9
_INTRODUCES = frozenset((":", "\N{EN DASH}", "\N{EM DASH}"))
"""After a place, these lead to what stands there: "top left: a red circle"."""


def parse(brief: str) -> Spec:
    """Understand a brief.

    Raises:
        BadInput: it asks for what the built-in world cannot show, or contradicts itself. One line, says what to do.
    """
    if strange := _strange(brief):
        raise outside.beyond(outside.unknown(strange), os.environ)
    try:
        reader = _Reader()
        reader.run(ordered(phrases(read(brief))))
        spec = reader.spec()
        _check(spec, reader.totals)
    except Unclear as unclear:
        raise BadInput(f"the brief cannot be drawn as it stands: {unclear}; say it differently") from None
    return spec


def _strange(brief: str) -> list[str]:
    """The first few words that are not known; reads no further than it must."""
    words: dict[str, None] = {}
    for item in read(brief):
        if item.kind == "unknown" or item.word in ("each", "every"):
            words[item.word] = None
            if len(words) > outside.MOST_WORDS:
                break
    return list(words)


def _check(spec: Spec, totals: Sequence[int]) -> None:
    """Raise what speaks against a spec as a whole."""
    if not spec.groups:
        raise outside.beyond("the brief names nothing to draw", os.environ)
    total = sum(group.count for group in spec.groups)
    if any(said != total for said in totals):
        raise Unclear(f"it speaks of {totals[0]} things but names {total}")
    placed = Counter[int]()
    for group in spec.groups:
        if group.place is not None:
            placed[group.place] += group.count
    crowded = [place for place, count in placed.items() if count > 1]
    if crowded:
        many, place = placed[crowded[0]], PLACES[crowded[0]]
        raise Unclear(f"it puts {many} things in one place ({place}), which holds one; name a place for each of them")
    if not layout.possible(spec):
        raise Unclear("its places and relations cannot all hold at once in a grid of three by three")


class _Reader:
    """Follows a text phrase by phrase.

    `subject` is what the clause is about, `last` what was named last, `before` what was named before that.
    """

    def __init__(self) -> None:
        self.drafts: list[Draft] = []
        self.links: list[tuple[Draft, Relation, Draft]] = []
        self.subject: Draft | None = None
        self.last: Draft | None = None
        self.before: Draft | None = None
        self.mention: Mention | None = None
        self.place: int | None = None
        self.relations: list[Relation] = []
        self.paused = False
        self.totals: list[int] = []

    def run(self, parts: Sequence[Item | Mention]) -> None:
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

    def _item(self, item: Item) -> None:
        if item.kind == "place":
            self._locate(int(item.value))
            return
        self._close()
        if item.kind == "break":
            if item.word not in _INTRODUCES:
                self._settle()
            self.paused = True
        elif item.kind == "relation":
            self._relate(cast(Relation, item.value))
        elif item.kind == "which":
            self.subject, self.paused = self.last, False
        elif item.kind == "pronoun":
            self._refer(item.word)
        elif item.kind == "generic":
            self.totals.append(int(item.value))

    def _locate(self, place: int) -> None:
        if self.mention is not None:
            if self.mention.place not in (None, place):
                raise Unclear(f"'{self.mention}' is put in two places")
            self.mention.place = place
        elif self.relations:
            raise Unclear(f"it does not say what a thing shall be {self.relations[0]}")
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

    def _refer(self, word: str) -> None:
        """Take "it" or "which" for the target; only where there is one thing that it can be."""
        others = [draft for draft in self.drafts if draft is not self.subject]
        if word in ("it", "them"):
            others = [d for d in others if len(others) == 1 and (d.group.count > 1) == (word == "them")]
        else:
            others = [d for d in others if d is self.before and self.last is self.subject]
        if not others or self.subject is None:
            raise Unclear(f"it does not say for certain which thing '{word}' is; name it")
        self.links += [(self.subject, relation, others[0]) for relation in self.relations]
        self.relations = []

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
        self.before, self.last = self.last, draft

    def _known(self, mention: Mention) -> Draft | None:
        """The group that a phrase refers back to: by "the", or by naming the target of a relation in the same words."""
        if mention.definite or mention.ordinal is not None:
            named = meant(self.drafts, mention)
            if len(named) > 1:
                raise Unclear(f"'{mention}' could be any of {len(named)} things")
            if named and mention.place is not None:
                self._put(named[0], mention.place)
            if not named and self.relations and mention.words[0] in ("that", "this"):
                raise Unclear(f"it does not say which thing '{mention}' is")
            return named[0] if named else None
        if not self.relations or mention.place is not None:
            return None
        ends = {id(d) for d, r, target in self.links if target is self.subject and r in self.relations}
        ends.add(id(self.subject))  # What stands left of the subject is not right of it too.
        same = [d for d in self.drafts if id(d) not in ends and replace(d.group, place=None) == mention.group()]
        return same[0] if len(same) == 1 else None

    def _new(self, mention: Mention) -> Draft:
        if mention.many and mention.number is None:
            raise Unclear(f"it does not say how many {mention}")
        if mention.number == 0:
            raise Unclear(f"'{mention}' asks for nothing")
        draft = Draft(mention.group())
        self.drafts.append(draft)
        if sum(d.group.count for d in self.drafts) > MOST:
            raise outside.beyond(f"the brief asks for more than {MOST} things", os.environ)
        return draft

    def _single_out(self, mention: Mention) -> None:
        """Take "one in the top left" for a member of a group named before, "a blue one" for one more of its shape."""
        number = mention.number or 1
        pool = [d for d in self.drafts if d.group.count > 1 and d.left() >= number and of_kind(d.group, mention)]
        if self.relations or not self.drafts or not (pool or mention.colour or mention.size):
            raise Unclear(f"it does not say what '{mention}' stands for")
        like = (pool or self.drafts)[-1]
        part = replace(
            like.group,
            count=number,
            colour=mention.colour or like.group.colour,
            size=mention.size or like.group.size,
            place=mention.place,
        )
        if pool:
            like.parts.append(part)
            self.subject = self.last = None
        else:
            self.subject = self.last = self._new(replace(mention, shape=part.shape, number=number, colour=part.colour))

    def spec(self) -> Spec:
        """What was read."""
        groups: list[Group] = []
        members: list[range] = []
        for draft in self.drafts:
            members.append(range(len(groups), len(groups) + len(draft.spread())))
            groups += draft.spread()
        at = {id(draft): indices for draft, indices in zip(self.drafts, members, strict=True)}
        links = [Link(a, relation, b) for s, relation, t in self.links for a in at[id(s)] for b in at[id(t)]]
        return Spec(tuple(groups), tuple(dict.fromkeys(links)))
