"""DSG-1k: every prompt with the questions that settle it, which become its checklist.

Source: Cho et al., "Davidsonian Scene Graph" (ICLR 2024); the file is dsg/data/dsg-1k-anns.csv of github.com/j-min/DSG.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from overpaint.evaluation.datasets.rows import checked_brief, checked_id, checked_text
from overpaint.evaluation.datasets.tables import Entry, Table, Unusable
from overpaint.evaluation.nouns import BadRow, Row
from overpaint.graph.schemas import Kind, RequirementDraft

COLUMNS = (
    *("item_id", "text", "proposition_id", "dependency", "category_broad", "category_detailed"),
    *("tuple", "question_natural_language"),
)
MOST_QUESTIONS = 200
"""Questions of one prompt; the most in DSG-1k is 52."""
_DETAILED: dict[str, Kind] = {
    "artist": "style",
    "count": "count",
    "creator": "style",
    "font": "text",
    "lighting": "style",
    "location": "position",
    "position": "position",
    "scale": "attribute",
    "style": "style",
    "text rendering": "text",
}
_BROAD: dict[str, Kind] = {"entity": "object", "attribute": "attribute", "relation": "relation", "global": "style"}


@dataclass
class Prompt:
    """The lines of one item. `where` is its id."""

    where: str
    lines: list[Entry] = field(default_factory=list)


def prompts_of(table: Table) -> tuple[list[Prompt], list[BadRow]]:
    """The lines of a DSG file by the item they belong to, in the order of the file, and lines that belong to none."""
    prompts: dict[str, Prompt] = {}
    bad: list[BadRow] = []
    for entry in table.entries:
        try:
            name = checked_id(entry.values.get("item_id"))
        except Unusable as fault:
            bad.append(BadRow(where=entry.where, reason=str(fault)))
            continue
        prompts.setdefault(name, Prompt(name)).lines.append(entry)
    return list(prompts.values()), bad


def row_of_prompt(prompt: Prompt) -> Row:
    """One item as a row whose checklist are its questions, each answered yes where it holds.

    A question comes after those it depends on; apart from that they stand as in the file. Its category is the set that
    DSG took the prompt from.

    Raises:
        Unusable: a line of it cannot be used. The whole item is left out then, since its checklist would have a gap.
            (Of a line that could not even be divided into columns nobody knows the item.)
    """
    if len(prompt.lines) > MOST_QUESTIONS:
        raise Unusable(f"it has {len(prompt.lines)} questions, more than {MOST_QUESTIONS}")
    questions = [_checked(line) for line in prompt.lines]
    brief = checked_brief(questions[0]["text"])
    if any(question["text"] != questions[0]["text"] for question in questions):
        raise Unusable("its lines do not have the same text")
    return Row(
        id=prompt.where,
        brief=brief,
        category=prompt.where.rpartition("_")[0],
        requirements=[_requirement(question) for question in _parents_first(questions)],
        pictures=[],
        captions=[],
        truth=None,
    )


def kind_of(broad: str, detailed: str) -> Kind:
    """The kind of a requirement, from the two categories that DSG gives a question."""
    return _DETAILED.get(detailed) or _BROAD.get(broad, "other")


def _checked(line: Entry) -> dict[str, str]:
    texts = {column: checked_text(line.values.get(column), f"{column} in {line.where}") for column in COLUMNS}
    for column in ("tuple", "question_natural_language"):
        if not texts[column]:
            raise Unusable(f"its {column} in {line.where} is empty")
    return texts


def _requirement(question: Mapping[str, str]) -> dict[str, Any]:
    kind = kind_of(question["category_broad"], question["category_detailed"])
    asked = question["question_natural_language"]
    return RequirementDraft(text=question["tuple"], question=asked, kind=kind).model_dump()


def _parents_first(questions: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    """Each question after those whose proposition_id it names; a name of none, and a circle, binds nobody."""
    by_id = {question["proposition_id"]: question for question in questions}
    placed: list[dict[str, str]] = []
    visited: set[int] = set()

    def place(question: dict[str, str]) -> None:
        if id(question) in visited:
            return
        visited.add(id(question))
        for parent in question["dependency"].split(","):
            if parent.strip() in by_id:
                place(by_id[parent.strip()])
        placed.append(question)

    for question in questions:
        place(question)
    return placed
