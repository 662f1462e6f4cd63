"""Whose server an address is. Prices, limits and usual keys hold for the vendors' own; any other is the user's."""

from __future__ import annotations

from urllib.parse import urlsplit

HOSTS = {
    "anthropic": ("api.anthropic.com",),
    "fal": ("queue.fal.run", "fal.run"),
    "google_genai": ("generativelanguage.googleapis.com",),
    "mistralai": ("api.mistral.ai",),
    "nvidia": ("integrate.api.nvidia.com", "ai.api.nvidia.com"),
    "openai": ("api.openai.com",),
    "stability": ("api.stability.ai",),
}
"""The vendors' own servers, by provider; what is below such a name, as eu.api.openai.com is, belongs to them too."""


def is_vendors(provider: str, url: str | None) -> bool:
    """Whether an address is that of the provider's own server.

    Args:
        provider: as in "provider:model". None of the addresses of one that is not in `HOSTS` is known to be its own.
        url: None is where requests go that are told no address.
    """
    if url is None:
        return True
    host = urlsplit(url).hostname or ""
    return any(host == own or host.endswith(f".{own}") for own in HOSTS.get(provider, ()))


def provider_at(provider: str, base_url: str | None) -> str:
    """The name under which limits are shared: "openai", or "openai@host:port" for a server that is not the vendor's."""
    return provider if is_vendors(provider, base_url) else f"{provider}@{urlsplit(base_url or '').netloc}"
