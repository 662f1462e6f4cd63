"""A judge that errs: every answer of the built-in judge flips on its own, with one probability, repeatably."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from altered import Altered

from overpaint.shapes.wire import Request
from overpaint.tools import chat

NAME = "noisy-shapes"
"""What the setting `judge` calls it."""


@dataclass
class Noise:
    """How often answers flip in one run, and how often each picture was looked at so far.

    Looks are counted by picture, since candidates of a round are judged at the same time in no fixed order.
    """

    probability: float
    seed: int
    looks: Counter[str] = field(default_factory=Counter)

    def look(self, picture: bytes) -> str:
        """Name one look at a picture."""
        sha256 = hashlib.sha256(picture).hexdigest()
        self.looks[sha256] += 1
        return f"{self.seed}/{sha256}/{self.looks[sha256]}"


_noise: ContextVar[Noise | None] = ContextVar("noise", default=None)


class NoisyShapes(Altered):
    """The built-in chat model, but its answers about pictures flip as `noise` says."""

    def alter(self, reply: dict[str, Any], request: Request) -> None:
        """Flip answers about a picture."""
        noise = _noise.get()
        if noise is None or request.picture is None:
            return
        asked, look = dict(request.questions()), noise.look(request.picture)
        for answer in reply["answers"]:
            question = asked[answer["number"]]
            if draw(look, question) < noise.probability:
                answer["answer"] = flipped(answer["answer"], draw(look, question, "which way"))


def register() -> None:
    """Make the model known by its name, in this process."""
    chat.BUILT_IN[NAME] = "noise:NoisyShapes"


@contextmanager
def noisy(probability: float, seed: int) -> Iterator[None]:
    """Let answers flip within the block, tasks and threads started in it included."""
    token = _noise.set(Noise(probability, seed))
    try:
        yield
    finally:
        _noise.reset(token)


def flipped(answer: str, chance: float) -> str:
    """The wrong answer in place of one: no for yes, one more or less for a count; "unsure" stays.

    Args:
        answer: yes, no, unsure or a number in digits.
        chance: 0 to 1; says which way a count errs.
    """
    if answer.isdecimal():
        return str(int(answer) + (1 if chance < 0.5 or answer == "0" else -1))
    return {"yes": "no", "no": "yes"}.get(answer, answer)


def draw(*names: str) -> float:
    """A number from 0 to 1 (exclusive), the same for the same names."""
    return int.from_bytes(hashlib.sha256("\n".join(names).encode()).digest()[:7], "big") / 2**56
