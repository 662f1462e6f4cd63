"""Spelling: puts right a slip of the keyboard where only one known word can be meant."""

from __future__ import annotations

from functools import cache

from overpaint.shapes import language
from overpaint.shapes.ordinary import ORDINARY

SHORTEST, LONGEST = 3, 16
LONG = 7
"""From this many letters on, a word may be two slips away."""
_MORE = """coloured colored colour color picture image please draw with there which both other nothing shape shapes
background above below under beneath underneath left right upper middle center centre central bottom lower corner"""
_NAMES = frozenset((*language.SHAPE_WORDS, *language.COLOUR_WORDS, *language.SIZE_WORDS, *language.NUMBER_WORDS))
_TARGETS = tuple(sorted(_NAMES | frozenset(_MORE.split())))
_USUAL_SLIPS = {
    "teh": "the",
    "hte": "the",
    "adn": "and",
    "nad": "and",
    "wiht": "with",
    "pls": "please",
    "plz": "please",
}


@cache
def candidates(word: str) -> tuple[str, ...]:
    """The known words that this word may be a slip of, nearest first group only; the word is in lower case."""
    near = [target for target in _TARGETS if _likely(word, target, 1)]
    if not near and len(word) >= LONG:
        near = [target for target in _TARGETS if len(target) >= LONG and _likely(word, target, 2)]
    named = [target for target in near if target in _NAMES]
    return tuple(named or near)


def corrected(word: str) -> str:
    """The one known word that a misspelt one stands for, or the word as it is.

    Args:
        word: in lower case, and not known as it stands.
    """
    if word in _USUAL_SLIPS:
        return _USUAL_SLIPS[word]
    if not (SHORTEST <= len(word) <= LONGEST and word.isascii() and word.isalpha()) or word in ORDINARY:
        return word
    found = candidates(word)
    return found[0] if len(found) == 1 else word


def _likely(word: str, target: str, slips: int) -> bool:
    """Whether so few slips make one of the other, by rules that are the stricter the shorter the words are."""
    if abs(len(word) - len(target)) > slips or (word[0] != target[0] and word[:2] != target[1::-1]):
        return False
    if len(target) == 3 and len(word) == 4:
        return target in {word[:at] + word[at + 1 :] for at in range(1, 4) if word[at] == word[at - 1]}
    if len(word) == 3:
        swapped = sorted(word) == sorted(target) and distance(word, target) == 1
        return swapped or (len(target) == 4 and distance(word, target) == 1)
    return distance(word, target) <= slips


def distance(one: str, other: str) -> int:
    """Letters to insert, delete, replace or swap with their neighbour (optimal string alignment)."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        row = [i]
        for j, b in enumerate(other, 1):
            row.append(min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a != b)))
            if i > 1 and j > 1 and (a, one[i - 2]) == (other[j - 2], b):
                row[j] = min(row[j], before[j - 2] + 1)
        before, last = last, row
    return last[-1]
