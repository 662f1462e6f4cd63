"""The tables of an evaluation. Pure: outcomes and scores go in, Markdown comes out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from overpaint.evaluation.agreement import Confusion, Noise
from overpaint.evaluation.asked import NO_TERMS, Terms
from overpaint.evaluation.grids import NONE, grid, number, percent, probability, share
from overpaint.evaluation.intervals import FEW
from overpaint.evaluation.nouns import Outcome, Score
from overpaint.evaluation.standing import beats, best_indices, mean_by_round, stop_rounds
from overpaint.evaluation.statistics import (
    Cost,
    Paired,
    against_best,
    basis,
    budgets_of,
    by_preset,
    delivered,
    per_success,
    ranked,
    success,
    undecided,
)
from overpaint.phrases import counted

INTERVALS = (
    "Intervals are 95%: percentile bootstrap over briefs; Wilson's score interval where fewer than "
    f"{FEW} briefs succeed or fail."
)
UNDECIDED = f"{NONE}: a preset that paints several pictures a round holds none of them before the round ends."
EMPTY = "No brief has been run yet."


def summary_table(outcomes: Sequence[Outcome], *, budgets: Sequence[int] | None = None, terms: Terms = NO_TERMS) -> str:
    """The table to read first: per preset, best first, success by budget and what each success cost.

    Args:
        outcomes: of any presets; a preset may lack rows that another has.
        budgets: numbers of pictures to tell success at; 1, 2, 4, 8… up to the most that a run painted when None.
            Costs, order and tests are at the largest.
        terms: on which the presets can be compared.
    """
    if not outcomes:
        return EMPTY
    chosen = sorted(budgets or budgets_of(outcomes) or [1])
    found = by_preset(outcomes)
    tests = {} if terms.ways else against_best(terms.told(outcomes), chosen[-1])
    rows = [
        [
            preset,
            str(len(found[preset])),
            str(sum(outcome["status"] == "failed" for outcome in found[preset])),
            *_successes([] if preset in terms.unjudged else found[preset], chosen, tests.get(preset)),
        ]
        for preset in ranked(outcomes, chosen[-1])
    ]
    head = ["preset", "briefs", "failed", *(f"% at {budget}" for budget in chosen), "p", *_COST_HEAD]
    title = f"Success in % of briefs, {basis(outcomes)}, by pictures painted at most"
    return grid(title, head, rows, [*_notes(outcomes, chosen, tests, terms), *terms.notes])


def success_table(outcomes: Sequence[Outcome], budgets: Sequence[int] | None = None, *, judged: bool = False) -> str:
    """Success by budget with intervals; `judged`: as the judge claims it, also where the truth is known."""
    chosen = sorted(budgets or budgets_of(outcomes))
    rows = [
        [preset, *(_share(some, budget, judged=judged) for budget in chosen)]
        for preset, some in by_preset(outcomes).items()
    ]
    by = "by each preset's own judge" if judged else basis(outcomes)
    return grid(
        f"Success in % of briefs, {by}, by pictures painted at most", ["preset", *map(str, chosen)], rows, [INTERVALS]
    )


def cost_table(outcomes: Sequence[Outcome], budgets: Sequence[int] | None = None) -> str:
    """Pictures painted for each success, by budget."""
    chosen = sorted(budgets or budgets_of(outcomes))
    rows = [[preset, *(_images(some, budget) for budget in chosen)] for preset, some in by_preset(outcomes).items()]
    return grid("Pictures painted per success, by pictures painted at most", ["preset", *map(str, chosen)], rows)


def category_table(outcomes: Sequence[Outcome], budget: int | None = None) -> str:
    """Success by category of brief; whole runs when no budget is given."""
    kinds = list(dict.fromkeys(outcome["category"] for outcome in outcomes))
    rows = []
    for preset, some in by_preset(outcomes).items():
        parts = [[outcome for outcome in some if outcome["category"] == kind] for kind in kinds]
        rows.append([preset, *(share(success(part, budget).mean) if part else NONE for part in parts)])
    counts = [str(len({o["row"] for o in outcomes if o["category"] == kind})) for kind in kinds]
    title = f"Success in % of briefs, {basis(outcomes)}, by category{_at(budget)}"
    return grid(title, ["preset", *kinds], [*rows, ["(briefs)", *counts]])


def confusion_table(found: Mapping[str, Confusion]) -> str:
    """What each preset's judge said of pictures whose truth is known."""
    rows = [
        [
            preset,
            *map(str, (one.right_passed, one.right_failed, one.wrong_passed, one.wrong_failed, one.unjudged)),
            *map(share, (one.agreed, one.false_passes, one.false_fails)),
        ]
        for preset, one in found.items()
    ]
    head = [
        "preset", "right, passed", "right, failed", "wrong, passed", "wrong, failed", "unjudged", "agree %",
        "passed of wrong %", "failed of right %",
    ]  # fmt: skip
    notes = ["A picture that several runs painted counts for each."]
    return grid("The judge of each preset against the truth, in pictures", head, rows, notes)


def noise_line(noise: Noise) -> str:
    """How far the judge agrees with itself, in a sentence."""
    if not noise.asked_again:
        return "The judge was never asked the same twice."
    return (
        f"Asked the same of the same picture a second time, the judge changed {noise.changed} of "
        f"{noise.asked_again} answers ({share(noise.share)}%)."
    )


