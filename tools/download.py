"""Fetching a picture from an address that a provider named, which may lie: nothing inside is ever reached by it."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from importlib import import_module
from typing import TYPE_CHECKING, Any

from overpaint.tools.decoding import MAX_BYTES
from overpaint.tools.faults import ProviderFault
from overpaint.tools.http_body import TooLarge, read_body
from overpaint.tools.provider_errors import scrubbed

if TYPE_CHECKING:
    import aiohttp
    from yarl import URL

TRIES = 3
PAUSE = 0.3
"""Seconds before the second try; the next one waits twice as long."""

REDIRECTS = 3
_EXPIRED = frozenset({403, 404, 410})
_ELSEWHERE = frozenset({301, 302, 303, 307, 308})
_LATER = frozenset({408, 425, 429})
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


_Place = tuple[str | None, int | None]
_ANYWHERE: _Place = ("*", None)


class _Inside(OSError):
    """A host is none that a picture of a provider's may lie at."""


class _Passing(Exception):
    """One try failed; the next one may not."""


async def download(
    url: str, *, allow: str | None, seconds: float, limit: int = MAX_BYTES, anywhere: bool = False
) -> bytes:
    """Fetch a picture that has been paid for; a download is free, so it is tried again while it may help.

    Args:
        url: http or https. Addresses of private, local and reserved networks are refused, whatever name or redirect
            leads there; they are checked when the connection is made, so a name cannot change its mind in between.
        allow: the provider's own base URL; its host and port may be anywhere, for servers of one's own.
        seconds: for everything, all tries together.
        limit: the most bytes to read.
        anywhere: True fetches from private, local and reserved networks too, for those who trust the provider so far.

    Raises:
        ProviderFault: always `unsure`, as the picture is paid for already; retryable when a later try may succeed.
    """
    await asyncio.to_thread(import_module, "aiohttp")  # it reads certificates from disk
    allowed = _ANYWHERE if anywhere else _place(allow)
    try:
        async with asyncio.timeout(seconds), _session(allowed) as session:
            return await _patiently(session, _read(url), allowed, limit)
    except TimeoutError:
        raise _lost(_read(url), f"did not come within {seconds:.0f} seconds", retryable=True) from None


async def _patiently(session: aiohttp.ClientSession, url: URL, allowed: _Place, limit: int) -> bytes:
    from aiohttp import ClientError, InvalidURL

    for again in range(TRIES, 0, -1):
        try:
            return await _followed(session, url, allowed, limit)
        except InvalidURL:
            raise _lost(url, "is none that can be read") from None
        except (ClientError, OSError, _Passing) as error:
            cause = error.__cause__ if isinstance(error.__cause__, _Inside) else error
            if isinstance(cause, _Inside):
                raise _lost(url, str(cause)) from None
            if again == 1:
                raise _lost(url, f"could not be fetched ({scrubbed(str(error), 120)})", retryable=True) from None
        await asyncio.sleep(PAUSE * (TRIES + 1 - again))
    raise AssertionError  # the last try returns or raises


async def _followed(session: aiohttp.ClientSession, url: URL, allowed: _Place, limit: int) -> bytes:
    """Fetch once, following redirects, each checked like the first address."""
    here = url
    for _ in range(REDIRECTS + 1):
        _refuse_address(here, url, allowed)
        async with session.get(here, allow_redirects=False) as response:
            if response.status not in _ELSEWHERE:
                return await _body(response, url, limit)
            there = here.join(_read(response.headers.get("Location", ""), url))
        if here.scheme == "https" and there.scheme != "https":
            raise _lost(url, "leads from https to an open connection")
        here = there
    raise _lost(url, f"leads on more than {REDIRECTS} times")


async def _body(response: aiohttp.ClientResponse, url: URL, limit: int) -> bytes:
    status = response.status
    if status in _EXPIRED:
        raise _lost(url, f"has expired or was never there (status {status})")
    if status >= 500 or status in _LATER:
        raise _Passing(f"status {status}")
    if status != 200:
        raise _lost(url, f"answered with status {status}")
    try:
        return await read_body(response, limit)
    except TooLarge:
        raise _lost(url, f"holds more than {limit / 1e6:.0f} MB") from None


def _read(text: str, url: URL | None = None) -> URL:
    """The address as aiohttp will read it: what is checked must be what is visited."""
    from yarl import URL

    try:
        return URL(text)
    except ValueError:
        raise _lost(url, "is none that can be read") from None


def _refuse_address(here: URL, url: URL, allowed: _Place) -> None:
    host = here.raw_host
    if here.scheme not in ("http", "https") or not host:
        raise _lost(url, f"is no http address ({scrubbed(here.scheme, 20) or 'none'})")
    if allowed not in (_ANYWHERE, (host, here.port)) and _is_literal_inside(host):
        raise _lost(url, f"points inside, at {scrubbed(host, 60)}")


def _lost(url: URL | None, what: str, *, retryable: bool = False) -> ProviderFault:
    host = (url and url.raw_host) or "nowhere"
    # Never the whole address: what follows the host may be a signature that opens the picture to anyone.
    told = f"the address of the picture (at {scrubbed(host, 60)}) {what}; the picture may have been paid for"
    return ProviderFault(f"{told}{', try again later' if retryable else ''}.", retryable=retryable, unsure=True)


def _session(allowed: _Place) -> aiohttp.ClientSession:
    from aiohttp import ClientSession, ClientTimeout, TCPConnector

    connector = TCPConnector(resolver=_resolver(allowed), use_dns_cache=False, force_close=True)
    patience = ClientTimeout(total=None, sock_connect=20, sock_read=60)
    return ClientSession(connector=connector, timeout=patience, trust_env=False)


def _resolver(allowed: _Place) -> aiohttp.ThreadedResolver:
    """Resolves names as the system does, and refuses those that lead inside. Literal addresses never come here."""
    from aiohttp import ThreadedResolver

    class Guarded(ThreadedResolver):
        async def resolve(self, host: str, port: int = 0, family: Any = socket.AF_INET) -> Any:
            try:
                found = await super().resolve(host, port, family)
            except UnicodeError:
                raise _Inside(f"has a name that is none ({scrubbed(host, 60)})") from None
            if allowed not in (_ANYWHERE, (host, port)) and any(is_inside(each["host"]) for each in found):
                raise _Inside(f"points inside, by the name {host}")
            return found

    return Guarded()


def is_inside(address: str) -> bool:
    """Tell whether an IP address is not a public one, also where it is wrapped in an IPv6 address."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        wrapped = ip.ipv4_mapped or ip.sixtofour
        if ip in _NAT64:
            wrapped = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if wrapped is not None:
            return is_inside(str(wrapped))
    return not ip.is_global or ip.is_multicast


def _is_literal_inside(host: str) -> bool:
    try:
        return is_inside(host)
    except ValueError:
        # A name, which the resolver checks. Of all that look like numbers aiohttp makes an address without asking it.
        return ":" in host or host.replace(".", "").isdigit()


def _place(base: str | None) -> _Place:
    """Host and port of the provider's own base URL."""
    from yarl import URL

    try:
        place = URL(base or "")
    except ValueError:
        return None, None
    return place.raw_host, place.port
