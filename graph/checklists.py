"""Checklists that a person writes or edits, and the fingerprint that tells one checklist from another."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from overpaint.graph.schemas import ChecklistDraft, Kind, RequirementDraft
from overpaint.graph.state import Requirement
from overpaint.prompts import Prompt, load
from overpaint.tools.faults import BadInput
from overpaint.tools.records import canonical

MOST = 60
"""Requirements in one checklist, as many as one look can ask about; a writer gives fewer."""


class WrittenRequirement(BaseModel):
    """One requirement as a person writes it; without a question, the judge is asked whether the text holds."""

    model_config = ConfigDict(extra="ignore")

    text: str = Field(min_length=1, max_length=1000)
    question: str = Field("", max_length=1000)
    kind: Kind = "other"
    expected: str = Field("yes", min_length=1, max_length=40)
    weight: float = Field(1.0, gt=0, le=10)

    @field_validator("expected", mode="before")
    @classmethod
    def _as_text(cls, expected: object) -> object:
        if isinstance(expected, bool):  # what YAML makes of a bare yes or no
            return "yes" if expected else "no"
        return str(expected) if isinstance(expected, int) else expected


def fingerprint(checklist: Sequence[Requirement]) -> str:
    """A short name for a checklist, the same for the same requirements in the same order."""
    return hashlib.sha256(canonical({"checklist": list(checklist)})).hexdigest()[:12]


def numbered(drafts: Sequence[RequirementDraft]) -> list[Requirement]:
    """The checklist of what a writer or a person drafted, with ids r1, r2, …."""
    return [_numbered(number, draft) for number, draft in enumerate(drafts, start=1)]


def read_checklist(written: Any) -> list[Requirement]:
    """A checklist from what a person wrote.

    Args:
        written: a list whose items are texts, or dicts with `text` and, if wanted, `question`, `kind`, `expected` and
            `weight`; or a dict that holds such a list as `checklist` or `requirements`.

    Raises:
        BadInput: it is none; says which item is wrong and how.
    """
    if isinstance(written, dict):
        written = written.get("checklist", written.get("requirements"))
    if not isinstance(written, list) or not 1 <= len(written) <= MOST:
        raise BadInput(f"a checklist is a list of 1 to {MOST} requirements, each a text or a dict with a `text`")
    return numbered([_draft(place, item) for place, item in enumerate(written, start=1)])


def _draft(place: int, item: Any) -> RequirementDraft:
    try:
        read = WrittenRequirement.model_validate({"text": item.strip()} if isinstance(item, str) else item)
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(str(part) for part in fault["loc"]) or "it"
        raise BadInput(f"requirement {place} of the checklist cannot be used: {where}: {fault['msg']}") from None
    question = read.question or load("specify.item").render(text=read.text)[1]
    return RequirementDraft(
        text=read.text, question=question, kind=read.kind, expected=read.expected, weight=read.weight
    )


def whole(brief: str, prompt: Prompt | None = None) -> ChecklistDraft:
    """The checklist that stands in when none could be written: the brief itself, as the one requirement.

    Args:
        brief: what the picture must show.
        prompt: how the judge is asked for it; in our words when None.
    """
    question = (prompt or load("specify.whole")).render(brief=brief)[1]
    return ChecklistDraft(requirements=[RequirementDraft(text=brief, question=question, kind="other")])


def _numbered(number: int, draft: RequirementDraft) -> Requirement:
    return Requirement(
        id=f"r{number}",
        text=draft.text,
        question=draft.question,
        kind=draft.kind,
        expected=draft.expected.strip().lower(),
        weight=draft.weight,
    )
