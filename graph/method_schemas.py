"""What the models answer with under the methods of published systems. Fields are ordered: think first, then decide."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, StringConstraints, field_validator, model_validator

from overpaint.graph.schemas import Idea
from overpaint.tools.painting import LONGEST_PROMPT

BORDER = 0.5
"""An incorrect picture scores no higher: the judge's own rule (after DALL-E 3, appendix D)."""

LONGEST_SUGGESTION = 600
"""Characters of one sentence."""

Said = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
"""A text that is not blank."""


class Matched(BaseModel):
    """Whether a picture is what was asked for, and a better prompt, all in one answer (judge_method=strict)."""

    feedback: str = Field(description="What the picture shows of what was asked, and what it lacks.")
    matches: bool = Field(description="True only if the picture strictly matches the desired prompt.")
    revised_prompt: Said = Field(max_length=LONGEST_PROMPT, description="The prompt to paint next.")


class Scored(BaseModel):
    """A judgement with a number (judge_method=score)."""

    thoughts: str = Field(description="Think aloud about what the picture shows and what it lacks.")
    score: float = Field(strict=True, ge=0, le=1, description="How faithful the picture is to the brief, 0 to 1.")
    verdict: Literal["correct", "incorrect"]
    quality: float | None = Field(
        default_factory=lambda: None,
        description="How well made the picture is whatever it shows, 0 to 1; it has no part in the score.",
    )

    @field_validator("verdict", mode="before")
    @classmethod
    def _one_word(cls, said: object) -> object:
        return said.strip().rstrip(".").lower() if isinstance(said, str) else said

    @field_validator("quality", mode="before")
    @classmethod
    def _within_bounds(cls, said: object) -> object:
        return said if type(said) in (int, float) and 0 <= said <= 1 else None  # type: ignore[operator]

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.verdict == "incorrect" and self.score > BORDER:
            raise ValueError(f"an incorrect picture scores at most {BORDER}, and this one was given {self.score:g}")
        return self


class Captioned(BaseModel):
    """A picture in one sentence."""

    caption: Said = Field(description="What the picture shows, in one sentence.")


class Similar(BaseModel):
    """Whether a caption says what the brief asks for."""

    reasoning: str = Field(description="What the caption has of the brief, and what it lacks.")
    similar: bool = Field(description="True if a picture with this caption is what the brief asks for.")


class Rewritten(BaseModel):
    """The next prompt, from all prompts and captions so far."""

    reasoning: str = Field(description="What the captions show that the prompts led to, and what to say differently.")
    revision: Said = Field(description="The prompt to paint next.")


class Chosen(BaseModel):
    """Which of several captions is nearest to the brief."""

    reasoning: str = Field(description="How the captions compare with the brief.")
    index: int = Field(description="The number of the caption, counted from 1.")


class Compared(BaseModel):
    """One description made of several attempts."""

    rationale: str = Field(description="How the attempts compare, and what is best in each.")
    description: Said = Field(description="The one description to paint from.")


class Varied(BaseModel):
    """Several prompts for one description."""

    variants: list[str] = Field(description="The prompts, each different from the others.")


class Suggestion(BaseModel):
    """What to paint next, for a person to edit (critique_method=human)."""

    diagnosis: str = Field(description="What the picture shows of the brief, and what it lacks.")
    suggestion: str = Field(
        min_length=1, max_length=LONGEST_SUGGESTION, description="The prompt for the next picture, in one sentence."
    )
    idea: Idea = Field(
        default_factory=lambda: None,
        description="One idea of your own for mood, light or composition, in a few words; null if there is none.",
    )

    @field_validator("suggestion", mode="before")
    @classmethod
    def _one_line(cls, suggestion: object) -> object:
        if not isinstance(suggestion, str):
            return suggestion
        if len(suggestion.strip().splitlines()) > 1:
            raise ValueError("the suggestion is one sentence on one line")
        return suggestion.strip()
