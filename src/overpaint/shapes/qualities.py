"""Colours and sizes told of things after they were named: of a phrase, of one group, of both or all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, cast

from overpaint.shapes.drafts import Draft
from overpaint.shapes.phrases import Mention, Unclear
from overpaint.shapes.reading import Item
from overpaint.shapes.scene import COLOURS, SIZES, Colour, Size

Attribute = Literal["colour", "size"]


def add_to_mention(mention: Mention, told: Item) -> None:
    """Make a phrase say a colour or size too: "the square that is blue" is the blue square.

    Raises:
        Unclear: it says another one already.
    """
    for attribute, value in _values(told):
        before = getattr(mention, attribute)
        if before not in (None, value):
            raise Unclear(f"'{mention} {told.word}' says two things at once")
        if attribute == "colour":
            mention.colour = cast(Colour, value)
        else:
            mention.size = cast(Size, value)
    mention.words.append(told.word)


def add_to_group(draft: Draft, told: Item) -> None:
    """Give a group a colour or size.

    Raises:
        Unclear: it has another one, or members of their own kind.
    """
    for attribute, value in _values(told):
        before = getattr(draft.group, attribute)
        if before not in (None, value) or draft.parts:
            raise Unclear(f"it calls one thing '{before or draft.group.shape}' and '{told.word}'")
        if attribute == "colour":
            draft.group = replace(draft.group, colour=cast(Colour, value))
        else:
            draft.group = replace(draft.group, size=cast(Size, value))


def only_of_last(told: Item, others: Sequence[Draft]) -> None:
    """Refuse "a star and a circle in red", where the star may be red too.

    Raises:
        Unclear: one of the others has no such attribute of its own.
    """
    if any(getattr(draft.group, attribute) is None for attribute, _ in _values(told) for draft in others):
        raise Unclear(f"it does not say for certain what is '{told.word}'")


def of_all(told: Item, last: Draft | None, drafts: Sequence[Draft]) -> list[Draft]:
    """Which groups "both blue" or "all blue" speaks of.

    Raises:
        Unclear: that is not certain.
    """
    meant = [last] if last is not None and last.group.count > 1 else list(drafts)
    others = [draft for draft in drafts if all(draft is not one for one in meant)]
    only_of_last(told, [draft for draft in others if told.word == "all" or draft.group.count == 2])
    number = sum(draft.group.count for draft in meant)
    if number < 2 or (told.word == "both" and number != 2):
        raise Unclear(f"it does not say for certain what '{told.word}' are")
    return meant


def _values(told: Item) -> list[tuple[Attribute, str]]:
    said = str(told.value).split()
    colours: list[tuple[Attribute, str]] = [("colour", value) for value in said if value in COLOURS]
    return [*colours, *(("size", value) for value in said if value in SIZES)]
