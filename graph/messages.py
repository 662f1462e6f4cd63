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
        BadInput: a picture is given by address, its base64 is broken, or there is more than one.
    """
    blocks = message.content if isinstance(message.content, list) else []
    found = ((i, _bytes_of(block)) for i, block in enumerate(blocks) if isinstance(block, dict))
    pictures = [(i, data) for i, data in found if data is not None]
    if len(pictures) > 1:
        raise BadInput(f"the message holds {len(pictures)} pictures: send the one to start from")
    return pictures


def with_references(message: HumanMessage, refs: Mapping[int, ImageRef]) -> HumanMessage | None:
    """The same message, by id, without bytes: a short reference for each stored picture, a note for anything else.

    None when there is nothing to replace. State never holds bytes, also not those of a file that nobody asked for.
    """
    blocks = message.content if isinstance(message.content, list) else []
    content = [_reference(refs[i]) if i in refs else _noted(block) for i, block in enumerate(blocks)]
    return message.model_copy(update={"content": content}) if content != blocks else None


def _reference(ref: ImageRef) -> dict[str, str]:
    return {"type": "text", "text": f"[picture {ref['sha256']}]"}


def _noted(block: Any) -> Any:
    """A block as it is when it is text, else a note that it was left out."""
    if isinstance(block, str) or block.get("type") == "text":
        return block
    return {"type": "text", "text": f"[{str(block.get('type'))[:20]} left out]"}


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
    if "file_id" in block:
        raise BadInput("a picture was given by file id: overpaint fetches nothing, send the picture itself as base64")
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
