"""What only the page says of the outcomes: the result in a sentence, all paired tests, which pictures beat which."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from overpaint.evaluation.asked import NO_TERMS, Terms
from overpaint.evaluation.grids import grid, probability, share
from overpaint.evaluation.nouns import Outcome, Score
from overpaint.evaluation.standing import PLACES, REFERENCE, beats
from overpaint.evaluation.statistics import against_best, by_preset, paired, ranked, success
from overpaint.graph.state import Receipt, add_receipts, empty_receipt
from overpaint.phrases import clean, counted, percent


def headline(outcomes: Sequence[Outcome], terms: Terms = NO_TERMS) -> str:
    """The result in one sentence: the best preset, and how sure it is that it beats the next; or why there is none."""
    if not outcomes:
        return "No brief has been run yet."
    if all(outcome["status"] == "failed" for outcome in outcomes):
        return f"All runs failed ({len(outcomes):,}). The first: {clean(outcomes[0]['error'] or 'unknown', 300)}"
    told = terms.told(outcomes)
    if not told:
        return "Nobody judged these pictures: there is no success to tell."
    if terms.ways:
        return "Each preset was judged in a way of its own: their success cannot be compared."
    best, *others = ranked(told)
    found, test = by_preset(told), against_best(told)[best]
    said = f"{clean(best, 60)} succeeds on {percent(success(found[best]).mean)} of {counted(len(found[best]), 'brief')}"
    if test is None:
        return f"{said}."
    return f"{said}, {clean(others[0], 60)} on {percent(success(found[others[0]]).mean)} (p = {probability(test.p)})."


def paired_table(outcomes: Sequence[Outcome]) -> str:
    """Every preset against every other, the better one first, on the briefs that both have."""
    found = by_preset(outcomes)
    tests = [paired(found[first], found[second]) for first, second in combinations(ranked(outcomes), 2)]
    rows = [[f"{t.first} against {t.second}", str(t.n10), str(t.n01), str(t.shared), probability(t.p)] for t in tests]
    notes = [
        f"McNemar's exact test, two-sided, on whole runs; {counted(len(tests), 'test')}, not corrected for their"
        f" number. By Bonferroni's correction, those with p below {0.05 / max(1, len(tests)):.2g} hold at 5% together."
    ]
    return grid("Paired tests", ["presets", "only the first right", "only the second", "briefs", "p"], rows, notes)


def shares_table(outcomes: Sequence[Outcome], scores: Sequence[Score], scorer: str) -> str:
    """Shares of briefs where the stopped, chosen, best and last picture beat the first and the reference.

    Args:
        outcomes: of any presets.
        scores: of the scorer.
        scorer: its name.
    """
    against = ["first", *([REFERENCE] if any(score["shot"] == REFERENCE for score in scores) else [])]
    found = {other: beats(outcomes, scores, other) for other in against}
    pairs = [(place, other) for other in against for place in PLACES if place != other]
    rows = [
        [preset, *(share(found[other][preset][place].share) for place, other in pairs)]
        for preset in by_preset(outcomes)
    ]
    notes = [
        "A brief counts where both pictures have a value; equal values are no win. stopped: what the run held when its"
        " loop ended; chosen: what it delivered; best: the picture that this scorer values most."
    ]
    head = ["preset", *(f"{place} > {other}" for place, other in pairs)]
    return grid(f"Briefs in % where one picture of a run beats another, by {scorer}", head, rows, notes)


def spent(outcomes: Sequence[Outcome]) -> Receipt:
    """What all runs together spent."""
    total = empty_receipt()
    for outcome in outcomes:
        total = add_receipts(total, outcome["receipt"])
    return total
