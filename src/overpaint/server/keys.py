"""Who calls: the keys of OVERPAINT_API_KEYS, and the owner that each stands for."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request

from overpaint.tools.faults import BadInput

SHORTEST = 16
"""Characters that a secret must have where others than this machine can try to guess it."""


@dataclass(frozen=True)
class Caller:
    """Who calls. `owner` is what threads are kept under; neither part is the secret."""

    owner: str
    name: str


LOCAL = Caller("local", "local")
"""Everyone, where no keys are set."""


class Unauthorised(Exception):
    """The request carries no key of OVERPAINT_API_KEYS."""


class NotThere(Exception):
    """What was asked for is not there, or is another key's: the caller cannot tell which."""


class TooMany(Exception):
    """The key has as many runs at work as it may have; asked again later, it may be let in."""


def configured() -> Mapping[str, Caller]:
    """The callers by the sha256 (hex) of their secrets, in the order of OVERPAINT_API_KEYS; empty without keys.

    Raises:
        BadInput: a key without a secret, or a name or a secret that is none or is given twice.
    """
    callers: dict[str, Caller] = {}
    for place, (name, secret) in enumerate(_pairs(), 1):
        known = {LOCAL.name, *(caller.name for caller in callers.values())}
        digest = hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
        if name in known or digest in callers or not _is_name(name) or not _is_secret(secret):
            raise BadInput(
                f"OVERPAINT_API_KEYS: key {place} needs a name of its own (letters, digits, . _ -; not 'local') and a"
                " secret of its own without spaces, as in alice:SECRET"
            )
        callers[digest] = Caller(name, name)
    return callers


def refuse_guessable() -> None:
    """Refuse secrets that may be guessed, for a server that others can reach.

    Raises:
        BadInput: a secret is shorter than `SHORTEST`.
    """
    for place, (_, secret) in enumerate(_pairs(), 1):
        if len(secret) < SHORTEST:
            raise BadInput(
                f"OVERPAINT_API_KEYS: the secret of key {place} has {len(secret)} characters and could be guessed: give"
                f" {SHORTEST} or more, such as `openssl rand -hex 16` prints"
            )


def first_owner() -> str:
    """Whom runs belong to that nobody claimed, such as those of the command line."""
    return next((caller.owner for caller in configured().values()), LOCAL.owner)


def caller_of(headers: Mapping[str, str]) -> Caller:
    """The caller of a request by its `Authorization: Bearer` or `x-api-key` header.

    Args:
        headers: by their names in lower case.

    Raises:
        Unauthorised: keys are set, and the request has none of them.
    """
    callers = configured()
    if not callers:
        return LOCAL
    scheme, _, token = headers.get("authorization", "").partition(" ")
    secret = token.strip() if scheme.casefold() == "bearer" else headers.get("x-api-key", "")
    given = hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
    found = [caller for known, caller in callers.items() if hmac.compare_digest(known, given)]
    if not found:
        raise Unauthorised("this server needs a key: send it as `Authorization: Bearer KEY` or `x-api-key: KEY`")
    return found[0]


async def current_caller(request: Request) -> Caller:
    """The caller, as a dependency of our own routes.

    Raises:
        Unauthorised: see `caller_of`.
    """
    return caller_of(request.headers)


def _pairs() -> list[tuple[str, str]]:
    """Each key's name and secret; a key without a name is called by its place."""
    entries = [entry.strip() for entry in os.environ.get("OVERPAINT_API_KEYS", "").split(",")]
    named = [entry.partition(":") for entry in entries if entry]
    return [(name, secret) if colon else (f"key{i}", name) for i, (name, colon, secret) in enumerate(named, 1)]


def _is_name(name: str) -> bool:
    return re.fullmatch(r"[A-Za-z0-9._-]{1,64}", name) is not None


def _is_secret(secret: str) -> bool:
    """Whether it comes through a header as it is."""
    return re.fullmatch(r"[!-~]+", secret) is not None
