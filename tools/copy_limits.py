"""How large a copy of a picture the vision models of each provider take, and are still helped by."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CopyLimit:
    """The largest copy of a picture that is sent.

    Args:
        edge: its longest edge, in pixels.
        size: the encoded file, in bytes; base64 makes it a third longer on the wire.
        request: all pictures of one request, in bytes; None where that is no limit of its own.
    """

    edge: int = 1568
    size: int = 3_500_000
    request: int | None = None

    def of_each(self, count: int) -> int:
        """The largest file, in bytes, where a request has so many pictures."""
        return self.size if self.request is None else min(self.size, self.request // max(1, count))


USUAL = CopyLimit()
"""Where nothing better is known: Anthropic's limits, the tightest of the large providers' but NVIDIA's."""

_VENDORS = {
    # Above this edge Claude scales a picture down itself; one picture may have 5 MB of base64.
    # https://platform.claude.com/docs/en/build-with-claude/vision
    "anthropic": USUAL,
    # A picture is first scaled to fit 2048 x 2048; all pictures of a request may have 50 MB.
    # https://platform.openai.com/docs/guides/images-vision
    "openai": CopyLimit(edge=2048),
    # Pictures inline up to 180 KB, base64 included. https://docs.api.nvidia.com/nim/reference (vision models, "infer")
    "nvidia": CopyLimit(size=130_000),
    # Scaled to fit 3072 x 3072; a request may have 20 MB. https://ai.google.dev/gemini-api/docs/image-understanding
    "google_genai": CopyLimit(edge=3072, request=14_000_000),
}
_SERVERS_OF_ONES_OWN = {
    # ChatNVIDIA's aiohttp blocks the event loop while it writes a body of over 1 MiB.
    "nvidia": CopyLimit(request=700_000),
}


def copy_limit(provider: str, *, vendor: bool) -> CopyLimit:
    """The limit for models of a provider.

    Args:
        provider: as in "provider:model".
        vendor: whether the provider's own servers are asked, and not one of the user's that speaks its protocol.
    """
    return (_VENDORS if vendor else _SERVERS_OF_ONES_OWN).get(provider, USUAL)
