"""Which versions of which programs painted and judged a picture."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, version

_PAINTING = {
    "shapes": ("diffusers", "torch", "transformers"),
    "diffusers": ("diffusers", "torch", "transformers"),
    "openai": ("openai",),
    "hf": ("huggingface-hub",),
}
_TALKING = {
    "transformers": ("torch", "transformers"),
    "openai": ("langchain-openai", "openai"),
    "nvidia": ("langchain-nvidia-ai-endpoints",),
}
"""Scheme of a model's name -> the packages that run it, or that ask for it."""


@cache
def versions_of(painter: str, chats: frozenset[str]) -> dict[str, str]:
    """The versions of Python, of overpaint, and of the installed packages behind models; reads files the first time.

    Args:
        painter: the image model, such as "shapes" or "openai:gpt-image-1".
        chats: the chat models.
    """
    packages = {"overpaint", *_PAINTING.get(_scheme(painter), ())}
    packages.update(package for name in chats for package in _TALKING.get(_scheme(name), ()))
    return {"python": platform.python_version(), **dict(_installed(sorted(packages)))}


def _scheme(name: str) -> str:
    return name.partition(":")[0]


def _installed(packages: Iterable[str]) -> Iterable[tuple[str, str]]:
    for package in packages:
        try:
            yield package, version(package)
        except PackageNotFoundError:
            continue
