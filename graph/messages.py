"""What a person says in a chat: text, and pictures in any of the five block shapes that chat clients send.

LangChain v1 (`base64`), LangChain v0 (`source_type`), OpenAI (`image_url`), Anthropic (`source`) and agent-chat-ui
(`mimeType` with `data`, which no library converts). Stored pictures are named by a text block with one more key,
`{"type": "text", "text": "[picture <sha256>]", "picture": ImageRef}`: every client can show it.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import AnyMessage, HumanMessage, convert_to_messages

from overpaint.tools.faults import BadInput
from overpaint.tools.home import open_home
from overpaint.tools.images import ImageRef, ImageStore

FIELDS = ("sha256", "mime", "width", "height")
"""Those of an ImageRef. A reference that comes from outside may carry more, such as a grant, which stays outside."""


def last_human(messages: Sequence[AnyMessage]) -> HumanMessage:
    """The message that holds the brief.

    Raises:
        BadInput: nobody said anything.
    """
    for message in reversed(messages):
        if isinstance(message, HumanMessage):
            return message
    raise BadInput("there is no brief: give `brief`, or a human message that says what to paint")


def text_of(message: HumanMessage) -> str:
    """What a message says, without the references to pictures in it."""
    if isinstance(message.content, str):
        return message.content.strip()
    said = (block if isinstance(block, str) else _text(block) for block in message.content)
    return "".join(said).strip()


def picture_of(message: HumanMessage) -> ImageRef | None:
    """The stored picture that a message names.

    Raises:
        BadInput: it names several.
    """
    named = [block["picture"] for block in message.content if isinstance(block, dict) and "picture" in block]
    _refuse_several(len(named))
    return named[0] if named else None


def reference(ref: Mapping[str, Any]) -> dict[str, Any]:
    """The block that stands for a stored picture."""
    return {"type": "text", "text": f"[picture {ref['sha256']}]", "picture": ref}


def picture_bytes(block: Any) -> bytes | None:
    """The bytes of an inline picture in any of the five shapes; None for every other block.

    Raises:
        BadInput: a picture is given by address, or its base64 is broken.
    """
    if not isinstance(block, dict) or block.get("type") not in ("image", "image_url"):
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


async def without_bytes(given: Any) -> Any:
    """The input of a run with the last picture stored and named by a reference, and nothing else inline.

    Args:
        given: whatever the graph is invoked with; what holds no messages comes back as it is.

    Raises:
        BadInput: a picture cannot be used, or there is more than one in the last human message.
    """
    if not isinstance(given, dict) or not given.get("messages"):
        return given
    messages = _read(given["messages"])
    last = next((message for message in reversed(messages) if isinstance(message, HumanMessage)), None)
    return {**given, "messages": [await _lean(message, keep=message is last) for message in messages]}


async def _lean(message: Any, *, keep: bool) -> Any:
    """A message without bytes. Pictures of the last human message are kept, anything else becomes a note."""
    if isinstance(message.content, str):
        return message
    data = [await asyncio.to_thread(picture_bytes, block) if keep else None for block in message.content]
    blocks = list(zip(message.content, data, strict=True))
    if keep:
        _refuse_several(sum(found is not None or "picture" in block for block, found in blocks))
    content = [noted(block) if found is None else reference(await _stored(found)) for block, found in blocks]
    return message.model_copy(update={"content": content})


def _refuse_several(pictures: int) -> None:
    if pictures > 1:
        raise BadInput(f"the message holds {pictures} pictures: send the one to start from")


async def _stored(data: bytes) -> ImageRef:
    home = await asyncio.to_thread(open_home)
    return await ImageStore(home / "images").save(data)


def _read(messages: Any) -> list[Any]:
    try:
        return convert_to_messages(messages if isinstance(messages, list) else [messages])
    except (ValueError, TypeError, KeyError, NotImplementedError) as error:
        said = str(error).splitlines()[0][:200]
        raise BadInput(
            f"the messages cannot be read ({said}): send a list of messages with a role and content"
        ) from None


def noted(block: Any) -> Any:
    """A block as it is when it is text, else a note that it was left out."""
    if isinstance(block, str):
        return block
    if isinstance(block.get("picture"), dict):
        return reference({name: block["picture"].get(name) for name in FIELDS})
    if block.get("type") == "text":
        return {"type": "text", "text": str(block.get("text", ""))}
    return {"type": "text", "text": f"[{str(block.get('type'))[:20]} left out]"}


def _text(block: dict[str, Any]) -> str:
    return str(block.get("text", "")) if block.get("type") == "text" and "picture" not in block else ""


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
