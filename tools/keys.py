"""Keys of providers: from the environment or from a file that it names, and never out of this process unredacted."""

from __future__ import annotations

import os
from pathlib import Path

from overpaint.tools.faults import BadInput

LONGEST = 10_000
"""Bytes of a file that may still be a key."""

_handed_out: set[str] = set()
"""Every key this process has given to a client, whatever its variable is called: messages are scrubbed of them."""


def find_key(*variables: str) -> str | None:
    """The key in the first of some environment variables that is set, without spaces around it.

    `NAME_FILE` names a file that holds the key of `NAME`, as container secrets do; `NAME` itself comes first.

    Raises:
        BadInput: the file cannot be read, or what was found cannot be sent in a header.
    """
    for variable in variables:
        key = os.environ.get(variable, "").strip() or _from_file(f"{variable}_FILE")
        if not key:
            continue
        if not (key.isascii() and key.isprintable()):
            raise BadInput(f"{variable} holds characters that no key has: copy it again, without line breaks")
        _handed_out.add(key)
        return key
    return None


def needed_key(*variables: str, name: str) -> str:
    """The same, for a provider that wants one.

    Args:
        variables: where it may be, the usual one first.
        name: "provider:model", to say who needs it.

    Raises:
        BadInput: there is none, or as `find_key`.
    """
    if key := find_key(*variables):
        return key
    first = variables[0]
    raise BadInput(f"{name} needs a key: set {first} or {first}_FILE (any value, for a server of yours)")


def handed_out() -> frozenset[str]:
    """The keys of this process that are long enough to be told from other text."""
    return frozenset(key for key in _handed_out if len(key) >= 8)


def _from_file(variable: str) -> str:
    name = os.environ.get(variable, "").strip()
    if not name:
        return ""
    path = Path(name).expanduser()
    try:
        if not path.is_file():  # opening a pipe would wait for ever
            raise BadInput(f"{variable} names {name!r}, which is no file: name one that holds the key")
        with path.open("rb") as file:
            key = file.read(LONGEST + 1).decode("utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{variable} names {name!r}, which cannot be read as a key: {type(error).__name__}") from error
    if not key or len(key) > LONGEST or not (key.isascii() and key.isprintable()):
        raise BadInput(f"{variable} names {name!r}, which holds no key: it must be one line, and not empty")
    return key
