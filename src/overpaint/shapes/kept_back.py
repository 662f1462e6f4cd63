"""Which kinds of scene the painter is never trained on, so that tests and benchmarks can ask for what is new to it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

KEPT_BACK = 8
"""One in so many sets of kinds is never trained on."""


def reserved(kinds: Iterable[tuple[str, str]]) -> bool:
    """Whether a scene of these kinds, each a colour and a shape, is kept back for tests and benchmarks.

    One set in eight of two kinds or more is, by its hash; the order does not matter. A kind alone never is: there are
    only 42 of them.
    """
    listed = sorted(f"{colour} {shape}" for colour, shape in kinds)
    digest = hashlib.sha256("\n".join(listed).encode()).digest()
    return len(listed) > 1 and digest[0] % KEPT_BACK == 0
