"""The providers overpaint ships with: what each is for, which key it takes, and one line to try it."""

from __future__ import annotations

from dataclasses import dataclass

from overpaint.tools.keys import find_key
from overpaint.tools.painters import Abilities, get_painter


@dataclass(frozen=True)
class Provider:
    """One provider.

    Args:
        scheme: the first part of a model's name.
        paints: the name of a painter to try; None where it has none.
        chats: a chat model of its, or what stands for one; None where it has none.
        keys: environment variables that hold its key, the usual one first; none for what runs here.
        probe: a free address that tells a good key from a bad one, and the word before the key in its header.
    """

    scheme: str
    paints: str | None
    chats: str | None
    keys: tuple[str, ...] = ()
    probe: tuple[str, str] | None = None

    @property
    def is_local(self) -> bool:
        """Whether it runs on this machine."""
        return not self.keys

    def has_key(self) -> bool:
        """Whether there is a key for it.

        Raises:
            BadInput: the file that should hold it cannot be read.
        """
        return find_key(*self.keys) is not None

    def abilities(self) -> Abilities | None:
        """What the painter to try can do; None where there is none. Its package must be installed.

        Raises:
            BadInput: it is not.
        """
        return get_painter(self.paints).abilities if self.paints else None


PROVIDERS = (
    Provider("shapes", "shapes", "shapes"),
    Provider("diffusers", "diffusers:stabilityai/stable-diffusion-xl-base-1.0", None),
    Provider("transformers", None, "transformers:HuggingFaceTB/SmolVLM-Instruct"),
    Provider(
        "openai",
        "openai:gpt-image-1.5",
        "openai:gpt-5-mini",
        ("OPENAI_API_KEY",),
        ("https://api.openai.com/v1/models", "Bearer"),
    ),
    Provider(
        "nvidia",
        "nvidia:black-forest-labs/flux.1-dev",
        "nvidia:meta/llama-4-maverick-17b-128e-instruct",
        ("NVIDIA_API_KEY",),
        ("https://integrate.api.nvidia.com/v1/models", "Bearer"),
    ),
    Provider(
        "stability",
        "stability:sd3.5-large",
        None,
        ("STABILITY_API_KEY",),
        ("https://api.stability.ai/v1/user/balance", "Bearer"),
    ),
    Provider(
        "fal",
        "fal:fal-ai/flux-pro/v1.1-ultra",
        None,
        ("FAL_KEY", "FAL_API_KEY"),
        ("https://queue.fal.run/fal-ai/flux/requests/00000000-0000-0000-0000-000000000000/status", "Key"),
    ),
    Provider(
        "hf",
        "hf:fal-ai/black-forest-labs/FLUX.1-dev",
        None,
        ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"),
        ("https://huggingface.co/api/whoami-v2", "Bearer"),
    ),
)


def said(able: Abilities | None) -> str:
    """What a painter can do, in a few words."""
    if able is None:
        return "-"
    edits = {"mask": "repaints places", "instruct": "edits by instruction", None: ""}[able.edit]
    words = [edits, "seeds" if able.seeds else "", "aspect ratios for sizes" if able.ratios else ""]
    return ", ".join(["paints", *filter(None, words)])


def table() -> list[str]:
    """The providers as lines of a Markdown table."""
    head = ["| provider | painter | chat model | key | try |", "|---|---|---|---|---|"]
    return head + [_row(provider) for provider in PROVIDERS]


def _row(provider: Provider) -> str:
    tried = f"painter={provider.paints}" if provider.paints else f"judge={provider.chats}"
    keys = " or ".join(f"`{key}`" for key in provider.keys) or "none, runs here"
    chats = "yes" if provider.chats else "-"
    return f"| `{provider.scheme}:` | {said(provider.abilities())} | {chats} | {keys} | `--set {tried}` |"
