"""Logged model calls as plain lines: what was sent, in full, and what came back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from overpaint.phrases import clean, money, seconds
from overpaint.tools.call_log import Call


def call_lines(calls: Iterable[Call]) -> list[str]:
    """Every call: a heading, its messages, then its reply or its error."""
    return [line for call in calls for line in _lines(call)]


def text_lines(text: str) -> list[str]:
    """Foreign text, line by line, each fit for a terminal; line breaks and indentation stay."""
    lines = text.expandtabs(4).splitlines()
    return [line[: len(line) - len(line.lstrip(" "))] + clean(line) for line in lines]


def _lines(call: Call) -> Iterator[str]:
    yield _heading(call)
    for message in call.messages:
        yield f"  {clean(str(message.get('role', '?')))}:"
        yield from _indented(_said(message.get("content")))
    if call.error is not None:
        yield "  error:"
        yield from _indented(call.error)
    if call.reply is not None:
        yield "  reply:"
        yield from _indented(call.reply)
    if call.reply is None and call.error is None:
        yield "  no reply yet, or its process died before one"
    yield ""


def _heading(call: Call) -> str:
    when = datetime.fromtimestamp(call.started, UTC).isoformat(sep=" ", timespec="seconds").removesuffix("+00:00")
    took = "not ended" if call.seconds is None else seconds(call.seconds)
    parts = [f"call {call.id}", f"{when} UTC", clean(call.node), clean(call.name), clean(call.model), took]
    if call.input_tokens is not None or call.output_tokens is not None:
        parts.append(f"{call.input_tokens or 0} tokens in, {call.output_tokens or 0} out")
    return " · ".join([*parts, money(call.usd)])


def _said(content: Any) -> str:
    """A message's content as text; a picture as its reference."""
    if isinstance(content, str):
        return content
    return "\n".join(_block(block) for block in content) if isinstance(content, list) else json.dumps(content)


def _block(block: Any) -> str:
    if isinstance(block, dict) and block.get("type") == "text":
        return str(block.get("text", ""))
    if isinstance(block, dict) and block.get("type") in ("image", "image_url"):
        place = block.get("url") or block.get("image_url")
        return f"[picture {place.get('url') if isinstance(place, dict) else place}]"
    return block if isinstance(block, str) else json.dumps(block)


def _indented(text: str) -> Iterator[str]:
    return (f"    {line}".rstrip() for line in text_lines(text))
