"""A picture as our own routes name it."""

from __future__ import annotations

from typing import Any

from overpaint.tools.images import ImageRef
from overpaint.tools.links import picture_path

THUMB = 320
"""Width of the small copy, in pixels."""


def picture_json(ref: ImageRef) -> dict[str, Any]:
    """What a picture is and where it can be had; `url` and `thumb` begin at the server's root, signed under keys."""
    return {**ref, "url": picture_path(ref), "thumb": picture_path(ref, width=THUMB)}


def picture_or_none(ref: ImageRef | None) -> dict[str, Any] | None:
    """The same, None where there is no picture."""
    return None if ref is None else picture_json(ref)
