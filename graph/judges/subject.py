"""What is judged, and verdicts that rest on the brief as a whole."""

from __future__ import annotations

from dataclasses import dataclass

from overpaint.graph.record import Belief, Verdict
from overpaint.graph.state import Requirement
from overpaint.tools.images import ImageRef


@dataclass(frozen=True)
class Subject:
    """One picture and what is asked of it.

    Args:
        image: the picture.
        checklist: what it is judged by.
        brief: what was asked for; empty under the checklist, which stands for it.
        prompt: what the picture was painted from; told to judges that revise it, and to no other.
    """

    image: ImageRef
    checklist: list[Requirement]
    brief: str
    prompt: str


def overall(subject: Subject, holds: bool, said: str, evidence: str) -> list[Belief]:
    """One answer for every requirement: these methods ask about the brief as a whole, which is their checklist."""
    answer = "yes" if holds else "no"
    return [
        Belief(
            requirement=item["id"],
            text=item["text"],
            answer=answer,
            said=said,
            evidence=evidence,
            box=None,
            looks=[answer],
        )
        for item in subject.checklist
    ]


def unjudged(fault: str) -> Verdict:
    """A broken answer can neither pass nor fail a picture, and an unconfirmed pass is no pass."""
    return Verdict(beliefs=[], score=None, passed=None, quality=None, flaws=[], fault=fault)
