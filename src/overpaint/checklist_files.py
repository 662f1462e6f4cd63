"""Checklists as a person writes them: YAML, JSON, or one requirement per line, from a file, stdin or an editor."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from overpaint.phrases import clean
from overpaint.tools.faults import BadInput

LARGEST = 200_000
"""Bytes; 40 requirements of the greatest length fit."""
STRUCTURED = (".yaml", ".yml", ".json")
HEADER = """\
# Every picture is judged by this checklist: edit, add and remove items, then save. Each has a text, and if you want
# a question (for the judge), expected (yes, no or a number), weight, and kind. Lines that start with # do not count.
"""
_BULLET = re.compile(r"(?:[-*•]|\d{1,3}[.)])\s+")


def read_file(name: str) -> list[Any]:
    """The items of a checklist file.

    Args:
        name: a path, or "-" for stdin. What ends in .yaml, .yml or .json is read as such; anything else as YAML where
            it holds a list, else as one requirement per line.

    Raises:
        BadInput: it cannot be read, is too large, is no text, or holds no list.
    """
    where = "stdin" if name == "-" else clean(name, 200)
    try:
        data = _bytes_of(name)
    except (OSError, ValueError) as error:
        raise BadInput(f"cannot read the checklist {where}: {getattr(error, 'strerror', None) or error}") from None
    if len(data) > LARGEST:
        raise BadInput(f"the checklist {where} is larger than {LARGEST:,} bytes: shorten it")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"the checklist {where} is no UTF-8 text (byte {error.start}): save it as UTF-8") from None
    return _items(text, where, lines=Path(name).suffix.lower() not in STRUCTURED)


def read_edited(text: str) -> list[Any]:
    """The items of a checklist as it came back from an editor.

    Raises:
        BadInput: it is no YAML, or holds no list.
    """
    return _items(text, "you wrote", lines=False)


def as_yaml(items: Sequence[Mapping[str, Any]]) -> str:
    """A checklist for an editor, with a comment that says what may be changed."""
    import yaml

    return HEADER + yaml.safe_dump([dict(item) for item in items], allow_unicode=True, sort_keys=False, width=110)


def _bytes_of(name: str) -> bytes:
    if name == "-":
        if sys.stdin is None:
            raise BadInput("cannot read the checklist from stdin: there is none")
        return _limited(sys.stdin.buffer)
    with Path(name).open("rb") as file:
        return _limited(file)


def _limited(file: BinaryIO) -> bytes:
    return file.read(LARGEST + 1)


def _items(text: str, where: str, *, lines: bool) -> list[Any]:
    import yaml

    try:
        read = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        if lines:
            return _lines(text, where)
        raise BadInput(f"the checklist {where} is no YAML: {_fault(error)}") from None
    if isinstance(read, dict):
        read = read.get("checklist", read.get("requirements", read))
    if isinstance(read, list) and read:
        return read
    if lines:
        return _lines(text, where)
    raise BadInput(f"the checklist {where} holds no list: write one item per requirement, each after a dash")


def _fault(error: Exception) -> str:
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
    said = clean(str(problem or error), 120)
    return f"line {mark.line + 1}: {said}" if mark is not None else said


def _lines(text: str, where: str) -> list[Any]:
    stripped = [line.strip() for line in text.splitlines()]
    items = [_BULLET.sub("", line, count=1) for line in stripped if line and not line.startswith("#")]
    if not items:
        raise BadInput(f"the checklist {where} is empty: write one requirement per line")
    return list(items)
