"""Groups while a brief is read, and which of them a phrase such as "the small circle" means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from overpaint.shapes.phrases import Mention, Unclear
from overpaint.shapes.scene import Group


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


def of_kind(group: Group, mention: Mention) -> bool:
    """Whether a member of a group may have the colour and size that are said of it."""
    return mention.colour in (None, group.colour or mention.colour) and mention.size in (
        None,
        group.size or mention.size,
    )


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
    if mention.ordinal >= len(named):
        raise Unclear(f"there is no '{mention}'")
    return [named[mention.ordinal]]


def _could_be(group: Group, mention: Mention) -> bool:
    said = (
        (mention.shape, group.shape),
        (mention.colour, group.colour),
        (mention.size, group.size),
        (mention.number, group.count),
    )
    return all(want is None or want == got for want, got in said)
