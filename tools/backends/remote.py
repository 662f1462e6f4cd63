"""What the painters behind HTTP share: whose server they ask, and what the user may add to a request."""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from overpaint.tools.addresses import wrong_address
from overpaint.tools.decoding import MAX_BYTES, examine
from overpaint.tools.download import download
from overpaint.tools.faults import BadInput, ProviderFault
from overpaint.tools.keys import find_key, needed_key
from overpaint.tools.painters import Abilities, Progress
from overpaint.tools.prices import PicturePrice, picture_price
from overpaint.tools.provider_errors import redacted

SECONDS = 600.0
"""How long one picture may take where nothing is set; shorter than what the graph's node waits for a sign of life."""

CONNECT_SECONDS = 20.0
BEAT_SECONDS = 5.0
"""Between two signs of life while a provider is waited for."""

MAX_ANSWER = MAX_BYTES * 4 // 3 + 1_000_000
"""A picture in base64, and what is said beside it."""

OPTIONS = frozenset({"timeout", "base_url", "api_key_env", "extra_body"})
"""What every painter with an `Endpoint` is opened with; `local_urls` comes to it where pictures come by address."""

_SECRET = re.compile(
    r"(?:^|_)(?:(?:api|access|secret|private|auth|subscription)_?key(?:_id)?|token|secret|passw(?:or)?d|passphrase"
    r"|credentials?|bearer|auth|authorization)$"
)
"""Ends the name of a secret, in lower case with _ between its words."""

_BETWEEN_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+")


@dataclass(frozen=True)
class Options:
    """What the user set for a painter; None leaves a thing at its default.

    Args:
        timeout: how many seconds one picture may take, all in all; 600 by default.
        base_url: the address of a server that is not the vendor's.
        api_key_env: the environment variable that holds the key.
        extra_body: laid over what is sent; never the prompt, and no secrets.
        local_urls: True lets pictures be fetched from private and loopback addresses.
    """

    timeout: float | None = None
    base_url: str | None = None
    api_key_env: str | None = None
    extra_body: Mapping[str, Any] | None = None
    local_urls: bool | None = None


@dataclass(frozen=True)
class Endpoint:
    """A provider's server, as the user set it up.

    Args:
        name: "scheme:model", to say who failed.
        base: its address, without a slash at the end.
        keys: the environment variables its key may be in, the usual one first.
        seconds: how long one picture may take.
        own: True where the address is the user's, not the vendor's.
        keyless: True where no key is needed, as with a server of one's own.
        anywhere: True lets pictures be fetched from private and loopback addresses.
        extra: laid over every request.
    """

    name: str
    base: str
    keys: tuple[str, ...]
    seconds: float = SECONDS
    own: bool = False
    keyless: bool = False
    anywhere: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict)

    def key(self) -> str | None:
        """The key to send; None where a server of one's own goes without.

        Raises:
            BadInput: there is none and there must be one, or it cannot be sent.
        """
        return find_key(*self.keys) if self.keyless else needed_key(*self.keys, name=self.name)

    @property
    def provider(self) -> str:
        """Whose limits its requests share."""
        scheme = self.name.partition(":")[0]
        return f"{scheme}@{urlsplit(self.base).netloc}" if self.own else scheme

    def price(self) -> PicturePrice | None:
        """What a picture costs; None when that is unknown. It reads files, so not on an event loop."""
        return picture_price(self.name, self.base)

    def declared(self, able: Abilities) -> Abilities:
        """A painter's abilities with what its server decides: the price, and whose limits are shared. As `price`."""
        price = self.price()
        usd, each = (None, None) if price is None else (price.usd, price.per_megapixel)
        return replace(able, price_usd=usd, megapixel_usd=each, provider=self.provider)

    async def picture(self, address: str) -> bytes:
        """The bytes at an address that an answer names, or inside it (data:).

        Raises:
            ProviderFault: `unsure`, as `download`.
        """
        if address.startswith("data:"):
            return await asyncio.to_thread(decoded, address)
        return await download(address, allow=self.base, seconds=self.seconds, anywhere=self.anywhere)


