"""What "it", "them" and "which" stand for, where only one thing can be meant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from overpaint.shapes.drafts import Bond, Draft


def is_subject(drafts: Sequence[Draft], bonds: Sequence[Bond], begun: int, last: Draft | None) -> bool:
    """Whether "it is" can only speak of the thing named last: the only one of all, or of its sentence.

    Args:
        drafts: all groups so far.
        bonds: the relations so far.
        begun: how many groups there were when the sentence began.
        last: what was named last.
    """
    related = any(last is subject or last is target for subject, _, target in bonds)
    return len(drafts) == 1 or (len(drafts) == begun + 1 and drafts[-1] is last and not related)


def target(word: str, others: Sequence[Draft], hosts: Iterable[Draft | None], before: Draft | None) -> Draft | None:
    """What a pronoun after a relation means; None where that is not certain.

    Args:
        word: the pronoun.
        others: all groups but the subject.
        hosts: what "it" means if it is one of the others.
        before: what was named before the subject, if that was named last; "which" and "that" mean it.
    """
    if word not in ("it", "them"):
        return next((draft for draft in others if draft is before), None)
    for host in hosts:
        if any(draft is host for draft in others):
            others = [draft for draft in others if draft is host]
    return others[0] if len(others) == 1 and (others[0].group.count > 1) == (word == "them") else None
