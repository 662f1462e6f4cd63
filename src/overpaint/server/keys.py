"""Who calls: the keys of OVERPAINT_API_KEYS, and the owner that each stands for."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request

from overpaint.tools.faults import BadInput


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


def configured() -> Mapping[str, Caller]:
    """The callers by the sha256 (hex) of their secrets, in the order of OVERPAINT_API_KEYS; empty without keys.

    Raises:
        BadInput: a key without a secret, or a name that is given twice.
    """
    callers: dict[str, Caller] = {}
    for place, entry in enumerate(filter(None, map(str.strip, os.environ.get("OVERPAINT_API_KEYS", "").split(","))), 1):
        name, colon, secret = entry.partition(":")
        name, secret = (name, secret) if colon else (f"key{place}", entry)
        if not name or not secret or any(caller.name == name for caller in callers.values()):
            raise BadInput(f"OVERPAINT_API_KEYS: key {place} needs a name of its own and a secret, as in alice:SECRET")
        callers[hashlib.sha256(secret.encode()).hexdigest()] = Caller(name, name)
    return callers


def first_owner() -> str:
    """Whom runs belong to that nobody claimed, such as those of the command line."""
    return next((caller.owner for caller in configured().values()), LOCAL.owner)


def caller_of(headers: Mapping[str, str]) -> Caller:
    """The caller of a request by its `Authorization: Bearer` or `x-api-key` header.

    Raises:
        Unauthorised: keys are set, and the request has none of them.
    """
    callers = configured()
    if not callers:
        return LOCAL
    scheme, _, token = headers.get("authorization", "").partition(" ")
    secret = token.strip() if scheme.casefold() == "bearer" else headers.get("x-api-key", "")
    given = hashlib.sha256(secret.encode()).hexdigest()
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
