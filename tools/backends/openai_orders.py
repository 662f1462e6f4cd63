"""What one request to OpenAI's images API says: the SDK's arguments, and the fields of other servers beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from overpaint.tools.backends.openai_edits import Edit, prepared
from overpaint.tools.backends.openai_models import nearest_size
from overpaint.tools.painters import PaintRequest

FIXED = frozenset({"model", "prompt", "n", "image", "mask", "stream", "partial_images"})
"""Fields of a request that are not the user's to add."""

SETTINGS = {
    "seed": "seed",
    "steps": "num_inference_steps",
    "guidance": "guidance_scale",
    "negative_prompt": "negative_prompt",
}
"""Settings that OpenAI's own models do not take, and what vLLM-Omni (entrypoints/openai/protocol/images.py) and SGLang
(multimodal_gen/runtime/entrypoints/openai/protocol.py) call them."""


@dataclass(frozen=True)
class Order:
    """One request, ready to be sent.

    Args:
        fields: arguments of the SDK's `images.generate`, or of `images.edit` where there is an edit.
        extra: the SDK's `extra_body`.
        edit: what the answer must be made into.
        params: what a user should know of it.
    """

    fields: dict[str, Any]
    extra: dict[str, Any]
    edit: Edit | None
    params: dict[str, Any]


def make_order(
    request: PaintRequest, model: str, *, taken: frozenset[str], extra: Mapping[str, Any], partial: int
) -> Order:
    """Write a request down. It encodes pictures, so async code calls it in a thread.

    Args:
        request: what to paint, or to change.
        model: as the server names it.
        taken: which of SETTINGS are sent.
        extra: the user's fields; null leaves one out.
        partial: how many pictures on their way are asked for.

    Raises:
        BadInput: the source cannot be used.
    """
    edit = None if request.source is None else prepared(request.source, request.boxes, request.size)
    size = request.size if edit is None else nearest_size(model, edit.source.size)
    asked = {} if size is None or "size" in extra else {"size": f"{size[0]}x{size[1]}"}
    given = {name: getattr(request, name) for name in SETTINGS if name in taken}
    settings = {name: value for name, value in given.items() if value is not None}
    added = {name: value for name, value in extra.items() if value is not None}
    streamed = {"stream": True, "partial_images": partial} if partial else {}
    files = {} if edit is None else edit.files()
    return Order(
        fields={"model": model, "prompt": request.prompt, "n": 1, **asked, **streamed, **files},
        extra={**{SETTINGS[name]: value for name, value in settings.items()}, **added},
        edit=edit,
        params={"model": model, **asked, **settings, **({"extra_body": added} if added else {})},
    )
