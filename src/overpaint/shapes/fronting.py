"""Word order: puts clauses such as "below it a star" and "above the square is a star" in the order they are read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from overpaint.shapes.phrases import Mention, Unclear
from overpaint.shapes.reading import Item

Part = Item | Mention
_HEADS = frozenset(":\N{EN DASH}\N{EM DASH}")
_SENTENCE_ENDS = frozenset(".;!?\n")


def ordered(parts: Iterable[Part]) -> list[Part]:
    """The same parts, each clause as subject, relation, target.

    Raises:
        Unclear: a relation for which it is not certain which of two things is the subject.
    """
    said = list(parts)
    out: list[Part] = []
    at = 0
    while at < len(said):
        if _kind(said, at) == "relation":
            clause, at = _clause(said, at)
            out += clause
        else:
            if not _parts_place_from_thing(said, at):
                out.append(said[at])
            at += 1
    _apart(out)
    _under_one_head(out)
    return out


def _under_one_head(said: Sequence[Part]) -> None:
    """Refuse "top: a circle and a square", where the square may be at the top too."""
    for at in range(len(said)):
        if not (_kind(said, at) == "place" and _is_break(said, at + 1, _HEADS) and _kind(said, at + 2) == "mention"):
            continue
        joint = _skip(said, at + 3, "quality")
        joined = _is_break(said, joint, ",") or _word(said, joint) in ("and", "plus", "&")
        if joined and _kind(said, joint + 1) == "mention" and _kind(said, joint + 2) in ("", "break", "quality"):
            raise Unclear(f"it does not say where '{said[joint + 1]}' is")


def _apart(said: Sequence[Part]) -> None:
    """Refuse "the first is a square" and "the circle is a square", which make one thing of two."""
    for at, part in enumerate(said):
        verb = _skip(said, at + 1, "place")
        other = said[verb + 1] if verb + 1 < len(said) else None
        if isinstance(part, Mention) and _kind(said, verb) == "is" and isinstance(other, Mention):
            raise Unclear(f"'{part} is {other}' may speak of one thing or of two")


def _clause(said: Sequence[Part], at: int) -> tuple[list[Part], int]:
    """A relation, or several, put after its subject; and where to read on."""
    end = at + 1
    while _kind(said, end) == "relation" or (_kind(said, end) == "break" and _kind(said, end + 1) == "relation"):
        end += 1
    relations = [part for part in said[at:end] if _kind([part], 0) == "relation"]
    if _kind(said, end) == "pronoun":
        return _to_pronoun(said, at, end, relations)
    if _kind(said, end) != "mention":
        raise _unsaid(said, at)
    return _to_mention(said, at, end, relations)


def _to_pronoun(said: Sequence[Part], at: int, end: int, relations: list[Part]) -> tuple[list[Part], int]:
    """Read "below it a star" as "a star below it"; what stands right before "below it" is its subject already."""
    subject = _skip(said, end + 1, "is")
    which = _word(said, end) == "which"
    if not (which or _opens(said, at)):
        if _kind(said, subject) == "mention":
            raise _unsaid(said, at)
        return [*relations, _after_subject(said[end])], end + 1
    if _is_break(said, subject, ",:"):
        subject += 1
        between_commas = _is_break(said, at - 1, ",") and _kind(said, subject) == "mention"
        if between_commas and sum(isinstance(part, Mention) for part in said[:at]) > 1:
            raise _unsaid(said, at)
    if _kind(said, subject) == "mention":
        return [said[subject], *relations, said[end]], subject + 1
    if which:
        raise _unsaid(said, at)
    return [*relations, said[end]], end + 1


def _after_subject(pronoun: Part) -> Part:
    """Mark the "it" of "a star above it", apart from that of "above it a star"."""
    return replace(pronoun, many=True) if isinstance(pronoun, Item) else pronoun


def _to_mention(said: Sequence[Part], at: int, end: int, relations: list[Part]) -> tuple[list[Part], int]:
    """Read "above the square is a star" as "a star above the square"."""
    after = _skip(said, end + 1, "place")
    subject = _skip(said, after, "is")
    inverted = subject > after and _kind(said, subject) == "mention"
    opens = _opens(said, at)
    if _ends_with_subject(said, at, after):
        inverted, subject = True, after + 1
    if inverted and opens:
        return [said[subject], *relations, *said[end:after]], subject + 1
    if inverted or (at > 0 and _is_break(said, at - 1, _SENTENCE_ENDS)):
        raise _unsaid(said, at)
    return [*relations, said[end]], end + 1


def _ends_with_subject(said: Sequence[Part], at: int, after: int) -> bool:
    """Whether a text opens so, and a comma and one last phrase follow: "left of the square, a star"."""
    if at or not _is_break(said, after, ",") or _kind(said, after + 1) != "mention":
        return False
    return after + 2 == len(said) or _is_break(said, after + 2, _SENTENCE_ENDS)


def _parts_place_from_thing(said: Sequence[Part], at: int) -> bool:
    """Whether this is the comma of "in the top left, a circle", where a sentence opens with the place."""
    if not _is_break(said, at, ",") or _kind(said, at - 1) != "place" or _kind(said, at + 1) != "mention":
        return False
    return at > 1 and _is_break(said, at - 2, _SENTENCE_ENDS)


def _opens(said: Sequence[Part], at: int) -> bool:
    return at == 0 or _kind(said, at - 1) == "break"


def _is_break(said: Sequence[Part], at: int, words: str | frozenset[str]) -> bool:
    part = said[at] if 0 <= at < len(said) else None
    return isinstance(part, Item) and part.kind == "break" and bool(part.word) and set(part.word) <= set(words)


def _skip(said: Sequence[Part], at: int, kind: str) -> int:
    while _kind(said, at) == kind:
        at += 1
    return at


def _kind(said: Sequence[Part], at: int) -> str:
    if not 0 <= at < len(said):
        return ""
    part = said[at]
    return "mention" if isinstance(part, Mention) else part.kind


def _word(said: Sequence[Part], at: int) -> str:
    part = said[at] if at < len(said) else None
    return part.word if isinstance(part, Item) else ""


def _unsaid(said: Sequence[Part], at: int) -> Unclear:
    part = said[at]
    relation = part.value if isinstance(part, Item) else ""
    return Unclear(f"it does not say for certain what a thing shall be {relation}; name both, one on each side")
