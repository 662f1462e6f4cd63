"""The charts of an experiment: success against budget, what each scorer says, and how the runs went."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean
from xml.etree import ElementTree as ET

from overpaint.evaluation.asked import NO_TERMS, Terms
from overpaint.evaluation.bars import Row, columns_chart, rows_chart
from overpaint.evaluation.charts import Series
from overpaint.evaluation.curves import curve_chart
from overpaint.evaluation.exporting_results import Scores
from overpaint.evaluation.nouns import Outcome, Score
from overpaint.evaluation.standing import REFERENCE, Values, best_indices, mean_by_round, stop_rounds
from overpaint.evaluation.statistics import basis, budgets_of, by_preset, curves, rate

JUDGE = "judge"
"""What the scores that the runs' own judges gave are called beside those of scorers."""
EACH = 16
"""Up to so many pictures, success is drawn at each number of them."""


def judged(outcomes: Iterable[Outcome]) -> list[Score]:
    """The judge's own scores in the form of a scorer's, so that they can be shown beside those of others."""
    return [
        Score(
            preset=outcome["preset"],
            row=outcome["row"],
            shot=shot["id"],
            value=shot["score"],
            fault=None if shot["score"] is not None else "not judged",
            detail={},
        )
        for outcome in outcomes
        for shot in outcome["shots"]
        if shot["picture"]
    ]


def heading(name: str) -> str:
    """What a scorer is called in headings."""
    return "judge (each preset's own)" if name == JUDGE else name


def success_figure(outcomes: Sequence[Outcome], terms: Terms = NO_TERMS) -> ET.Element:
    """Success against budget, where there is any to tell: at every number of pictures up to EACH, at some beyond."""
    budgets = budgets_of(outcomes)
    shown = list(range(1, budgets[-1] + 1)) if budgets and budgets[-1] <= EACH else budgets
    series = [
        Series(preset, {} if preset in terms.unjudged else rates) for preset, rates in curves(outcomes, shown).items()
    ]
    y = f"share of briefs with success, {basis(outcomes)}"
    return curve_chart("Success against budget", series, x="pictures, at most", y=y, shares=True)


def scorer_figure(name: str, outcomes: Sequence[Outcome], scores: Sequence[Score]) -> ET.Element:
    """What a scorer gives the pictures delivered, and the first ones of the same runs (hollow)."""
    rows = _rows(outcomes, Values(scores))
    references = {s["row"]: s["value"] for s in scores if s["shot"] == REFERENCE and s["value"] is not None}
    if references:
        rows.append(Row("reference pictures", len(by_preset(outcomes)), rate(list(references.values()))))
    return rows_chart(
        f"{heading(name)} by preset",
        [("", rows)],
        x=f"{name}, mean of the pictures delivered; hollow: of the first; in brackets: briefs",
    )


def combined_figure(outcomes: Sequence[Outcome], scores: Scores) -> ET.Element:
    """All scorers on one axis: each one's lowest value of any picture of the experiment is 0, its highest 1."""
    groups = [(heading(name), _rows(outcomes, Values(scaled(some)))) for name, some in scores.items()]
    return rows_chart(
        "All scorers", groups, x="mean of the pictures delivered, scaled; hollow: of the first; in brackets: briefs"
    )


def rounds_figure(name: str, outcomes: Sequence[Outcome], scores: Sequence[Score]) -> ET.Element:
    """The mean a scorer gives in each round."""
    series = [Series(preset, rates) for preset, rates in mean_by_round(outcomes, scores).items()]
    return curve_chart(
        f"Mean {heading(name)} in each round", series, x="round", y=f"{heading(name)}, mean", shares=False
    )


def stop_figures(outcomes: Sequence[Outcome]) -> list[ET.Element]:
    """In which round the runs of each preset ended, one chart each."""
    counts = {
        preset: {at: n for at, n in some.items() if at is not None} for preset, some in stop_rounds(outcomes).items()
    }
    return _columns(counts, "round it ended in")


def best_figures(outcomes: Sequence[Outcome], scores: Sequence[Score]) -> list[ET.Element]:
    """Which picture of each run is the best by a scorer, one chart for each preset."""
    return _columns(best_indices(outcomes, scores), "index of the best picture")


def scaled(scores: Iterable[Score]) -> list[Score]:
    """The scores of one scorer, moved and stretched to reach from 0 to 1; all 0 where they are all the same."""
    known = list(scores)
    values = [score["value"] for score in known if score["value"] is not None]
    low, span = (min(values), max(values) - min(values)) if values else (0.0, 0.0)
    return [
        {**score, "value": None if score["value"] is None else (score["value"] - low) / (span or 1.0)}
        for score in known
    ]


def _rows(outcomes: Sequence[Outcome], values: Values) -> list[Row]:
    rows = []
    for index, (preset, some) in enumerate(by_preset(outcomes).items()):
        pairs = [(places["chosen"], places["first"]) for places in map(values.places, some)]
        chosen = [value for value, _ in pairs if value is not None]
        first = [before for value, before in pairs if value is not None and before is not None]
        if chosen:
            # A scorer of delivered pictures alone has too few first ones to compare with.
            rows.append(Row(preset, index, rate(chosen), fmean(first) if 2 * len(first) > len(chosen) else None))
    return rows


def _columns(counts: Mapping[str, Mapping[int, int]], x: str) -> list[ET.Element]:
    most = max((n for some in counts.values() for n in some.values()), default=1)
    last = max((at for some in counts.values() for at in some), default=0)
    return [
        columns_chart(preset, index, some, x=x, most=most, last=last)
        for index, (preset, some) in enumerate(counts.items())
    ]