def standing_table(outcomes: Sequence[Outcome], scores: Sequence[Score], scorer: str, against: str = "first") -> str:
    """Shares of briefs where each picture of a run has a higher value than another.

    Args:
        outcomes: of any presets.
        scores: of the scorer.
        scorer: its name.
        against: as in `standing.beats`.
    """
    rows = [
        [preset, place, share(duel.share), str(duel.wins), str(duel.ties), str(duel.losses), str(duel.unscored)]
        for preset, duels in beats(outcomes, scores, against).items()
        for place, duel in duels.items()
    ]
    title = f"Which picture beats the {against}, by {scorer}, in % of briefs where both have a value"
    return grid(title, ["preset", "picture", "beats %", "wins", "ties", "losses", "unscored"], rows)


def rounds_table(outcomes: Sequence[Outcome], scores: Sequence[Score], scorer: str) -> str:
    """The mean value in each round, with the number of briefs that came so far."""
    means = mean_by_round(outcomes, scores)
    numbers = sorted({number for rounds in means.values() for number in rounds})
    rows = [
        [preset, *(f"{r.mean:.3f} ({r.briefs})" if (r := rounds.get(n)) else NONE for n in numbers)]
        for preset, rounds in means.items()
    ]
    notes = ["In brackets: briefs. Later rounds have only those that were not done before."]
    return grid(f"Mean {scorer} by round", ["preset", *map(str, numbers)], rows, notes)


def stop_table(outcomes: Sequence[Outcome]) -> str:
    """How many runs ended in each round."""
    return _histogram("Runs by the round they ended in, whatever ended them", stop_rounds(outcomes))


def best_table(outcomes: Sequence[Outcome], scores: Iterable[Score], scorer: str) -> str:
    """How often each picture of a run, counted from 0, is its best."""
    return _histogram(f"Runs by which picture is the best, by {scorer}, counted from 0", best_indices(outcomes, scores))


_COST_HEAD = ("pictures / success", "calls / success", "tokens / success", "seconds / success")


def _successes(outcomes: Sequence[Outcome], budgets: Sequence[int], test: Paired | None) -> list[str]:
    """Shares, test and costs of a preset; dashes without outcomes."""
    if not outcomes:
        return [NONE] * (len(budgets) + 1 + len(_COST_HEAD))
    shares = [_share(outcomes, budget) for budget in budgets]
    return [*shares, _p(test), *_costs(per_success(outcomes, budgets[-1]))]


def _share(outcomes: Sequence[Outcome], budget: int, *, judged: bool = False) -> str:
    return NONE if undecided(outcomes, budget) else percent(success(outcomes, budget, judged=judged))


def _images(outcomes: Sequence[Outcome], budget: int) -> str:
    return NONE if undecided(outcomes, budget) else number(per_success(outcomes, budget).images)


def _costs(cost: Cost) -> list[str]:
    return [number(cost.images), number(cost.calls), number(cost.tokens, 0), number(cost.seconds)]


def _p(test: Paired | None) -> str:
    return probability(test.p if test and test.shared else None)


def _at(budget: int | None) -> str:
    return "" if budget is None else f", at {counted(budget, 'picture')}"


def _notes(
    outcomes: Sequence[Outcome], budgets: Sequence[int], tests: Mapping[str, Paired | None], terms: Terms
) -> list[str]:
    budget = budgets[-1]
    notes = [INTERVALS, f"What a success cost is told at {budget}; a failed run is no success."]
    if any(undecided(some, at) for some in by_preset(terms.told(outcomes)).values() for at in budgets):
        notes.append(UNDECIDED)
    best = next((test for test in tests.values() if test), None)
    if best:
        notes.append(
            f"p: McNemar's exact test on the briefs that both have, at {budget}, two-sided, against {best.first} "
            f"({best.first}: against {best.second}); not corrected for the number of presets."
        )
    if len({frozenset(o["row"] for o in some) for some in by_preset(outcomes).values()}) > 1:
        notes.append("The presets were not run on the same briefs: only the tests compare the same ones.")
    unjudged = _unjudged(terms.told(outcomes))
    if unjudged:
        said = ", ".join(f"{preset} {count}" for preset, count in unjudged.items())
        notes.append(f"Delivered pictures that no judge passed or failed, counted as no success: {said}.")
    return notes


def _unjudged(outcomes: Iterable[Outcome]) -> Counter[str]:
    """Delivered pictures whose success hangs on a judge that said nothing, by preset."""
    shots = ((outcome["preset"], delivered(outcome)) for outcome in outcomes if outcome["truth"] is None)
    return Counter(preset for preset, shot in shots if shot and shot["passed"] is None)


def _histogram(title: str, counts: Mapping[str, Counter[Any]]) -> str:
    numbers = sorted({n for counter in counts.values() for n in counter if n is not None})
    heads = [*numbers, *([None] if any(None in counter for counter in counts.values()) else [])]
    rows = [[preset, *(str(counter[n]) for n in heads)] for preset, counter in counts.items()]
    return grid(title, ["preset", *("none" if n is None else str(n) for n in heads)], rows)
