"""What the contact sheet shows of each candidate, worked out once for the page and its PNG twin."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from overpaint.phrases import ACTIONS, MARKS, percent, score_of, unjudged_why

if TYPE_CHECKING:
    from overpaint.graph.record import Belief, Record
    from overpaint.graph.state import Requirement
    from overpaint.result import Run

Change = Literal["same", "new", "gone"]
WORDS_COMPARED = 2000
"""Longer prompts are shown without marks: comparing takes time that grows with the square of their length."""
ALIKE = 0.5
"""Words that went are shown only where at least this share of both prompts agrees; a new prompt is not a correction."""


@dataclass(frozen=True)
class Words:
    """A stretch of a prompt, and what became of it since the parent's prompt."""

    text: str
    change: Change


@dataclass(frozen=True)
class Mark:
    """One requirement's answer for one picture. `box` is (left, top, right, bottom) as fractions, where known."""

    symbol: str
    answer: str
    text: str
    said: str
    evidence: str
    box: list[float] | None
    looks: str


@dataclass(frozen=True)
class Card:
    """One candidate, ready to be shown. `picture` is its file; `score` is empty when `why` says why there is none."""

    record: Record
    picture: Path | None
    champion: bool
    action: str
    score: str
    words: list[Words]
    marks: list[Mark]
    why: str
    children: list[str]

    @property
    def anchor(self) -> str:
        """The card's id on the page."""
        return anchor(self.record["id"])


def anchor(candidate: str) -> str:
    """The id on the page of a candidate such as "3.1"."""
    return f"c{candidate.replace('.', '-')}"


def cards_of(run: Run) -> list[Card]:
    """One card per candidate, in the order they were minted."""
    by_id = {r["id"]: r for r in run.candidates}
    return [_card(run, record, by_id) for record in run.candidates]


def rounds_of(cards: list[Card]) -> list[tuple[int, list[Card]]]:
    """The cards by round, oldest round first."""
    ordered = sorted(cards, key=lambda card: card.record["round"])
    return [(number, list(group)) for number, group in groupby(ordered, key=lambda card: card.record["round"])]


def _card(run: Run, record: Record, by_id: dict[str, Record]) -> Card:
    parent = by_id.get(record["parent"] or "")
    return Card(
        record=record,
        picture=run.image_path(record),
        champion=run.champion is not None and run.champion["id"] == record["id"],
        action=ACTIONS[record["action"]],
        score="" if score_of(record) is None else percent(score_of(record)),
        words=changed_words(parent["prompt"] if parent else None, record["prompt"]),
        marks=marks_of(run.checklist, record),
        why=unjudged_why(record),
        children=[r["id"] for r in run.candidates if r["parent"] == record["id"]],
    )


def marks_of(checklist: list[Requirement], record: Record) -> list[Mark]:
    """The answers for one candidate, in the order of its verdict; empty when it was not judged."""
    texts = {r["id"]: r["text"] for r in checklist}
    verdict = record["verdict"]
    return [_mark(belief, texts) for belief in verdict["beliefs"]] if verdict else []


def _mark(belief: Belief, texts: dict[str, str]) -> Mark:
    looks = belief["looks"]
    return Mark(
        symbol=MARKS.get(belief["answer"], "?"),
        answer=belief["answer"] if belief["answer"] in MARKS else "unsure",
        text=belief.get("text") or texts.get(belief["requirement"], belief["requirement"]),
        said=belief["said"],
        evidence=belief["evidence"],
        box=belief["box"],
        looks=", then ".join(looks) if len(looks) > 1 else "",
    )


def changed_words(before: str | None, after: str) -> list[Words]:
    """Mark the words of a prompt that differ from its parent's.

    Words are compared without case and closing punctuation. Words that went are kept, marked `gone`, where the
    two prompts are much alike.

    Args:
        before: the parent's prompt; None when there is no parent.
        after: the prompt to mark.
    """
    old, new = (before or "").split(), after.split()
    if before is None or max(len(old), len(new)) > WORDS_COMPARED:
        return [Words(after, "same")] if after else []
    matcher = SequenceMatcher(None, [_bare(w) for w in old], [_bare(w) for w in new], autojunk=False)
    return list(_stretches(matcher, old, new))


def _stretches(matcher: SequenceMatcher[str], old: list[str], new: list[str]) -> Iterator[Words]:
    corrected = matcher.ratio() >= ALIKE
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag != "equal" and corrected and i1 < i2:
            yield Words(" ".join(old[i1:i2]), "gone")
        if j1 < j2:
            yield Words(" ".join(new[j1:j2]), "same" if tag == "equal" else "new")


def squeezed(words: list[Words], around: int = 4) -> list[Words]:
    """Leave out the middle of long unchanged stretches, so that what changed can be seen where there is little room.

    Args:
        words: a marked prompt; one without changes is given back whole.
        around: how many words to keep at each end of a stretch.
    """
    return words if all(part.change == "same" for part in words) else [_ends(part, around) for part in words]


def _ends(part: Words, around: int) -> Words:
    said = part.text.split()
    if part.change != "same" or len(said) <= 2 * around + 1:
        return part
    return Words(" ".join([*said[:around], "…", *said[-around:]]), "same")


def _bare(word: str) -> str:
    return word.rstrip(".,;:!?").casefold() or word
