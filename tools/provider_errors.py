"""What a provider's failure means: an exception of any vendor's client becomes a ProviderFault without secrets."""

from __future__ import annotations

import os
import re
import socket
from typing import Any

from overpaint.tools.faults import BadInput, ProviderFault
from overpaint.tools.keys import handed_out
from overpaint.tools.retry_after import retry_after

_OURS = (AttributeError, AssertionError, ImportError, KeyError, NameError, NotImplementedError, TypeError, Warning)
"""Mistakes of a program (or a warning it made an error), never of a provider: they are not dressed up as one."""

_LATER = frozenset({408, 409, 425, 429})
_NEVER = frozenset({401, 402, 403, 404})
_NO_CREDIT = re.compile(r"insufficient[_ ](?:quota|credit|funds|balance)|exceeded your current quota", re.IGNORECASE)
_UNREACHED = re.compile(r"Timeout|Connect(?:ion|or)?Error|Disconnected|ReadError|ProtocolError|JSONDecodeError")
_UNSENT = frozenset(
    {
        "ConnectError",
        "ConnectTimeout",
        "PoolTimeout",
        "ClientConnectorError",
        "NewConnectionError",
        "NameResolutionError",
    }
)
"""What httpx, aiohttp and urllib3 call a connection that was never made."""

_KEYS = {"fal": "FAL_KEY", "hf": "HF_TOKEN"}
"""Where a provider's own name for the variable is not `<PROVIDER>_API_KEY`."""

_PREFIXED = re.compile(r"^\[(\d{3})\]")
"""How ChatNVIDIA, whose errors have no attributes, tells the HTTP status."""

_QUOTED = re.compile(r"""["']message["']: (["'])(.+?)\1""")
"""The server's own words in an error that holds its whole answer."""

_BLOB = re.compile(r"[A-Za-z0-9+/=_-]{80,}")
_KEY = re.compile(r"\b(?:sk|nvapi|gsk|hf|r8|xai|key)[-_][\w*.-]{6,}|Bearer\s+\S+|(?<=://)[^\s/@]+(?=@)")


def provider_fault(error: Exception, name: str) -> Exception:
    """What to raise in place of an exception from a provider's client.

    The kind is read from `status_code`, `response.status_code`, the names of the exception's classes and its text,
    so no vendor's SDK is imported here.

    Args:
        error: what the client raised.
        name: "provider:model", to say who failed.

    Returns:
        A ProviderFault: retryable for 408, 409, 425, 429, 5xx, time-outs and broken connections; fatal for 401,
        402, 403, 404 and used-up credit; neither when only this one request was refused. How long the provider asked
        to wait is kept. BadInput, ProviderFault and mistakes of a program come back as they are.
    """
    if isinstance(error, (BadInput, ProviderFault, *_OURS)):
        return error
    status, reason = http_status(error), scrubbed(_reason(error))
    told = f"{name} answered {status}: {reason}" if status else f"{name} failed: {reason}"
    if status in _NEVER or _NO_CREDIT.search(str(error)):
        return ProviderFault(f"{told} | {_remedy(status, name)}.", fatal=True)
    if status in _LATER or (status or 0) >= 500:
        wait = retry_after(getattr(getattr(error, "response", error), "headers", None))
        return ProviderFault(f"{told} | Try again later.", retryable=True, retry_after=wait)
    if status is None and _is_unreached(error):
        return ProviderFault(f"{told} | Check the connection and the base URL, or try again later.", retryable=True)
    return ProviderFault(f"{told} | The request was refused; change it, or use another model.")


def http_status(error: Exception) -> int | None:
    """The HTTP status an exception carries, None when it carries none of an error."""
    for holder in (error, getattr(error, "response", None)):
        for attribute in ("status_code", "status"):
            status = getattr(holder, attribute, None)
            if isinstance(status, int) and status >= 400:
                return status
    prefix = _PREFIXED.match(str(error))
    return int(prefix[1]) if prefix else None


def was_unsent(error: BaseException | None) -> bool:
    """Whether no connection was made, so that nothing can have been paid; looks at what an error was made of, too."""
    while error is not None:
        if isinstance(error, ConnectionRefusedError | socket.gaierror) or type(error).__name__ in _UNSENT:
            return True
        error = error.__cause__ or error.__context__
    return False


def between_servers(status: int | None) -> bool:
    """Whether a status is a gateway's, which lost the answer of the server behind it: that one may have done the work.

    502 and 504 (RFC 9110, 15.6), and Cloudflare's own 520 to 524.
    """
    return status in (502, 504) or 520 <= (status or 0) <= 524


def key_variable(provider: str) -> str:
    """The environment variable that holds a provider's key, as its client names it."""
    return _KEYS.get(provider, f"{provider.upper()}_API_KEY")


def redacted(text: str) -> str:
    """A text free of encoded data and of keys: those in the environment, and all that clients were given."""
    named = {value for name, value in os.environ.items() if name.endswith(("_KEY", "_TOKEN", "_SECRET"))}
    for key in sorted({key for key in named if len(key) >= 8} | handed_out(), key=len, reverse=True):
        text = text.replace(key, "[key]")
    return _BLOB.sub("[data]", _KEY.sub("[key]", text))


def scrubbed(text: str, limit: int = 300) -> str:
    """The same as one line of at most `limit` characters, for messages."""
    line = " ".join(redacted(text).split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def _reason(error: Exception) -> str:
    body: Any = getattr(error, "body", None)
    if isinstance(body, dict) and isinstance(body.get("message"), str):
        return str(body["message"])
    quoted = _QUOTED.search(str(error))
    return quoted[2] if quoted else _PREFIXED.sub("", str(error)).strip() or type(error).__name__


def _is_unreached(error: Exception) -> bool:
    names = {cls.__name__ for cls in type(error).__mro__}
    return isinstance(error, OSError) or any(_UNREACHED.search(name) for name in names)


def _remedy(status: int | None, name: str) -> str:
    if status in (401, 403):
        return f"Check {key_variable(name.partition(':')[0])}"
    if status == 404:
        return "Check the name of the model and the base URL"
    return "Add credit with the provider, or use another model"
