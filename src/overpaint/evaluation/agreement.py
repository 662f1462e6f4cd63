"""How far a judge can be trusted: against the truth, and against itself. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from overpaint.evaluation.nouns import Outcome
from overpaint.graph.record import Record


@dataclass(frozen=True)
class Confusion:
    """Pictures whose truth is known, by what the judge said of them. `unjudged` are in no other count."""

    right_passed: int
    right_failed: int
    wrong_passed: int
    wrong_failed: int
    unjudged: int

    @property
    def agreed(self) -> float | None:
        """The share of judged pictures on which judge and truth agree; None without any."""
        judged = self.right_passed + self.right_failed + self.wrong_passed + self.wrong_failed
        return _share(self.right_passed + self.wrong_failed, judged)

    @property
    def false_passes(self) -> float | None:
        """The share of wrong pictures that the judge passed; None without wrong pictures."""
        return _share(self.wrong_passed, self.wrong_passed + self.wrong_failed)

    @property
    def false_fails(self) -> float | None:
        """The share of right pictures that the judge failed; None without right pictures."""
        return _share(self.right_failed, self.right_passed + self.right_failed)


@dataclass(frozen=True)
class Noise:
    """Answers of a judge that was asked the same of the same picture again, and how many of them changed."""

    asked_again: int
    changed: int

    @property
    def share(self) -> float | None:
        """The share that changed; None where nothing was asked again."""
        return _share(self.changed, self.asked_again)


def confusion(outcomes: Iterable[Outcome]) -> Confusion:
    """Judge against truth, over every picture whose truth is known; one that two runs painted counts for each."""
    found = [
        (outcome["truth"][shot["picture"]], shot["passed"])
        for outcome in outcomes
        if outcome["truth"]
        for shot in outcome["shots"]
        if shot["picture"] in outcome["truth"]
    ]
    return Confusion(
        right_passed=found.count((True, True)),
        right_failed=found.count((True, False)),
        wrong_passed=found.count((False, True)),
        wrong_failed=found.count((False, False)),
        unjudged=sum(passed is None for _, passed in found),
    )


def judge_noise(records: Iterable[Record]) -> Noise:
    """How often a judge's second look at a picture answers a requirement otherwise than its first; unsure is an answer.

    Later looks are left out: they are made because those two disagreed. A second look is made to confirm a pass and to
    check a few failures, so this is the noise at such pictures, not at all.
    """
    again = [
        belief["looks"]
        for record in records
        if record["verdict"]
        for belief in record["verdict"]["beliefs"]
        if len(belief["looks"]) > 1
    ]
    return Noise(len(again), sum(looks[0] != looks[1] for looks in again))


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
