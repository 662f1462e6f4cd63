"""The picture of a request: what is measured in it, what that is in words, and how well it is made."""

from __future__ import annotations

from collections.abc import Sequence

from overpaint.shapes.captions import seen_words
from overpaint.shapes.scene import Seen
from overpaint.shapes.wire import Request

TOLD = 9
"""How many things a look names; a picture of this world has no more."""
BARE = "nothing but the ground"
"""What is told of a picture without things."""


def look(request: Request) -> list[Seen]:
    """Measure the picture of a request.

    Raises:
        ValueError: it has none, or one that cannot be decoded.
    """
    from overpaint.shapes.inspector import inspect

    return inspect(request.seen_by())


def observed(seen: Sequence[Seen]) -> str:
    """What was seen, thing by thing with its place."""
    more = f" and {len(seen) - TOLD} more" if len(seen) > TOLD else ""
    return ", ".join(seen_words(s, s.place) for s in seen[:TOLD]) + more if seen else BARE


def quality(seen: Sequence[Seen]) -> float:
    """How well the things seen fit the shapes they are taken for, 0 to 1; 0 where there are none."""
    return round(sum(min(max(s.fit, 0.0), 1.0) for s in seen) / len(seen), 3) if seen else 0.0
