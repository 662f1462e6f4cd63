"""What `generate_image` is called with, what a model is told of it, and what comes of a call."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from langchain_core.tools import InjectedToolArg
from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from overpaint.tools.images import ImageRef

DESCRIPTION = """\
Paint one picture from a text prompt, or repaint a picture that was painted before.

Write the prompt as a description of the finished picture: what is in it, how many of each, colours, sizes, where
things stand, style. To change a picture, give its sha256 as `source`; with `boxes`, only what lies inside them is
repainted, and the prompt should then describe only that. Returns the sha256 of the new picture; you do not see it."""

LONGEST_PROMPT = 20_000
"""Characters."""

PaintingOutcome = Literal["ok", "blocked", "error", "unknown"]

Side = Annotated[int, Field(ge=8, le=8192)]
Fraction = Annotated[float, Field(ge=0, le=1)]
BoxArgument = Annotated[list[Fraction], Field(min_length=4, max_length=4)]


class Arguments(BaseModel):
    """What `generate_image` is called with. Models never see the injected ones, which are for code that calls it."""

    model_config = ConfigDict(extra="forbid")

    prompt: str = Field(min_length=1, max_length=LONGEST_PROMPT, description="What the picture shall show.")
    negative_prompt: str | None = Field(None, max_length=LONGEST_PROMPT, description="What to keep out of the picture.")
    seed: int | None = Field(None, ge=0, lt=2**32, description="The same seed repeats a picture; another varies it.")
    width: Side | None = Field(None, description="Width in pixels; give height too.")
    height: Side | None = Field(None, description="Height in pixels; give width too.")
    source: str | None = Field(None, description="sha256 of a stored picture to start from.")
    boxes: list[BoxArgument] = Field(
        default_factory=list,
        max_length=32,
        description="Where to repaint the source, each [left, top, right, bottom] as fractions; empty for all of it.",
    )
    strength: Fraction | None = Field(None, description="How far to leave the source: 0 not at all, 1 freely.")
    steps: Annotated[int | None, InjectedToolArg] = Field(None, ge=1, le=1000)
    guidance: Annotated[float | None, InjectedToolArg] = Field(None, ge=0, le=100)
    key: Annotated[str | None, InjectedToolArg] = Field(None, min_length=1, max_length=200)
    run: Annotated[str | None, InjectedToolArg] = Field(None, min_length=1, max_length=200)


class Painting(TypedDict):
    """What came of one call; the artifact of the tool's message.

    `outcome` is ok; blocked (by the provider); error (it answered with something that is no picture); or unknown: the
    request was cut off and may have been paid for, so it is not made again.
    `reason` says why it is not ok. `painted` is True when this very call asked the provider, False when the answer is
    that of an earlier one. `usd` is what the picture cost, whoever asked for it, at most; None when no price is known.
    """

    image: ImageRef | None
    outcome: PaintingOutcome
    reason: str
    seed: int | None
    params: dict[str, Any]
    notes: list[str]
    seconds: float
    painted: bool
    usd: float | None


def unknown_painting(usd: float | None, reason: str) -> Painting:
    """Tell that a request ended in the dark, why, and that `usd` may have been paid."""
    return Painting(
        image=None,
        outcome="unknown",
        reason=reason,
        seed=None,
        params={},
        notes=[],
        seconds=0.0,
        painted=False,
        usd=usd,
    )
