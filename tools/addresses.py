"""Which addresses of servers may be used, stored and shown."""

from __future__ import annotations

from urllib.parse import urlsplit


def wrong_address(url: str) -> str:
    """What is wrong with a base URL, as the end of a sentence about it; empty where it will do.

    It is not repeated in what is said, as it may hold a password.
    """
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:  # an IPv6 address without its bracket, a port that is no number
        usable = False
    if not usable:
        return "must be an address such as http://localhost:8000/v1"
    if "@" in parts.netloc or parts.query or parts.fragment:
        return "must hold no name, password or query: keys come from the environment"
    return ""
