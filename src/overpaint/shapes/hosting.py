"""Fills in what "a circle with a star underneath" leaves out: underneath it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from overpaint.shapes.language import PICTURES
from overpaint.shapes.phrases import Mention, Unclear
from overpaint.shapes.reading import Item
from overpaint.shapes.scene import Relation

Part = Item | Mention
_BESIDE: dict[str, Relation] = {
    "to the left": "left of",
    "to the right": "right of",
    "on top": "above",
}
_AND = Item("break", word="and")


def completed(parts: Iterable[Part]) -> list[Part]:
    """The same parts, with "it" or "them" after each relation that lacks the thing named before "with".

    Raises:
        Unclear: "a circle with a star on the left" or "in the middle", which may be that of the circle or the picture.
    """
    said = list(parts)
    out: list[Part] = []
    host: Mention | None = None
    hosted = False
    for at, part in enumerate(said):
        if isinstance(part, Mention):
            host = _host(said, at, host)
            hosted = host is not None or (hosted and said[at - 1] == _AND)
        elif host is not None and _ends_clause(said, at + 1):
            out += _completed(part, said, at, host)
            continue
        elif hosted:
            _of_picture(part, said, at)
        out.append(part)
    return out


def _of_picture(part: Item, said: Sequence[Part], at: int) -> None:
    """Refuse the place of a thing that stands "with" another, unless it is said to be a place of the picture."""
    after_break = isinstance(before := said[at - 1], Item) and before.kind == "break"
    if part.kind == "place" and not after_break and not PICTURES.intersection(part.word.split()):
        raise Unclear(f"'{part.word}' may mean the thing or the picture; say 'of the picture'")


def _host(said: Sequence[Part], at: int, host: Mention | None) -> Mention | None:
    """What "it" would mean after this phrase: the phrase before "with", and on through "and a star above"."""
    before, joined = said[at - 1] if at else None, said[at - 2] if at > 1 else None
    if not isinstance(before, Item) or before.kind != "break":
        return None
    if before.word == "with":
        return _before_with(said[: at - 1])
    follows = before.word == "and" and isinstance(joined, Item) and joined.kind in ("relation", "place", "pronoun")
    return host if follows else None


def _before_with(said: Sequence[Part]) -> Mention | None:
    """The phrase that "with" follows, past its place; past a comma too where it is the only one."""
    end = len(said)
    commas = 0
    while end and isinstance(part := said[end - 1], Item) and (part.kind == "place" or part.word == ","):
        commas += part.kind == "break"
        end -= 1
    host = said[end - 1] if end else None
    alone = not commas or sum(isinstance(part, Mention) for part in said) == 1
    return host if isinstance(host, Mention) and alone else None


def _completed(part: Item, said: Sequence[Part], at: int, host: Mention) -> list[Part]:
    it = Item("pronoun", word="them" if host.many or (host.number or 1) > 1 else "it")
    if part.kind == "relation":
        return [part, it]
    beside = part.kind == "place" and isinstance(said[at - 1], Mention)
    if beside and part.word in _BESIDE:
        return [Item("relation", _BESIDE[part.word], part.word), it]
    _of_picture(part, said, at)
    return [part]


def _ends_clause(said: Sequence[Part], at: int) -> bool:
    if at >= len(said):
        return True
    part = said[at]
    return isinstance(part, Item) and part.kind == "break"
