"""What fal's answers say, read without trusting their shape."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from overpaint.tools.provider_errors import scrubbed

if TYPE_CHECKING:
    from overpaint.tools.backends.fal_http import Answer

RATIOS = ((21, 9), (16, 9), (3, 2), (4, 3), (1, 1), (3, 4), (2, 3), (9, 16), (9, 21))
"""What the *ultra* apps can paint (fal.ai, FLUX1.1 [pro] ultra, aspect_ratio)."""


def aspect_ratio(size: tuple[int, int]) -> str:
    """Name the ratio nearest to a size (width, height), by the factor between them."""
    wanted = math.log(size[0] / size[1])
    width, height = min(RATIOS, key=lambda ratio: abs(math.log(ratio[0] / ratio[1]) - wanted))
    return f"{width}:{height}"


def first_image(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The first image of a result, empty when there is none; some apps name it `image`."""
    images = answer.get("images") or [answer.get("image")]
    return images[0] if isinstance(images, list) and isinstance(images[0], dict) else {}


def is_nsfw(answer: Mapping[str, Any]) -> bool:
    """Whether the provider took its own picture for unsafe, and sent a black one in its place."""
    found = answer.get("has_nsfw_concepts")
    return isinstance(found, list) and bool(found) and found[0] is True


def blocked_reason(answer: Answer) -> str | None:
    """Why the provider would not paint this; None when it did not say so (fal.ai, Model Errors)."""
    details = answer.json.get("detail")
    for detail in details if isinstance(details, list) else ():
        if isinstance(detail, dict) and detail.get("type") == "content_policy_violation":
            return scrubbed(str(detail.get("msg") or "content policy"))
    return None


def said(answer: Answer, ended: Mapping[str, Any] | None = None) -> str:
    """The provider's own words about a failure, on one line."""
    detail = answer.json.get("detail") or answer.json.get("error") or (ended or {}).get("error")
    if isinstance(detail, list) and detail and isinstance(detail[0], dict):
        detail = detail[0].get("msg")
    return scrubbed(str(detail or answer.trouble or f"status {answer.status}"))
