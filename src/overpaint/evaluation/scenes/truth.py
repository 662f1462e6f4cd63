"""What a right picture of a scene shows, as a row of a dataset keeps it; and whether a picture is right."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from overpaint.evaluation.scenes.ground_truth import things_in
from overpaint.evaluation.scenes.matching import shows
from overpaint.shapes.scene import Group, Link, Spec


def truth_of(spec: Spec) -> dict[str, Any]:
    """A spec as JSON holds it."""
    return {"groups": [asdict(group) for group in spec.groups], "links": [asdict(link) for link in spec.links]}


def spec_from(truth: dict[str, Any]) -> Spec:
    """The spec that `truth_of` made this of."""
    groups, links = (Group(**group) for group in truth["groups"]), (Link(**link) for link in truth["links"])
    return Spec(tuple(groups), tuple(links))


def is_right(picture: bytes, truth: dict[str, Any]) -> bool:
    """Whether a picture shows what was asked and nothing else, by an inspector that shares nothing with the judge's.

    Args:
        picture: an encoded picture of any size.
        truth: as `truth_of` gives it.

    Raises:
        PIL.UnidentifiedImageError: the bytes are no picture.
    """
    return shows(spec_from(truth), things_in(picture))
