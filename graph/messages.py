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
from dataclasses import replace
from typing import Any

from langchain_core.messages import AnyMessage, HumanMessage, convert_to_messages
from langgraph.types import Command

from overpaint.tools.faults import BadInput
from overpaint.tools.home import open_home
from overpaint.tools.images import ImageRef, ImageStore

FIELDS = ("sha256", "mime", "width", "height")
"""Those of an ImageRef. A reference that comes from outside may carry more, such as a grant, which stays outside."""
_PICTURES = ("image", "image_url")
_FILES = (
    *_PICTURES, "input_image", "image_generation_call", "file", "input_file", "document", "media", "audio",
    "input_audio", "video",
)  # fmt: skip
"""Types of blocks that may hold bytes, those of the providers' own shapes among them."""


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
        BadInput: it names several, or holds one that was never stored (checkpoints of before pictures were).
    """
    blocks = [block for block in message.content if isinstance(block, dict)]
    if any(block.get("type") in _PICTURES for block in blocks):
        raise BadInput("a picture in the message was never stored, so it cannot be used: send the message again")
    named = [block["picture"] for block in blocks if _names_picture(block)]
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
    if not isinstance(block, dict) or block.get("type") not in _PICTURES:
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


def noted(block: Any) -> Any:
    """A block as it is when it is text, else a note that it was left out."""
    if isinstance(block, str):
        return block
    if _names_picture(block):
        return reference({name: block["picture"].get(name) for name in FIELDS})
    if block.get("type") == "text":
        return {"type": "text", "text": str(block.get("text", ""))}
    return {"type": "text", "text": f"[{str(block.get('type'))[:20]} left out]"}


async def without_bytes(given: Any) -> Any:
    """The input of a run with the last picture stored and named by a reference, and nothing else inline.

    Args:
        given: whatever the graph is invoked with; what holds no messages comes back as it is.

    Raises:
        BadInput: a picture cannot be used, or there is more than one in the last human message.
    """
    if isinstance(given, Command):
        return replace(given, update=await _lean_update(given.update))
    if not isinstance(given, dict) or not given.get("messages"):
        return given
    messages = _read(given["messages"])
    last = next((message for message in reversed(messages) if isinstance(message, HumanMessage)), None)
    return {**given, "messages": [await _lean(message, keep=message is last) for message in messages]}


async def _lean_update(update: Any) -> Any:
    """What a command writes to the state: a dict, or pairs of a key and its value."""
    if not isinstance(update, list | tuple):
        return await without_bytes(update)
    parts = [await without_bytes(dict([pair])) for pair in update]
    return [pair for part in parts for pair in part.items()]


async def _lean(message: Any, *, keep: bool) -> Any:
    """A message without bytes. Pictures of the last human message are kept, anything else becomes a note."""
    if isinstance(message.content, str):
        return message
    if not isinstance(message, HumanMessage):
        return message.model_copy(update={"content": _without_files(message.content)})
    data = [await asyncio.to_thread(picture_bytes, block) if keep else None for block in message.content]
    blocks = list(zip(message.content, data, strict=True))
    if keep:
        _refuse_several(sum(found is not None or _names_picture(block) for block, found in blocks))
    content = [noted(block) if found is None else reference(await _stored(found)) for block, found in blocks]
    return message.model_copy(update={"content": content})


def _without_files(content: Any) -> Any:
    """What a model or a tool said, with notes in the place of files; thoughts and calls stay as they are."""
    if isinstance(content, list):
        return [_without_files(block) for block in content]
    if not isinstance(content, dict):
        return content
    if content.get("type") in _FILES:
        return noted(content)
    # The result of a tool that the provider ran itself is a block with blocks inside.
    return {**content, "content": _without_files(content["content"])} if "content" in content else content


def _read(messages: Any) -> list[Any]:
    try:
        return convert_to_messages(messages if isinstance(messages, list) else [messages])
    except (ValueError, TypeError, KeyError, NotImplementedError) as error:
        said = str(error).splitlines()[0][:200]
        raise BadInput(
            f"the messages cannot be read ({said}): send a list of messages with a role and content"
        ) from None


async def _stored(data: bytes) -> ImageRef:
    home = await asyncio.to_thread(open_home)
    return await ImageStore(home / "images").save(data)


def _refuse_several(pictures: int) -> None:
    if pictures > 1:
        raise BadInput(f"the message holds {pictures} pictures: send the one to start from")


def _names_picture(block: Any) -> bool:
    return isinstance(block, dict) and isinstance(block.get("picture"), dict)


def _text(block: dict[str, Any]) -> str:
    return str(block.get("text", "")) if block.get("type") == "text" and not _names_picture(block) else ""


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
