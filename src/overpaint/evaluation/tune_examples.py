"""Which briefs of a harvest give examples, which choose between versions, which test the choice; sets of examples.

Bootstrap few-shot with random search, as in DSPy (Khattab et al., arXiv 2310.03714): examples are a program's own
successes, drawn at random several times, and the set that helps most on other briefs is kept.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import comb

from overpaint.evaluation.harvest_file import Taught
from overpaint.evaluation.nouns import Row
from overpaint.graph.templates import LONGEST
from overpaint.tools.faults import BadInput

FEWEST_UNSEEN = 6
"""With fewer, not even a version that is better on all of them has p < 0.05 in the paired exact test."""

_BEGIN = "{# examples #}"
_HEAD = """Here are briefs whose pictures came out right, each with the prompt that its picture was painted from.
Learn from them what this image model needs, and write for your own brief."""
_MEANING = re.compile(r"\{|<(?=!--)")
"""What begins something in a prompt file: a Jinja tag, the line between its parts."""


@dataclass(frozen=True)
class Group:
    """All that a harvest knows of one brief. `id` comes from the brief alone."""

    id: str
    taught: list[Taught]

    @property
    def row(self) -> Row:
        """The brief to be measured: with the checklist it was judged by, so that all versions are judged alike."""
        known = [one for one in self.taught if one.truth is not None] or self.taught
        first = known[0]
        return Row(
            id=self.id,
            brief=first.brief,
            category=first.category,
            requirements=first.requirements,
            pictures=[],
            captions=[],
            truth=first.truth,
        )

    @property
    def example(self) -> Taught | None:
        """The first run whose picture was right as it was painted, without edits afterwards."""
        return next((one for one in self.taught if one.success and one.edits == 0), None)


@dataclass(frozen=True)
class Split:
    """The briefs of a harvest, each in one part."""

    examples: list[Group]
    validation: list[Group]
    unseen: list[Group]


def split(lines: Iterable[Taught], holdout: float, limit: int | None = None) -> Split:
    """Divide briefs into parts by the sha256 of each, so that a later harvest leaves every brief where it was.

    Args:
        lines: of a harvest. Briefs that differ only in case and spaces are one.
        holdout: the share of briefs that are held back, half of them for validation and half unseen.
        limit: take so many briefs at most, drawn by their sha256; all when None.

    Raises:
        BadInput: too few are held back to measure anything.
    """
    groups: dict[str, list[Taught]] = {}
    for line in lines:
        groups.setdefault(" ".join(line.brief.casefold().split()), []).append(line)
    drawn = sorted(groups, key=lambda brief: _drawn("limit", brief))[:limit]
    found = Split([], [], [])
    for brief in drawn:
        at = _drawn("part", brief)
        part = found.unseen if at < holdout / 2 else found.validation if at < holdout else found.examples
        part.append(Group(hashlib.sha256(brief.encode()).hexdigest()[:16], groups[brief]))
    if len(found.unseen) < FEWEST_UNSEEN or not found.validation:
        raise BadInput(
            f"too few briefs to measure: of {len(drawn)}, {len(found.validation)} would be for validation and"
            f" {len(found.unseen)} unseen, and it takes {FEWEST_UNSEEN} unseen ones to tell anything; harvest more"
            " runs, or give a larger --holdout"
        )
    return found


def candidate_sets(groups: Sequence[Group], shots: int, count: int, room: int) -> list[list[Taught]]:
    """Different sets of examples, drawn with a fixed seed; fewer where there are not so many.

    Args:
        groups: the briefs that examples may come from.
        shots: examples in a set.
        count: how many sets.
        room: characters that a set may take, written as examples.

    Raises:
        BadInput: too few of them were successes.
    """
    pool = [example for group in groups if (example := group.example) and len(_written(example)) <= room // shots]
    if len(pool) < shots:
        raise BadInput(
            f"too few successes to learn from: {len(pool)} of the {len(groups)} briefs for examples came out right as"
            f" painted, by a prompt that is short enough, and a set takes {shots}; harvest more runs, or give fewer"
            " --shots or a smaller --holdout"
        )
    chance = random.Random(0)  # noqa: S311
    found: dict[frozenset[str], list[Taught]] = {}
    while len(found) < min(count, comb(len(pool), shots)):
        drawn = chance.sample(pool, shots)
        found.setdefault(frozenset(one.run for one in drawn), drawn)
    return list(found.values())


def without_examples(system: str) -> str:
    """The system text of a prompt, without what `with_examples` has added."""
    return system.partition(_BEGIN)[0].rstrip()


def with_examples(system: str, examples: Iterable[Taught]) -> str:
    """The system text of a prompt with examples at its end, in the place of those it had."""
    return "\n\n".join([without_examples(system), f"{_BEGIN}\n{_HEAD}", *map(_written, examples)])


def room_for_examples(system: str) -> int:
    """Characters that examples may take in this text."""
    return LONGEST - len(with_examples(system, []))


def literal(text: str) -> str:
    r"""Foreign text as a prompt file may hold it: it renders as itself, but for tags that it would close.

    Those are spelt `<\/`, as in every text that is filled into a prompt.
    """
    plain = text.replace("\r\n", "\n").replace("\r", "\n").replace("</", "<\\/")
    return _MEANING.sub(lambda found: f"{{{{ '{found[0]}' }}}}", plain)


def _written(example: Taught) -> str:
    brief, prompt = literal(example.brief), literal(example.prompt)
    return "\n".join(["<example>", "<brief>", brief, "</brief>", "<prompt>", prompt, "</prompt>", "</example>"])


def _drawn(purpose: str, brief: str) -> float:
    """A number from 0 to 1 that belongs to a brief."""
    return int.from_bytes(hashlib.sha256(f"{purpose}:{brief}".encode()).digest()[:8], "big") / 2**64
