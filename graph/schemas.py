"""What the writer and the critic answer with. Fields are ordered: think first, then decide."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field

Kind = Literal["object", "count", "attribute", "relation", "position", "text", "style", "other"]

Idea = Annotated[str | None, AfterValidator(lambda said: " ".join((said or "").split()) or None)]
"""A few words on one line; a blank idea is none."""


class Upsampled(BaseModel):
    """A brief rewritten as a prompt for an image model."""

    reasoning: str = Field(description="What the brief asks for and what it leaves open, in a sentence or two.")
    prompt: str = Field(description="The prompt to paint from.")


class RequirementDraft(BaseModel):
    """One thing to check in the picture.

    Defaults come from factories, since OpenAI's strict schemas refuse the key `default`.
    """

    text: str = Field(description="The requirement, as a short phrase.")
    question: str = Field(description="One question about the picture that settles it. Ask counts as 'How many …?'.")
    kind: Kind
    expected: str = Field(default_factory=lambda: "yes", description="'yes', or the number for a count.")
    weight: float = Field(default_factory=lambda: 1.0, gt=0, le=10)


class ChecklistDraft(BaseModel):
    """All that a picture must show to be what the brief asked for."""

    requirements: list[RequirementDraft] = Field(min_length=1, max_length=40)


class ProposalDraft(BaseModel):
    """One way to go on."""

    prompt: str = Field(description="The prompt to paint next; for an edit, only what the boxes shall show.")
    boxes: list[list[float]] = Field(
        default_factory=list,
        description="Places to repaint, each [left, top, right, bottom] in fractions; empty for the whole picture.",
    )


class Proposals(BaseModel):
    """What is wrong with a picture, and what to paint next."""

    diagnosis: str = Field(description="What the picture shows instead of what was asked.")
    feedback: str = Field(description="What to change, in one or two sentences.")
    proposals: list[ProposalDraft] = Field(min_length=1, max_length=32)
    idea: Idea = Field(
        default_factory=lambda: None,
        description="One idea beyond what failed (mood, light, composition), in a few words; null if there is none.",
    )


class Description(BaseModel):
    """A picture in words."""

    description: str = Field(description="What the picture shows, as a brief that would ask for the same picture.")


class FollowUp(BaseModel):
    """What a message means that follows a picture."""

    reasoning: str = Field(description="What the message wants, in a sentence.")
    kind: Literal["change", "new", "undo", "show", "why", "other"]
    brief: str = Field(default_factory=str, description="The whole brief to paint, for change and new; else empty.")
    which: int | None = Field(
        default_factory=lambda: None, description="The number of the picture to show, from 1; null for the best one."
    )
    answer: str = Field(default_factory=str, description="For other: what to answer, in one or two sentences.")
