"""From a brief to a Spec: who is meant by what, how many, where, and in which relation."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence

from overpaint.shapes import layout, outside
from overpaint.shapes.arranging import arranged
from overpaint.shapes.following import Follower
from overpaint.shapes.fronting import ordered
from overpaint.shapes.hosting import completed
from overpaint.shapes.phrases import Unclear, phrases
from overpaint.shapes.reading import Item, read
from overpaint.shapes.scene import PLACES, Spec
from overpaint.shapes.wording import plainly
from overpaint.tools.faults import BadInput


def parse(brief: str) -> Spec:
    """Understand a brief.

    Raises:
        BadInput: it asks for what the built-in world cannot show, or contradicts itself. One line, says what to do.
    """
    plain = plainly(brief)
    if strange := _strange(read(plain, brief=True)):
        raise outside.beyond(outside.unknown(strange), os.environ)
    try:
        follower = Follower()
        follower.run(ordered(completed(phrases(iter(arranged(read(plain, brief=True)))))))
        spec = follower.spec()
        _check(spec, follower.totals)
    except Unclear as unclear:
        raise BadInput(f"the brief cannot be drawn as it stands: {unclear}; say it differently") from None
    return spec


def _strange(items: Iterable[Item]) -> list[str]:
    """The first few words that are not known; reads no further than it must."""
    words: dict[str, None] = {}
    for item in items:
        if item.kind == "unknown" or item.word in ("each", "every"):
            words[item.word] = None
            if len(words) > outside.MOST_WORDS:
                break
    return list(words)


def _check(spec: Spec, totals: Sequence[int]) -> None:
    """Raise what speaks against a spec as a whole.

    Raises:
        BadInput: it names nothing.
        Unclear: it speaks of another number of things than it names, or cannot be laid out.
    """
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
