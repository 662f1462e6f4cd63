"""What fal's answers say, read without trusting their shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from overpaint.tools.backends.rest import Answer, said, words
from overpaint.tools.provider_errors import scrubbed


def first_image(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The first image of a result, empty when there is none; some apps name it `image`."""
    images = answer.get("images") or [answer.get("image")]
    return images[0] if isinstance(images, list) and isinstance(images[0], dict) else {}


def is_nsfw(answer: Mapping[str, Any]) -> bool:
    """Whether the provider took its own picture for unsafe, and sent a black one in its place."""
    found = answer.get("has_nsfw_concepts")
    return isinstance(found, list) and bool(found) and found[0] is True


def is_final(answer: Answer) -> bool:
    """Whether an error is what the job ended with, not one of handing its result out (fal.ai, Request Errors)."""
    return answer.status >= 500 and "X-Fal-Error-Type" in answer.headers


def blocked_reason(answer: Answer) -> str | None:
    """Why the provider would not paint this; None when it did not say so (fal.ai, Model Errors)."""
    details = answer.json.get("detail")
    for detail in details if isinstance(details, list) else ():
        if isinstance(detail, dict) and detail.get("type") == "content_policy_violation":
            return scrubbed(str(detail.get("msg") or "content policy"))
    return None


def why(answer: Answer, ended: Mapping[str, Any]) -> str:
    """The provider's words about a job that failed, from its result or from its status."""
    return words(answer.json) or words(ended) or said(answer)