def endpoint(name: str, vendor: str, keys: tuple[str, ...], options: Options, reserved: frozenset[str]) -> Endpoint:
    """The vendor's server, or the one that the options name.

    Args:
        name: "scheme:model".
        vendor: the address of the vendor's own.
        keys: where its key is looked for, unless the options say where. A server of one's own gets only the key that
            the options name: the vendor's is none of its business.
        options: what the user set.
        reserved: fields of a request that `extra_body` may not hold, as the request's own settings fill them.

    Raises:
        BadInput: one of the options cannot be used.
    """
    own, named, url = options.base_url is not None, options.api_key_env, options.base_url or vendor
    if wrong := wrong_address(url):
        raise BadInput(f"the base URL of {name} {wrong}")
    return Endpoint(
        name=name,
        base=url.rstrip("/"),
        keys=(named,) if named else () if own else keys,
        seconds=checked_seconds(options.timeout),
        own=own,
        keyless=own and not named,
        anywhere=bool(options.local_urls),
        extra=checked_extra(options.extra_body, reserved, name),
    )


def checked_seconds(given: float | None) -> float:
    """A timeout in seconds, `SECONDS` when none is given.

    Raises:
        BadInput: it is not more than 0 and at most a day.
    """
    if given is not None and not 0 < given <= 86_400:
        raise BadInput(f"timeout {given!r} is no time to wait for a picture: give seconds, more than 0, at most 86400")
    return SECONDS if given is None else float(given)


def checked_extra(given: Mapping[str, Any] | None, reserved: frozenset[str], name: str) -> dict[str, Any]:
    """What a user adds to a request, if it is the user's to add.

    Raises:
        BadInput: it holds a field in `reserved`, or a secret, which would be kept with the run.
    """
    extra = dict(given or {})
    for taken in sorted(reserved & extra.keys()):
        raise BadInput(f"extra_body may not hold {taken!r}, which {name} is sent anyway: use the setting for it")
    for where, value in _leaves(extra):
        if any(_SECRET.search(_BETWEEN_WORDS.sub("_", part).lower()) for part in where.split(".")):
            raise BadInput(f"extra_body holds {where!r}, which looks like a secret: put the key into the environment")
        if isinstance(value, str) and "[key]" in redacted(value):
            raise BadInput(f"extra_body holds a key at {where!r}: put it into the environment instead")
    return extra


def led_elsewhere(name: str, status: int) -> ProviderFault:
    """The fault of a redirect, which is not followed: the prompt and the key are for the server that was named."""
    told = f"{name} answered {status}, which leads elsewhere, and is not followed"
    return ProviderFault(f"{told} | Check the base URL.", fatal=True)


def sent_seed(seed: int, highest: int) -> int:
    """The seed for a server that takes 1 to `highest` and draws its own for 0: 0 becomes `highest`, others wrap."""
    return 1 + (seed - 1) % highest


def decoded(encoded: str) -> bytes:
    """Bytes of a base64 text, also of a data: URI; what cannot be decoded gives none, and is then no picture."""
    try:
        return base64.b64decode(encoded.rpartition(",")[2])
    except (binascii.Error, ValueError):
        return b""


def data_uri(picture: bytes) -> str:
    """An encoded picture as a data: URI. It is decoded to learn its kind, so not on an event loop."""
    return f"data:{examine(picture)['mime']};base64,{base64.b64encode(picture).decode()}"


@asynccontextmanager
async def alive(progress: Progress | None) -> AsyncIterator[None]:
    """Report step 0 of 1 now and then for as long as the block takes: a caller may give up on one who is silent."""

    async def beat() -> None:
        while progress is not None:
            progress(0, 1)
            await asyncio.sleep(BEAT_SECONDS)

    beating = asyncio.create_task(beat())
    try:
        yield
    finally:
        beating.cancel()
        await asyncio.gather(beating, return_exceptions=True)


def _leaves(value: Any, where: str = "") -> list[tuple[str, Any]]:
    """Every named value inside, with the dotted name of its place."""
    if isinstance(value, Mapping):
        return [leaf for name, each in value.items() for leaf in _leaves(each, f"{where}.{name}".lstrip("."))]
    if isinstance(value, (list, tuple)):
        return [leaf for each in value for leaf in _leaves(each, where)]
    return [(where, value)]
