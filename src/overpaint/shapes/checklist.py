"""From a spec to the questions that settle it: a picture that satisfies it answers all of them as expected."""

from __future__ import annotations

from collections.abc import Iterator

from overpaint.shapes.captions import terse
from overpaint.shapes.language import NUMBER_NAMES, counted, kind_words, where
from overpaint.shapes.scene import Group, Link, Spec

MOST = 40
"""As many requirements as a checklist may hold."""

Requirement = dict[str, str]


def requirements(spec: Spec) -> list[Requirement]:
    """Ask for every group, every relation and the number of things in all.

    Where one description also fits things of another group ("a circle" besides "a red circle"), a count or relation
    is asked no sharper than it is sure to hold, and one question about the whole picture makes up for it.
    """
    asked = [_group(spec, group) for group in spec.groups] + [_relation(spec, link) for link in spec.links]
    drafts = list({draft["question"]: draft for draft in asked}.values())
    vague = any(draft["question"].startswith(("Is any", "Is there", "Are there")) for draft in drafts)
    if vague or len(drafts) >= MOST:
        drafts = [*drafts[: MOST - 2], _draft(terse(spec), f"Does the picture show exactly {terse(spec)}?", "other")]
    total = sum(group.count for group in spec.groups)
    return [*drafts, _draft("nothing else", "How many shapes are there in all?", "count", str(total))]


def _draft(text: str, question: str, kind: str, expected: str = "yes") -> Requirement:
    return {"text": text, "question": question, "kind": kind, "expected": expected}


def _group(spec: Spec, group: Group) -> Requirement:
    kinds = kind_words(group, many=True)
    if group.place is not None:
        at = where(group.place)
        return _draft(counted(group) + at, f"How many {kinds} are there{at}?", "count", "1")
    least = sum(other.count for other in spec.groups if _surely(group, other))
    if least == sum(other.count for other in spec.groups if _perhaps(group, other)):
        text = counted(group) if least == group.count else f"{NUMBER_NAMES[least]} {kinds} in all"
        return _draft(text, f"How many {kinds} are there?", "count", str(least))
    verb = "Is" if least == 1 else "Are"
    number = f"{NUMBER_NAMES[least]} {kind_words(group, many=least > 1)}"
    return _draft(f"at least {number}", f"{verb} there at least {number}?", "object")


def _relation(spec: Spec, link: Link) -> Requirement:
    ends = (spec.groups[link.subject], spec.groups[link.target])
    if all(_alone(spec, end) for end in ends):
        subject, target = (_every(end) for end in ends)
        return _draft(
            f"{_the(ends[0])} {link.relation} {_the(ends[1])}", f"Is {subject} {link.relation} {target}?", "relation"
        )
    subject, target = (kind_words(end, many=False) + where(end.place) for end in ends)
    return _draft(
        f"a {subject} {link.relation} a {target}", f"Is any {subject} {link.relation} any {target}?", "relation"
    )


def _every(group: Group) -> str:
    quantifier = "the" if group.count == 1 else "every"
    return f"{quantifier} {kind_words(group, many=False)}{where(group.place)}"


def _the(group: Group) -> str:
    return f"the {kind_words(group)}{where(group.place)}"


def _alone(spec: Spec, group: Group) -> bool:
    """Whether a group's description, its place included, cannot fit anything of another group."""
    return group.place is not None or sum(_perhaps(group, other) for other in spec.groups) == 1


def _surely(group: Group, other: Group) -> bool:
    """Whether everything of `other` is described by `group`, places apart."""
    return all(want is None or want == got for want, got in _aspects(group, other))


def _perhaps(group: Group, other: Group) -> bool:
    """Whether something of `other` may turn out to be described by `group`, places apart."""
    return all(want is None or got is None or want == got for want, got in _aspects(group, other))


def _aspects(group: Group, other: Group) -> Iterator[tuple[str | None, str | None]]:
    yield group.shape, other.shape
    yield group.colour, other.colour
    yield group.size, other.size
