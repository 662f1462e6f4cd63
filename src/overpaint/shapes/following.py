"""Follows a text and keeps what each phrase stands for: a new group, one named before, or members of one."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from overpaint.shapes import outside
from overpaint.shapes.drafts import Bond, Draft, by_order, known, lists, members, put, repeats, spec_of, told_apart
from overpaint.shapes.phrases import Mention, Unclear
from overpaint.shapes.pronouns import is_subject, target
from overpaint.shapes.qualities import add_to_group, add_to_mention, of_all, only_of_last
from overpaint.shapes.reading import Item
from overpaint.shapes.scene import Relation, Spec

MOST = 9
_INTRODUCES = frozenset((":", "\N{EN DASH}", "\N{EM DASH}"))
"""After a place, these lead to what stands there: "top left: a red circle"."""
_SENTENCE_ENDS = frozenset((".", ";", "!", "?"))


class Follower:
    """Follows a text phrase by phrase.

    `subject` is what the clause is about, `last` what was named last, `before` what was named before that.
    `host` is what "it" means after "a circle with", `centre` after "a star above it and", `listing` what "three
    circles:" lists, `broke` the last break, and `begun` how many groups there were when the sentence began.
    """

    def __init__(self) -> None:
        self.drafts: list[Draft] = []
        self.links: list[Bond] = []
        self.subject: Draft | None = None
        self.last: Draft | None = None
        self.before: Draft | None = None
        self.mention: Mention | None = None
        self.place: int | None = None
        self.relations: list[Relation] = []
        self.paused = False
        self.totals: list[int] = []
        self.host = self.centre = self.listing = cast(Draft | None, None)
        self.listed: list[Draft] = []
        self.presumed: list[Draft] = []
        self.broke = ""
        self.begun = 0

    def run(self, parts: Sequence[Item | Mention]) -> None:
        """Take up a whole text.

        Raises:
            Unclear: it cannot be understood for certain.
            BadInput: it asks for too many things.
        """
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
        if item.kind in ("quality", "claim"):
            self._qualify(item)
            return
        self._close()
        if item.kind == "break":
            self._break(item.word)
        elif item.kind == "relation":
            self._relate(cast(Relation, item.value))
        elif item.kind == "which":
            if item.word != "which" and not is_subject(self.drafts, self.links, self.begun, self.last):
                raise Unclear(f"it does not say for certain which thing '{item.word}' is; name it")
            self.subject, self.paused = self.last, False
        elif item.kind == "pronoun":
            self._refer(item.word, again=item.many)
        elif item.kind == "generic":
            self.totals.append(int(item.value))
        elif item.kind == "all":
            self._qualify_all(item)

    def _break(self, word: str) -> None:
        if word not in _INTRODUCES:
            self._settle()
        if word in _SENTENCE_ENDS:
            self.host = self.listing = self.centre = None
            self.begun = len(self.drafts)
        elif word == "with":
            self.host = None if self.paused or self.subject is not self.last else self.last
        elif word == ":" and self.last is not None and self.last.group.count > 1:
            self.listing = self.last
            self.listed.append(self.last)
        self.paused, self.broke = True, word

    def _qualify(self, told: Item) -> None:
        """Take up "in red" or "is red" for what was named just before."""
        mention, claims = self.mention, told.kind == "claim"
        if claims and (self.relations or (mention is None and len(self.drafts) != 1)):
            raise Unclear(f"it does not say for certain what is '{told.word}'")
        if claims and told.many and mention is not None and not (mention.many or (mention.number or 1) > 1):
            raise Unclear(f"it does not say for certain what are '{told.word}'")
        if claims and mention is not None and (mention.definite or mention.ordinal is not None):
            known = len(self.drafts)
            self._close()
            self.presumed += self.drafts[known:]
        elif mention is not None:
            if told.many:
                only_of_last(told, self.drafts[self.begun :])
            add_to_mention(mention, told)
            return
        if self.last is None:
            raise Unclear(f"it does not say what is '{told.word}'")
        if told.many:
            only_of_last(told, [draft for draft in self.drafts[self.begun :] if draft is not self.last])
        add_to_group(self.last, told)

    def _qualify_all(self, told: Item) -> None:
        if self.relations:
            raise Unclear(f"it does not say for certain what is '{told.word}'")
        for draft in of_all(told, self.last, self.drafts[self.begun :] or self.drafts):
            add_to_group(draft, told)

    def _locate(self, place: int) -> None:
        if self.mention is not None:
            if self.mention.place not in (None, place):
                raise Unclear(f"'{self.mention}' is put in two places")
            self.mention.place = place
        elif self.relations:
            raise Unclear(f"it does not say what a thing shall be {self.relations[0]}")
        elif self.last is not None and not self.paused:
            put(self.last, place)
        else:
            self.place = place

    def _settle(self) -> None:
        """A place that no noun followed belongs to the thing before it."""
        if self.place is not None and self.last is not None:
            put(self.last, self.place)
            self.place = None

    def _relate(self, relation: Relation) -> None:
        if not self.relations and not self.paused:
            self.subject = self.last
        if self.subject is None:
            raise Unclear(f"it does not say what shall be {relation} the next thing")
        self.relations.append(relation)

    def _refer(self, word: str, again: bool) -> None:
        """Take "it" or "which" for the target; `again` marks the "it" of "a star above it"."""
        others = [draft for draft in self.drafts if draft is not self.subject]
        before = self.before if self.last is self.subject else None
        meant = target(word, others, (self.host, self.centre if again else None), before)
        if meant is None or self.subject is None:
            raise Unclear(f"it does not say for certain which thing '{word}' is; name it")
        self.links += [(self.subject, relation, meant) for relation in self.relations]
        self.relations = []
        self.centre = meant if again else None

    def _close(self) -> None:
        """Find out what the phrase at hand stands for."""
        if self.mention is None:
            return
        mention, self.mention = self.mention, None
        draft = None if self.links else by_order(self.drafts, mention)
        if draft is not None and mention.place is not None:
            put(draft, mention.place)
        if draft is None:
            if mention.shape is None or (not self.relations and lists(mention, self.listing, self.drafts, self.broke)):
                self._single_out(mention)
                return
            draft = self._known(mention) or self._new(mention)
        if self.relations and self.subject is not None:
            if draft is self.subject:
                raise Unclear(f"it puts '{mention}' {self.relations[0]} itself")
            self.links += [(self.subject, relation, draft) for relation in self.relations]
            self.relations = []
        else:
            self.subject = draft
        self.before, self.last = self.last, draft

    def _known(self, mention: Mention) -> Draft | None:
        """The group that a phrase refers back to: by "the", or by naming the target of a relation in the same words."""
        if mention.definite or mention.ordinal is not None:
            draft = known(self.drafts, mention, near=bool(self.relations))
            if draft is not None and mention.place is not None:
                put(draft, mention.place)
            return draft
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
        if any(d.group.shape == mention.shape for d in self.presumed):
            raise Unclear(f"it does not say whether '{mention}' was named before")
        draft = Draft(mention.group())
        self.drafts.append(draft)
        if sum(d.group.count for d in self.drafts) > MOST:
            raise outside.beyond(f"the brief asks for more than {MOST} things", os.environ)
        return draft

    def _single_out(self, mention: Mention) -> None:
        """Take "one in the top left" for a member of a group named before, "a blue one" for one more of its shape."""
        if not self.relations and repeats(self.drafts, mention):
            return
        pool, number = members(self.drafts, mention)
        if self.relations or not self.drafts or not (pool or mention.colour or mention.size):
            raise Unclear(f"it does not say what '{mention}' stands for")
        among = self.drafts if mention.ordinal is not None else pool
        if (mention.member or mention.rest or mention.ordinal is not None) and len(among) != 1:
            raise Unclear(f"it does not say for certain of which things '{mention}' speaks")
        like = (pool or self.drafts)[-1]
        after = self.broke if self.listing is None else ":"
        part = told_apart(like, self.drafts, replace(mention, number=number), after)
        if pool:
            like.parts.append(part)
            self.subject = self.last = None
        else:
            self.subject = self.last = self._new(replace(mention, shape=part.shape, number=number, colour=part.colour))

    def spec(self) -> Spec:
        """What was read.

        Raises:
            Unclear: a list names fewer things than it said.
        """
        if any(draft.parts and draft.left() for draft in self.listed):
            raise Unclear("it lists fewer things of one kind than it speaks of")
        return spec_of(self.drafts, self.links)
