"""Asking providers whether they can be used: one free request each, and only when somebody wants it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from overpaint.doctor import Check
from overpaint.providers import Provider
from overpaint.tools.faults import BadInput
from overpaint.tools.keys import find_key
from overpaint.tools.provider_errors import scrubbed

SECONDS = 15.0
"""How long one answer is waited for."""


def probe(providers: Iterable[Provider], servers: Mapping[str, str | None]) -> list[Check]:
    """Ask each provider that there is a key for, and each server of the user's own.

    Args:
        providers: those to ask, each at its vendor's address.
        servers: base URLs of one's own, each with the environment variable of its key; their `/models` is asked for.
    """
    return asyncio.run(_probe(list(providers), servers))


async def _probe(providers: list[Provider], servers: Mapping[str, str | None]) -> list[Check]:
    vendors = [_vendor(p) for p in providers if p.probe is not None and p.has_key()]
    return list(await asyncio.gather(*vendors, *(_server(url, key) for url, key in servers.items())))


async def _vendor(provider: Provider) -> Check:
    assert provider.probe is not None
    address, word = _at_ones_own(provider.scheme, *provider.probe)
    status, told = await _status(address, {"Authorization": f"{word} {find_key(*provider.keys)}"})
    name = f"probe {provider.scheme}"
    if status in (401, 403):
        return Check(name, False, f"{provider.keys[0]} is refused ({status})", f"correct {provider.keys[0]}")
    if status is None or status >= 500:
        return Check(name, False, told, "try again later, or check the connection")
    return Check(name, True, f"answers, and takes {provider.keys[0]}")


def _at_ones_own(scheme: str, address: str, word: str) -> tuple[str, str]:
    """The address to ask: where the environment names another server, its key is for that one, and for no other."""
    own = os.environ.get(f"{scheme.upper()}_BASE_URL", "").strip().rstrip("/")
    if not own:
        return address, word
    path = urlsplit(address).path
    return own + (path if scheme == "fal" else "/models"), word


async def _server(url: str, variable: str | None) -> Check:
    try:
        key = find_key(variable) if variable else None
    except BadInput as error:
        return Check(f"probe {url}", False, str(error), f"correct {variable}")
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    status, told = await _status(f"{url.rstrip('/')}/models", headers)
    if status in (401, 403):
        return Check(f"probe {url}", False, f"the key is refused ({status})", "name its variable: <role>_api_key_env")
    # Not every server lists its models; that it answers is what counts.
    ok = status is not None and status < 500
    return Check(f"probe {url}", ok, "answers" if ok else told, "start the server, or correct its address")


async def _status(address: str, headers: Mapping[str, str]) -> tuple[int | None, str]:
    """The status of one GET, and what came in its place where there is none. Redirects would take the key along."""
    import aiohttp

    patience = aiohttp.ClientTimeout(total=SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=patience) as session,
            session.get(address, headers=headers, allow_redirects=False) as answer,
        ):
            return answer.status, f"it answers {answer.status}"
    except (aiohttp.ClientError, OSError, ValueError) as error:
        return None, f"no answer: {scrubbed(str(error) or type(error).__name__, 160)}"


def servers_of(settings: Any) -> dict[str, str | None]:
    """The base URLs that settings name, each with the variable of its key."""
    holders = ("painter", "writer", "critic", "judge", "captioner")
    named = {getattr(settings, f"{holder}_base_url"): getattr(settings, f"{holder}_api_key_env") for holder in holders}
    return {url: variable for url, variable in named.items() if url is not None}
