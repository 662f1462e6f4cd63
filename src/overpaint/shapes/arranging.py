"""Order within phrases: colours and sizes said after their noun, one noun for several things, members told apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from overpaint.shapes.phrases import Unclear
from overpaint.shapes.predicates import of_all, predicate
from overpaint.shapes.reading import Item
from overpaint.shapes.runs import (
    AND,
    JOINS,
    LEADS,
    ONES,
    OPENS,
    QUALITIES,
    Run,
    grouped,
    has_quality,
    is_bare,
    is_colour,
    is_many,
    kind_at,
    noun_at,
    number_said,
    one_each,
    phrase_start,
    quality,
    run_at,
    trails,
)


def arranged(items: Iterable[Item]) -> list[Item]:
    """The same items with each colour and size before its noun, or as a "quality" or "claim" of what was said before.

    "a red and a blue circle" becomes "a red circle and a blue circle"; each of "one red, the other blue" ends in one
    of kind "ones"; "both blue" becomes one of kind "all". What fits no pattern stays as it is.

    Raises:
        Unclear: "both" of what is not certain, or a noun that may or may not share the colour of another.
    """
    said = list(items)
    out: list[Item] = []
    at = 0
    while at < len(said):
        at = _step(said, at, out)
    return out


def _step(said: Sequence[Item], at: int, out: list[Item]) -> int:
    """Read one run of adjectives or one other item, write what it means, and say where to read on."""
    kind = said[at].kind
    if kind == "all":
        return of_all(said, at, out)
    if kind in ("in", "is") and (end := predicate(said, at, out)):
        return end
    if kind in OPENS or kind in QUALITIES:
        run = run_at(said, at)
        _leads_somewhere(run, said)
        out += _described(run, noun_at(said, run.end), out) or said[at : run.end]
        return run.end
    if kind == "shape":
        return _noun_and_number(said, at, out)
    if kind != "in":
        out.append(said[at])
    return at + 1


def _described(run: Run, noun: Item | None, out: Sequence[Item]) -> list[Item]:
    """What a run of adjectives means by what leads to it and what it leads to; empty where it means what it says."""
    if noun is None:
        return _told_after(run.parts, out)
    *told, last = run.parts
    if not told:
        return []
    if all(is_colour(part) for part in run.parts) and noun.many and not trails(out):
        return _each_with(run.parts, replace(noun, many=False))
    shared = all(part[0].kind in ("indefinite", "number") and has_quality(part) for part in run.parts)
    if shared and not grouped(out):
        return _each_with(told, noun) + last
    if last[0].kind in ("indefinite", "definite") or (
        last[0].kind == "number" and not (has_quality(last) and grouped(out))
    ):
        before = _told_after(told, out)
        return [*before, AND, *last] if before else []
    return []


def _leads_somewhere(run: Run, said: Sequence[Item]) -> None:
    """Refuse an article that no noun follows, as in "a star and a frame", where "frame" asks for nothing."""
    alone = all(item.kind == "indefinite" for part in run.parts for item in part)
    if alone and kind_at(said, run.end) not in ("shape", "generic", "unknown"):
        raise Unclear(f"'{said[run.end - 1].word}' leads to nothing that can be drawn")


def _told_after(parts: Sequence[list[Item]], out: Sequence[Item]) -> list[Item]:
    """Adjectives without a noun, told of what was said before; empty where that is not certain."""
    told = all(has_quality(part) and part[0].kind in OPENS - {"indefinite"} for part in parts)
    ranked = all(any(item.kind == "ordinal" for item in part) for part in parts)
    if told and (ranked or grouped(out)):
        return [item for part in parts for item in (*part, ONES, AND)][:-1]
    if not trails(out):
        return []
    if len(parts) > 1 and all(is_colour(part) for part in parts) and number_said(out) == len(parts):
        return one_each(parts)
    return [quality("quality", parts[0], loose=True)] if len(parts) == 1 and is_bare(parts[0]) else []


def _each_with(parts: Sequence[list[Item]], noun: Item) -> list[Item]:
    """Every part with the noun; those without an article or number get "one"."""
    one = Item("number", 1, "one")
    items = [item for p in parts for item in (*([one] if is_bare(p) else []), *p, replace(noun, many=is_many(p)), AND)]
    return items if not is_bare(parts[-1]) else items[:-2]


def _noun_and_number(said: Sequence[Item], at: int, out: list[Item]) -> int:
    """Write a noun, and before it a number that follows: "squares, three of them", "circle x3"."""
    noun, start = said[at], phrase_start(out)
    _certain(noun, start, out)
    out.append(noun)
    after = at + 1 + (kind_at(said, at + 1) == "break" and said[at + 1].word in LEADS)
    times = kind_at(said, after) == "number" and (noun.many or said[after].word.startswith("x"))
    if not times or kind_at(said, after + 1) not in ("", "break") or any(i.kind in OPENS for i in out[start:]):
        return at + 1
    out.insert(start, said[after])
    return after + 1


def _certain(noun: Item, start: int, out: Sequence[Item]) -> None:
    """Refuse "a red circle and square", where the square may be red too."""
    bare_after_and = start == len(out) and start > 1 and out[-1].word in JOINS and out[-2].kind == "shape"
    told = [i.word for i in out[phrase_start(out[:-2]) :] if i.kind in QUALITIES] if bare_after_and else []
    if told:
        raise Unclear(f"it does not say whether '{noun.word}' is {told[0]} too")
