"""What may still be spent, and what one model call may cost at worst: a call that might go past a cap is not made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from langchain_core.messages import BaseMessage

from overpaint.tools.prices import ChatPrice

Cap = Literal["max_calls", "max_tokens", "max_seconds", "max_usd"]

IMAGE_TOKENS = 3000
"""Tokens of one picture at most where its model's price does not say: above what OpenAI, NVIDIA and Qwen-VL count for
copies of the size that is sent."""

MESSAGE_TOKENS = 64
"""Tokens that a chat template adds to each message, at most."""


@dataclass(frozen=True)
class Room:
    """What may still be spent on model calls; None where nothing limits it.

    Args:
        calls: model calls.
        tokens: in and out.
        seconds: of model time.
        usd: money.
    """

    calls: int | None = None
    tokens: int | None = None
    seconds: float | None = None
    usd: float | None = None

    @property
    def kept(self) -> dict[str, float]:
        """The limits that there are, JSON only: `Room(**room.kept) == room`."""
        return {name: limit for name, limit in asdict(self).items() if limit is not None}

    def less(self, *, calls: int = 0, tokens: int = 0, seconds: float = 0.0, usd: float | None = 0.0) -> Room:
        """The room that is left when so much is taken of it; nothing where more is, or where a price is not known."""
        return Room(
            calls=None if self.calls is None else max(0, self.calls - calls),
            tokens=None if self.tokens is None else max(0, self.tokens - tokens),
            seconds=None if self.seconds is None else max(0.0, self.seconds - seconds),
            usd=None if self.usd is None else 0.0 if usd is None else max(0.0, self.usd - usd),
        )

    def refused(self, *, calls: int, tokens: int, seconds: float, usd: float | None) -> Cap | None:
        """The first cap that so much would go past; None where all of it fits.

        Args:
            calls: all that are counted against this room, what comes next included.
            tokens: the same of tokens.
            seconds: the same of model time.
            usd: the same of money. None, a price that is not known, fits no limit.
        """
        if self.calls is not None and calls > self.calls:
            return "max_calls"
        if self.tokens is not None and tokens > self.tokens:
            return "max_tokens"
        if self.seconds is not None and seconds >= self.seconds:
            return "max_seconds"
        if self.usd is not None and (usd is None or usd > self.usd + EXACT):
            return "max_usd"
        return None


EXACT = 1e-9
"""Dollars. Sums of floating-point numbers differ by less, and so much is never charged."""


class NoRoom(Exception):
    """A model call was not made, since it might have gone past a cap. Nothing was spent on it.

    Args:
        cap: the cap's setting.
    """

    def __init__(self, cap: Cap) -> None:
        super().__init__(f"a model call might go past {cap}, so it was not made")
        self.cap = cap


@dataclass(frozen=True)
class Worst:
    """What one call may cost at most: `tokens` in and out, `usd` None where the price is not known."""

    tokens: int
    usd: float | None


def worst_case(
    messages: Sequence[BaseMessage], schema: str, answer: int, price: ChatPrice | None, *, free: bool = False
) -> Worst:
    """What a call may cost at most, before it is made.

    A token is at least one byte of text in every byte-pair vocabulary, so the text's bytes bound its tokens.

    Args:
        messages: what is sent, pictures by reference.
        schema: what else is sent as text, such as the JSON schema of the answer.
        answer: tokens the model may answer with, at most.
        price: the model's.
        free: it runs here and costs nothing.
    """
    pictures, text = 0, len(schema.encode())
    for message in messages:
        blocks = [message.content] if isinstance(message.content, str) else message.content
        pictures += sum(_is_picture(block) for block in blocks)
        text += MESSAGE_TOKENS + sum(len(_text(block).encode()) for block in blocks)
    per_picture = price.image_tokens if price and price.image_tokens is not None else IMAGE_TOKENS
    sent = text + pictures * per_picture
    return Worst(sent + answer, 0.0 if free else price.cost(sent, answer) if price else None)


def _is_picture(block: str | Mapping[str, Any]) -> bool:
    return not isinstance(block, str) and "image" in str(block.get("type", ""))


def _text(block: str | Mapping[str, Any]) -> str:
    return block if isinstance(block, str) else str(block.get("text", ""))
