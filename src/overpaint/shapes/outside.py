"""What to say when a brief asks for more than the built-in world holds, and how to put a real model in its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from overpaint.shapes.language import CAN_DRAW
from overpaint.tools.faults import BadInput

PAINTER = "diffusers:stabilityai/stable-diffusion-xl-base-1.0"
CHATS = {"OPENAI_API_KEY": "openai:gpt-5-mini", "NVIDIA_API_KEY": "nvidia:meta/llama-4-maverick-17b-128e-instruct"}
"""The chat model to suggest for each key, in order of preference."""
LONGEST_WORD = 24
MOST_WORDS = 3


def real_models_hint(environ: Mapping[str, str]) -> str:
    """The settings that put real models in place of the built-in ones, to be copied.

    Args:
        environ: environment variables; decides by which keys are set, and never shows one.
    """
    key = next((key for key in CHATS if environ.get(key)), None)
    chat = CHATS[key or "OPENAI_API_KEY"]
    settings = [f"painter={PAINTER}", *(f"{role}={chat}" for role in ("writer", "critic", "judge"))]
    line = " ".join(f"--set {setting}" for setting in settings)
    return line if key else f"with OPENAI_API_KEY set, {line}"


def beyond(reason: str, environ: Mapping[str, str]) -> BadInput:
    """The fault for a brief the built-in world cannot show; `reason` says why, in one clause."""
    return BadInput(
        f"{reason}; the built-in world draws {CAN_DRAW}; a real model draws anything: {real_models_hint(environ)}"
    )


def unknown(words: Sequence[str]) -> str:
    """The reason when words are not known: names at most three, each cut short and made printable."""
    shown = ", ".join(f"'{_shorten(word)}'" for word in words[:MOST_WORDS])
    return f"the brief says {shown}{' …' if len(words) > MOST_WORDS else ''}, which the built-in world does not know"


def _shorten(word: str) -> str:
    short = word if len(word) <= LONGEST_WORD else word[: LONGEST_WORD - 1] + "…"
    return short if short.isprintable() else ascii(short)[1:-1]
