"""What is told of a thing after its noun: "that is red", "in red", "both blue"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from overpaint.shapes.phrases import Unclear
from overpaint.shapes.reading import Item
from overpaint.shapes.runs import (
    AND,
    ONES,
    QUALITIES,
    Run,
    is_bare,
    kind_at,
    noun_at,
    number_said,
    one_each,
    quality,
    run_at,
    trails,
)

_SENTENCE_ENDS = frozenset((".", ";", "?", "!"))


def predicate(said: Sequence[Item], at: int, out: list[Item]) -> int:
    """Write what "is red" or "in red" tells of the thing before, and say where to read on; 0 where it tells nothing."""
    verb = said[at]
    start = at + 1 + (verb.kind == "is" and kind_at(said, at + 1) == "in")
    if kind_at(said, start) not in QUALITIES:
        return 0
    run = run_at(said, start)
    noun = noun_at(said, run.end)
    first, *others = run.parts
    if noun and not others:
        return 0
    if others and not noun and all(is_bare(part) for part in others):
        return _listed_predicate(verb, run, out)
    end = start + len(first)
    return end if _tell(verb, first, out, said[end].word if end < len(said) else "") else 0


def _listed_predicate(verb: Item, run: Run, out: list[Item]) -> int:
    """Write "is red and large", or "in red, green and blue" of three."""
    both = [item for part in run.parts for item in part]
    if len(both) == 2 and {item.kind for item in both} == QUALITIES:
        return run.end if _tell(verb, both, out, "") else 0
    if len(run.parts) < 3 or number_said(out) != len(run.parts) or kind_at(out, len(out) - 1) != "shape":
        return 0
    out += [AND, *one_each(run.parts)]
    return run.end


def _tell(verb: Item, part: list[Item], out: list[Item], after: str) -> bool:
    """Write qualities said by "is", "are" or "in" of what stands last in `out`; False where that is nothing."""
    last = out[-1] if out else Item("filler")
    loose = verb.word in ("in", "are")
    if last.word in ("it", "they") and last.kind == "which":
        out[-1:] = [quality("claim", part, loose=False)]
    elif last.kind == "which" or (last.kind == "definite" and last.word == "that"):
        out[-1:] = [quality("quality", part, loose=loose)]
    elif last.kind in ("number", "rest", "ordinal"):
        out += [*part, ONES]
    elif last.kind in ("shape", "place") or (verb.kind == "in" and trails(out)):
        if after == ":":
            return False
        out.append(quality("claim" if verb.kind == "is" else "quality", part, loose=loose))
    elif verb.kind == "in" and len(out) > 1 and last.word in _SENTENCE_ENDS and out[-2].kind in ("shape", "place"):
        out.append(quality("claim", part, loose=False))
    else:
        return False
    return True


def of_all(said: Sequence[Item], at: int, out: list[Item]) -> int:
    """Write "both blue"; leave out the "both" of "both a star and a circle", and an "all" that tells nothing."""
    start = at + 1
    while kind_at(said, start) in ("is", "in"):
        start += 1
    run = run_at(said, start)
    first, *others = run.parts
    if first and is_bare(first) and (others or not noun_at(said, run.end)):
        out.append(replace(quality("all", first, loose=False), word=said[at].word))
        return start + len(first)
    if said[at].word == "both" and kind_at(said, at + 1) not in ("indefinite", "number", "definite"):
        raise Unclear("it does not say for certain what 'both' are")
    return at + 1
