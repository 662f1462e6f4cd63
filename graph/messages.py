"""The brief in a chat message: its text, and pictures in any of the five block shapes that chat clients send.

LangChain v1 (`base64`), LangChain v0 (`source_type`), OpenAI (`image_url`), Anthropic (`source`) and agent-chat-ui
(`mimeType` with `data`, which no library converts).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from langchain_core.messages import AnyMessage, HumanMessage

from overpaint.tools.faults import BadInput
from overpaint.tools.images import ImageRef


def last_human(messages: list[AnyMessage]) -> HumanMessage:
    """The message that holds the brief.

    Raises:
        BadInput: nobody said anything.
    """
    for message in reversed(messages):
        if isinstance(message, HumanMessage):
            return message
    raise BadInput("there is no brief: give `brief`, or a human message that says what to paint")


def text_of(message: HumanMessage) -> str:
    """The text blocks of a message, joined."""
    return str(message.text).strip()


def pictures_of(message: HumanMessage) -> list[tuple[int, bytes]]:
    """Inline pictures of a message, each with the place of its block.

    Raises:
        BadInput: a picture is given by address, or its base64 is broken.
    """
    blocks = message.content if isinstance(message.content, list) else []
    found = ((i, _bytes_of(block)) for i, block in enumerate(blocks) if isinstance(block, dict))
    return [(i, data) for i, data in found if data is not None]


def with_references(message: HumanMessage, refs: Mapping[int, ImageRef]) -> HumanMessage:
    """The same message, by id, with a short reference in place of each stored picture: state never holds bytes."""
    blocks = message.content if isinstance(message.content, list) else []
    content = [
        {"type": "text", "text": f"[picture {refs[i]['sha256']}]"} if i in refs else b for i, b in enumerate(blocks)
    ]
    return message.model_copy(update={"content": content})


def _bytes_of(block: dict[str, Any]) -> bytes | None:
    if block.get("type") not in ("image", "image_url"):
        return None
    source = block.get("source")
    if isinstance(source, dict):
        return _inline(source.get("data"))
    address = block.get("image_url", block.get("url"))
    address = address.get("url") if isinstance(address, dict) else address
    if isinstance(address, str):
        return _from_address(address)
    return _inline(block.get("base64", block.get("data")))


def _from_address(address: str) -> bytes:
    head, comma, data = address.partition(",")
    if not head.startswith("data:") or not comma or not head.endswith(";base64"):
        raise BadInput("a picture was given by address: overpaint fetches nothing, send the picture itself as base64")
    return _inline(data)


def _inline(data: Any) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, TypeError, ValueError):
        raise BadInput("a picture in the message is not valid base64: send it again") from None
