"""Noun phrases: gathers number, size, colour, shape into what a text mentions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import cast

from overpaint.shapes.language import NUMBER_NAMES
from overpaint.shapes.reading import Item
from overpaint.shapes.scene import Colour, Group, Shape, Size

LONGEST = 60
"""How much of a phrase is quoted, in characters."""
_ADJECTIVES = frozenset(("definite", "indefinite", "number", "ordinal", "size", "colour", "rest"))


_MANY = frozenset(NUMBER_NAMES[2:])


class Unclear(ValueError):
    """A text in known words that still cannot be understood; the message is one clause."""


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
    opened: bool = False
    """Whether it begins with an article or a number."""
    rest: bool = False
    """Whether it means the members not told of yet: "the other"."""
    member: bool = False
    """Whether it can only mean members of a group named before: "one red"."""
    words: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        said = " ".join(self.words)
        return said if len(said) <= LONGEST else f"{said[: LONGEST - 1]}…"

    def group(self) -> Group:
        """The group it speaks of, taken by itself.

        Raises:
            Unclear: it names no shape.
        """
        if self.shape is None:
            raise Unclear(f"'{self}' names no shape")
        return Group(self.shape, 1 if self.number is None else self.number, self.colour, self.size, self.place)


def phrases(items: Iterator[Item]) -> Iterator[Item | Mention]:
    """Gather the words of each noun phrase into a Mention; all other items pass.

    Raises:
        Unclear: words such as "a red" that lead to no noun.
    """
    mention = Mention()
    before: Item | Mention | None = None
    for item in items:
        if item.kind in _ADJECTIVES:
            _describe(mention, item)
        elif item.kind == "generic":
            yield from _generic(mention, item)
            before, mention = item, Mention()
        elif item.kind == "shape":
            mention.shape, mention.many = cast(Shape, item.value), item.many
            mention.words.append(item.word)
            _apart(before, mention)
            yield mention
            before, mention = mention, Mention()
        elif item.kind == "ones":
            mention.member = True
            yield mention
            before, mention = item, Mention()
        elif not (item.kind == "break" and _goes_on(before, mention)):
            yield from _nounless(mention)
            before, mention = item, Mention()
            yield item
    yield from _nounless(mention)


def _goes_on(before: Item | Mention | None, mention: Mention) -> bool:
    """Whether a phrase goes on after a break, as "a large, red dot" does; "is red, two dots" does not."""
    predicate = isinstance(before, Item) and before.kind == "is" and not mention.opened
    return bool(mention.colour or mention.size) and not _stands_for_one(mention) and not predicate


def _apart(before: Item | Mention | None, mention: Mention) -> None:
    """Refuse two nouns in a row, such as "a square triangle" and "a square red triangle"."""
    if not isinstance(before, Mention) or mention.opened:
        return
    if before.opened or len(mention.words) == 1:
        raise Unclear(f"'{before} {mention}' names two shapes at once")


def _describe(mention: Mention, item: Item) -> None:
    """Add one adjective, number or article to a phrase."""
    before = (mention.colour, mention.size, mention.number, mention.ordinal)
    if (
        item.kind == "number"
        and mention.words[-1:] in (["a"], ["an"])
        and (item.word.isdecimal() or item.word in _MANY)
    ):
        raise Unclear(f"'{mention} {item.word}' says two things at once")
    if item.kind == "colour":
        mention.colour = cast(Colour, item.value)
    elif item.kind == "size":
        mention.size = cast(Size, item.value)
    elif item.kind == "number":
        mention.number = int(item.value)
    elif item.kind == "ordinal":
        mention.ordinal = int(item.value)
    elif item.kind == "rest":
        mention.rest, mention.many = True, item.many
    elif mention.colour or mention.size:
        raise Unclear(f"'{mention}' names no shape")
    mention.opened |= item.kind in ("definite", "indefinite", "number", "ordinal")
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
    told = mention.colour or mention.size or mention.number not in (None, 1)
    return mention.words[-1:] == ["one"] or ((mention.rest or mention.ordinal is not None) and not told)


def _nounless(mention: Mention) -> Iterator[Mention]:
    """A phrase that ended without a noun: "a large one" stands for a thing named before; "a red" for nothing."""
    if _stands_for_one(mention):
        yield mention
    elif mention.colour or mention.size or mention.number is not None:
        raise Unclear(f"'{mention}' names no shape")
