"""Groups while a brief is read, and which of them a phrase such as "the small circle" means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from overpaint.shapes import language
from overpaint.shapes.phrases import Mention, Unclear
from overpaint.shapes.scene import Group, Link, Relation, Spec

_ADDS = frozenset(("and", "plus", "also", "then", "&"))


@dataclass
class Draft:
    """A group while it is read; `parts` are members singled out by "one in the top left"."""

    group: Group
    parts: list[Group] = field(default_factory=list)

    def left(self) -> int:
        """How many members are not singled out yet."""
        return self.group.count - sum(part.count for part in self.parts)

    def spread(self) -> list[Group]:
        """The parts, and what is left of the group."""
        rest = self.left()
        return [*self.parts, *([replace(self.group, count=rest)] if rest else [])]


Bond = tuple[Draft, Relation, Draft]
"""A relation between two drafts."""


def put(draft: Draft, place: int) -> None:
    """Give a group a place.

    Raises:
        Unclear: it has another one.
    """
    if draft.group.place not in (None, place):
        raise Unclear(f"the {language.kind_words(draft.group)} is put in two places")
    draft.group = replace(draft.group, place=place)


def of_kind(group: Group, mention: Mention) -> bool:
    """Whether a member of a group may have the colour and size that are said of it."""
    return mention.colour in (None, group.colour or mention.colour) and mention.size in (
        None,
        group.size or mention.size,
    )


def members(drafts: Sequence[Draft], mention: Mention) -> tuple[list[Draft], int]:
    """The groups of which "one" or "the other two" may be members, and how many members it means."""
    number = mention.number or 1
    pool = [d for d in drafts if d.group.count > 1 and d.left() >= number and of_kind(d.group, mention)]
    if mention.rest or mention.ordinal == -1:
        pool = [
            d for d in pool if d.parts and mention.number in (None, d.left()) and (mention.many or d.left() == number)
        ]
        number = pool[-1].left() if pool else number
    return pool, number


def told_apart(like: Draft, drafts: Sequence[Draft], mention: Mention, after: str) -> Group:
    """What "one" or "two red ones" stands for: so many like a group named before, with what is said of them.

    Args:
        like: the group it would be a member of, or whose shape it would share.
        drafts: all groups so far.
        mention: the phrase, with a number.
        after: the break before it; a comma or colon opens a list of members, "and" does not.

    Raises:
        Unclear: "two circles on the left and one on the right", "five circles and one red", "a star with a red one".
    """
    member = like.group.count > 1
    refers = mention.rest or mention.ordinal is not None
    elsewhere = member and like.group.place is not None
    adds = member and not like.parts and after in _ADDS and not refers
    parted = member and like is not drafts[-1] and not refers
    if elsewhere or adds or parted or (after == "with" and not member):
        raise Unclear(f"it does not say whether '{mention}' is one of those before or one more")
    colour, size = mention.colour or like.group.colour, mention.size or like.group.size
    return replace(like.group, count=mention.number or 1, colour=colour, size=size, place=mention.place)


def lists(mention: Mention, listing: Draft | None, drafts: Sequence[Draft], after: str) -> bool:
    """Whether a phrase names members of a group: "two circles: one red circle and one blue circle".

    Args:
        mention: the phrase.
        listing: the group that a colon followed, if any. Once all its members are named, a phrase is of another.
        drafts: all groups so far.
        after: the break before the phrase.

    Raises:
        Unclear: it may or may not.
    """
    if mention.definite or mention.ordinal is not None:
        return False
    if listing is not None:
        return mention.shape == listing.group.shape and listing.left() > 0
    maybe = [d for d in drafts if d.group.shape == mention.shape and d.left() > 1 and of_kind(d.group, mention)]
    if maybe and after == "," and mention.words[:1] == ["one"] and mention.colour != maybe[-1].group.colour:
        raise Unclear(f"it does not say whether '{mention}' is one of those before")
    return False


def repeats(drafts: Sequence[Draft], mention: Mention) -> bool:
    """Whether a phrase only says again how many things there are: "a star, just the one"."""
    says_more = mention.colour or mention.size or mention.rest or mention.place is not None or len(mention.words) > 2
    return not says_more and len(drafts) == 1 and drafts[0].group.count == (mention.number or 0)


def meant(drafts: Sequence[Draft], mention: Mention) -> list[Draft]:
    """The groups that "the small red circle" may mean, in the order they were named.

    Raises:
        Unclear: there is no such "third red circle".
    """
    named = [d for d in drafts if _could_be(d.group, mention)]
    if mention.place is not None:
        named = [d for d in named if d.group.place == mention.place] or [d for d in named if d.group.place is None]
    if mention.ordinal is None:
        return named
    if mention.ordinal >= len(named) or not named:
        raise Unclear(f"there is no '{mention}'")
    return [named[mention.ordinal]]


def known(drafts: Sequence[Draft], mention: Mention, near: bool) -> Draft | None:
    """The group that "the red circle" refers back to; None where it names a new one.

    Args:
        drafts: all groups so far.
        mention: the phrase.
        near: whether a relation stands before it.

    Raises:
        Unclear: it could be any of several, or may or may not be one of them.
    """
    named = meant(drafts, mention)
    if len(named) > 1:
        raise Unclear(f"'{mention}' could be any of {len(named)} things")
    alike = [d for d in drafts if d.group.shape == mention.shape and of_kind(d.group, mention)]
    if not named and (alike or (near and mention.words[0] in ("that", "this"))):
        raise Unclear(f"it does not say which thing '{mention}' is")
    if named and mention.ordinal is None and mention.many != (named[0].group.count > 1):
        raise Unclear(f"it does not say for certain which of the things before '{mention}' means")
    return named[0] if named else None


def by_order(drafts: Sequence[Draft], mention: Mention) -> Draft | None:
    """What "the second" or "the last one red" speaks of where things were named one by one, now with what it says.

    Raises:
        Unclear: there is no such thing, or it is called something else already.
    """
    counted = mention.number not in (None, 1) or any(draft.group.count > 1 for draft in drafts)
    if mention.shape is not None or mention.ordinal is None or counted or len(drafts) < 2:
        return None
    pair = not {"former", "latter"}.isdisjoint(mention.words)
    if mention.ordinal >= len(drafts) or (pair and len(drafts) != 2):
        raise Unclear(f"it does not say for certain what '{mention}' is")
    draft = drafts[mention.ordinal]
    if not of_kind(draft.group, mention):
        raise Unclear(f"it calls one thing '{draft.group.colour or draft.group.size}' and '{mention}'")
    colour, size = mention.colour or draft.group.colour, mention.size or draft.group.size
    draft.group = replace(draft.group, colour=colour, size=size)
    return draft


def _could_be(group: Group, mention: Mention) -> bool:
    said = (
        (mention.shape, group.shape),
        (mention.colour, group.colour),
        (mention.size, group.size),
        (mention.number, group.count),
    )
    return all(want is None or want == got for want, got in said)


def spec_of(drafts: Sequence[Draft], bonds: Sequence[Bond]) -> Spec:
    """The spec that drafts and the relations between them amount to."""
    groups: list[Group] = []
    at: dict[int, range] = {}
    for draft in drafts:
        at[id(draft)] = range(len(groups), len(groups) + len(draft.spread()))
        groups += draft.spread()
    links = [Link(a, relation, b) for s, relation, t in bonds for a in at[id(s)] for b in at[id(t)]]
    return Spec(tuple(groups), tuple(dict.fromkeys(links)))
