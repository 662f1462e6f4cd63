"""The briefs of the built-in world as a dataset: what is right is known of each."""

from __future__ import annotations

from overpaint.evaluation.nouns import Dataset, Row
from overpaint.evaluation.scenes.briefs import Brief, SetName, digest, load_briefs, mixed
from overpaint.evaluation.scenes.truth import truth_of


def scenes_dataset(which: SetName = "test") -> Dataset:
    """All briefs of a set, in a fixed shuffled order, so that the first few hold every category."""
    briefs = mixed(load_briefs(which))
    return Dataset(
        name="scenes" if which == "test" else f"scenes-{which}",
        source=f"overpaint.evaluation.scenes ({which})",
        digest=digest(briefs),
        rows=[_row(brief) for brief in briefs],
        bad=[],
        total=len(briefs),
    )


def _row(brief: Brief) -> Row:
    return Row(
        id=brief.id,
        brief=brief.text,
        category=brief.category,
        requirements=None,
        pictures=[],
        captions=[],
        truth=truth_of(brief.spec),
    )
