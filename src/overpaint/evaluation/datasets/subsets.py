"""Parts of a dataset that come out the same on every machine and with every version of Python."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from overpaint.evaluation.nouns import Row


def part_of(rows: Sequence[Row], limit: int | None, sample: int | None) -> list[Row]:
    """Some of the rows.

    Args:
        rows: all of them, with unique ids.
        limit: how many, None for all.
        sample: None takes the first in the order of the source. A seed ranks rows by the SHA-256 of seed and id and
            takes the first of those, so that a smaller part is the beginning of a larger one, and whether a row comes
            before another depends on these two alone.
    """
    ranked = list(rows) if sample is None else sorted(rows, key=lambda row: _rank(sample, row["id"]))
    return ranked[:limit]


def counted(rows: Sequence[Row]) -> dict[str, int]:
    """How many questions, pictures and further captions rows bring, of each kind that they bring any of."""
    counts = {
        "questions": sum(len(row["requirements"] or ()) for row in rows),
        "pictures": sum(len(row["pictures"]) for row in rows),
        "captions": sum(len(row["captions"]) for row in rows),
    }
    return {what: count for what, count in counts.items() if count}


def _rank(seed: int, name: str) -> bytes:
    return hashlib.sha256(f"{seed}:{name}".encode()).digest()
