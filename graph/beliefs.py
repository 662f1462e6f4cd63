"""From what a judge said to what is believed: reading answers, majorities over looks, scores. Pure.

The majority of independent looks rather than one answer: under a judge that errs on 10% of answers, one look at each of
eight items ends right 23% of the time and the majority of three 76% (DESIGN.md section 5).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from overpaint.graph.record import Belief
from overpaint.graph.state import Requirement

_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_NUMBERS = {word: number for number, word in enumerate(_WORDS)}
NEAR = 2
"""With at most so many failures, each is asked about again before it is acted on: a look costs less than a picture."""
_LETTER = {"yes": "y", "no": "n", "unsure": "u"}


def holds(requirement: Requirement, said: str) -> str:
    """Whether a requirement holds, from the judge's words: yes, no, or unsure when they settle nothing.

    A count is compared as a number, so that "2", "two" and "There are 2." are one answer; anything else as yes or no.
    """
    words = said.strip().lower()
    wanted = number_in(requirement["expected"])
    if wanted is not None:
        found = number_in(words)
        return "unsure" if found is None else "yes" if found == wanted else "no"
    match = re.match(r"\W*(yes|no)\b", words)
    if match is None:
        return "unsure"
    return "yes" if match[1] == (requirement["expected"] or "yes") else "no"


def number_in(words: str) -> int | None:
    """The one number in a text, in digits or letters; None when there is none or more than one."""
    found = re.findall(r"(?<![\w.])(\d{1,4}|" + "|".join(_NUMBERS) + r")(?![\w.]\d)\b", words.lower())
    values = {_NUMBERS.get(f, int(f) if f.isdigit() else 0) for f in found}
    return values.pop() if len(values) == 1 else None


def settle(looks: Sequence[str]) -> str:
    """The majority of yes and no over all looks; unsure when neither has more than half of them."""
    for answer in ("yes", "no"):
        if looks.count(answer) * 2 > len(looks):
            return answer
    return "unsure"


def believe(requirement: Requirement, answers: Sequence[dict[str, Any]]) -> Belief:
    """What is held true of one requirement after all answers about it; evidence and box are those of the last look."""
    looks = [holds(requirement, a["answer"]) for a in answers]
    last = answers[-1]
    return Belief(
        requirement=requirement["id"],
        text=requirement["text"],
        answer=settle(looks),
        said=last["answer"],
        evidence=last["evidence"],
        box=last["box"],
        looks=looks,
    )


def letters(beliefs: Sequence[Belief]) -> str:
    """The beliefs as state keeps them: y, n or u for each requirement in order."""
    return "".join(_LETTER[b["answer"]] for b in beliefs)


def score(checklist: Sequence[Requirement], beliefs: Sequence[Belief]) -> float:
    """Passed weight over all weight, 0 to 1. Unsure never passes."""
    passed = sum(r["weight"] for r, b in zip(checklist, beliefs, strict=True) if b["answer"] == "yes")
    return round(passed / sum(r["weight"] for r in checklist), 4)


def place_of(requirement: Requirement, held: Belief) -> list[float] | None:
    """Where to look closer at a disputed item: a part shows detail better, but neither how many there are nor where."""
    return held["box"] if requirement["kind"] in ("attribute", "object", "text") else None


def disputed(beliefs: Sequence[Belief]) -> list[int]:
    """Places in the checklist whose looks settle nothing yet."""
    return [i for i, b in enumerate(beliefs) if b["answer"] == "unsure"]


def doubtful(beliefs: Sequence[Belief]) -> list[int]:
    """Places believed to fail on a single look, where so few fail that a wrong "no" could cost a picture."""
    failed = [i for i, b in enumerate(beliefs) if b["answer"] == "no"]
    return [i for i in failed if len(beliefs[i]["looks"]) < 2] if len(failed) <= NEAR else []


def withheld(checklist: Sequence[Requirement], beliefs: Sequence[Belief]) -> list[Belief]:
    """The beliefs, less what would pass a picture unconfirmed: its lightest unconfirmed requirement is left unsure.

    One is enough. The others keep what the picture is worth beside others, of which a single look is believed too.
    """
    held, open_ = list(beliefs), unconfirmed(beliefs)
    if open_ and not disputed(beliefs):
        lightest = min(open_, key=lambda i: checklist[i]["weight"])
        held[lightest] = Belief(**{**held[lightest], "answer": "unsure"})
    return held


def unconfirmed(beliefs: Sequence[Belief]) -> list[int]:
    """Places to look at again before a picture may pass: those believed on a single look, when all else holds."""
    if any(b["answer"] == "no" for b in beliefs):
        return []
    return [i for i, b in enumerate(beliefs) if len(b["looks"]) < 2]
