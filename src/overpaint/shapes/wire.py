"""Reads what a model is sent: the tagged sections of the last human message, and the picture beside them."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import BaseMessage, HumanMessage

MOST_PROPOSALS = 32
_NUMBERED = re.compile(r"(\d{1,4})\.\s+(.*)")


@dataclass(frozen=True)
class Request:
    """One human message: its text, and its last picture as encoded bytes."""

    text: str
    picture: bytes | None

    def section(self, tag: str) -> str:
        """Return the text between <tag> and </tag>, stripped.

        Raises:
            ValueError: there is no such section.
        """
        _, opened, rest = self.text.partition(f"<{tag}>")
        body, closed, _ = rest.partition(f"</{tag}>")
        if not opened or not closed:
            raise ValueError(f"the message to the built-in model has no <{tag}> section")
        return body.strip()

    def lines(self, tag: str) -> list[str]:
        """Return the lines of a section that say anything."""
        return [line.strip() for line in self.section(tag).splitlines() if line.strip()]

    def number(self, tag: str) -> int | None:
        """Return the whole number in a section, None where it is empty.

        Raises:
            ValueError: the section is missing, or holds something else.
        """
        said = self.section(tag)
        if said and not re.fullmatch(r"[0-9]{1,9}", said):
            raise ValueError(f"<{tag}> must hold a whole number, not {said[:20]!r}")
        return int(said) if said else None

    def has(self, tag: str) -> bool:
        """Whether there is such a section."""
        return f"<{tag}>" in self.text and f"</{tag}>" in self.text

    def questions(self) -> list[tuple[int, str]]:
        """Return the numbered questions of <questions>."""
        return self.numbered("questions")

    def numbered(self, tag: str) -> list[tuple[int, str]]:
        """Return the numbered lines of a section; a line without a number goes on with the one before."""
        found: list[tuple[int, str]] = []
        for line in self.lines(tag):
            numbered = _NUMBERED.fullmatch(line)
            if numbered:
                found.append((int(numbered[1]), numbered[2]))
            elif found:
                found[-1] = (found[-1][0], f"{found[-1][1]} {line}")
        return found

    def seen_by(self) -> bytes:
        """Return the picture.

        Raises:
            ValueError: the message has none.
        """
        if self.picture is None:
            raise ValueError("the message to the built-in model has no picture")
        return self.picture


def last_request(messages: Sequence[BaseMessage]) -> Request:
    """Read the last human message; one that only asks to repair an answer stands for the one before it.

    Raises:
        ValueError: there is no human message, or its picture cannot be read.
    """
    humans = [message for message in messages if isinstance(message, HumanMessage)]
    if not humans:
        raise ValueError("the built-in model was sent no human message")
    asking = [message for message in humans if not _text(message).startswith("Your last answer could not be used")]
    message = (asking or humans)[-1]
    return Request(_text(message), _picture(message))


def _blocks(message: BaseMessage) -> list[dict[str, Any]]:
    content = message.content if isinstance(message.content, list) else [message.content]
    return [block if isinstance(block, dict) else {"type": "text", "text": block} for block in content]


def _text(message: BaseMessage) -> str:
    return "\n".join(str(block.get("text", "")) for block in _blocks(message) if block.get("type") == "text")


def _picture(message: BaseMessage) -> bytes | None:
    found = [data for block in _blocks(message) if (data := _data(block)) is not None]
    return _decoded(found[-1]) if found else None


def _data(block: dict[str, Any]) -> str | None:
    """Return the base64 text of a picture block, of OpenAI's kind or one of LangChain's."""
    if block.get("type") == "image_url":
        link = block.get("image_url")
        return _inline(link.get("url") if isinstance(link, dict) else link)
    if block.get("type") == "image":
        data = block.get("base64") or block.get("data")
        return data if isinstance(data, str) else _inline(block.get("url"))
    return None


def _inline(url: object) -> str:
    head, comma, data = str(url).partition(",")
    if not comma or not head.startswith("data:image/") or not head.endswith(";base64"):
        raise ValueError("the built-in model reads pictures from data URLs only (data:image/png;base64,…)")
    return data


def _decoded(data: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"the picture sent to the built-in model is not base64: {error}") from None
