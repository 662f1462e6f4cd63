"""How often a preset succeeds, what a success costs, and whether two presets differ by more than chance. Pure.

A brief is the unit of everything here: intervals are over briefs, and tests pair the same brief under two presets.

A run's success at a budget of k pictures is that of the champion it held after at most k pictures; where the whole run
fits into the budget it is that of the picture delivered. A row whose truth is known goes by the truth, any other by the
judge, for whom an unjudged picture has not passed. A failed run is no success at any budget, and what it spent counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf, isinf

from overpaint.evaluation.extras import extra
from overpaint.evaluation.intervals import interval
from overpaint.evaluation.nouns import Outcome, Shot, Stage


@dataclass(frozen=True)
class Rate:
    """A mean over so many briefs with its 95% interval."""

    mean: float
    low: float
    high: float
    briefs: int


@dataclass(frozen=True)
class Cost:
    """Pictures, model calls, tokens and seconds: of one run in sum, or for each success (infinite without one)."""

    images: float
    calls: float
    tokens: float
    seconds: float


@dataclass(frozen=True)
class Paired:
    """Two presets on the briefs they share: how many only the first, or only the second, had right.

    `p` is that of McNemar's exact test, two-sided; 1 where no brief tells them apart.
    """

    first: str
    second: str
    shared: int
    n10: int
    n01: int
    p: float


def rate(values: Sequence[float]) -> Rate:
    """The mean of one value per brief, with the interval of `intervals.interval`.

    Args:
        values: 1 or 0 for success, or any score.

    Raises:
        ValueError: there are no values.
        BadInput: numpy or scipy is missing.
    """
    if not values:
        raise ValueError("no values to take the mean of")
    low, high = interval(values)
    return Rate(sum(values) / len(values), low, high, len(values))


def by_preset(outcomes: Iterable[Outcome]) -> dict[str, list[Outcome]]:
    """The outcomes of each preset, in the order the presets come first."""
    found: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        found.setdefault(outcome["preset"], []).append(outcome)
    return found


def budgets_of(outcomes: Iterable[Outcome]) -> list[int]:
    """1, 2, 4, 8 and so on below the most pictures that a run painted, and that number."""
    most = max((outcome["receipt"]["images"] for outcome in outcomes), default=0)
    return [2**k for k in range(most.bit_length()) if 2**k < most] + ([most] if most else [])


def basis(outcomes: Iterable[Outcome]) -> str:
    """What success goes by: "by ground truth", "by the judge", or both where rows differ."""
    known = {outcome["truth"] is not None for outcome in outcomes if outcome["status"] != "failed"}
    if known == {True, False}:
        return "by ground truth where it is known, else by the judge"
    return "by ground truth" if known == {True} else "by the judge"


def succeeded(outcome: Outcome, budget: int | None = None, *, judged: bool = False) -> bool:
    """Whether a run had success.

    Args:
        outcome: of the run.
        budget: most pictures; the whole run when None.
        judged: go by the judge, also where the truth is known.
    """
    if outcome["status"] == "failed":
        return False
    picture, passed = _held(outcome, budget)
    if judged or outcome["truth"] is None:
        return passed
    return picture is not None and outcome["truth"].get(picture, False)


def success(outcomes: Sequence[Outcome], budget: int | None = None, *, judged: bool = False) -> Rate:
    """The share of briefs with success. The arguments are those of `succeeded`.

    Raises:
        ValueError: there are no outcomes.
    """
    return rate([float(succeeded(outcome, budget, judged=judged)) for outcome in outcomes])


def undecided(outcomes: Sequence[Outcome], budget: int) -> bool:
    """Whether most runs of a preset had painted all pictures of a budget, and decided nothing yet.

    So it is where a round paints more pictures than the budget has: no success can be told there.
    """
    return 2 * sum(_is_undecided(outcome, budget) for outcome in outcomes) > len(outcomes)


def curves(outcomes: Sequence[Outcome], budgets: Sequence[int] | None = None) -> dict[str, dict[int, Rate]]:
    """Success by preset and budget, where it is decided; at the budgets of `budgets_of` when None."""
    chosen = budgets_of(outcomes) if budgets is None else budgets
    return {
        preset: {budget: success(some, budget) for budget in chosen if not undecided(some, budget)}
        for preset, some in by_preset(outcomes).items()
    }


def spent(outcome: Outcome, budget: int | None = None) -> Cost:
    """What a run had spent when it held what `succeeded` looks at; `seconds` are wall seconds for a whole run."""
    if budget is None or outcome["receipt"]["images"] <= budget:
        receipt = outcome["receipt"]
        return Cost(receipt["images"], receipt["calls"], receipt["tokens"], outcome["seconds"])
    stage = _stage(outcome, budget)
    return Cost(stage["images"], stage["calls"], stage["tokens"], stage["seconds"]) if stage else Cost(0, 0, 0, 0.0)


def per_success(outcomes: Sequence[Outcome], budget: int | None = None) -> Cost:
    """All that was spent over the number of successes; infinite where there was none."""
    costs = [spent(outcome, budget) for outcome in outcomes]
    right = sum(succeeded(outcome, budget) for outcome in outcomes)
    images, calls, tokens, seconds = (
        sum(getattr(cost, name) for cost in costs) / right if right else inf
        for name in ("images", "calls", "tokens", "seconds")
    )
    return Cost(images, calls, tokens, seconds)


def paired(first: Sequence[Outcome], second: Sequence[Outcome], budget: int | None = None) -> Paired:
    """Compare two presets on the rows that both have, by McNemar's exact test.

    Args:
        first: outcomes of one preset.
        second: of another, or of the same in another experiment.
        budget: most pictures; whole runs when None.

    Raises:
        ValueError: one of them has no outcomes.
    """
    if not first or not second:
        raise ValueError("no outcomes to compare")
    left, right = ({o["row"]: succeeded(o, budget) for o in some} for some in (first, second))
    shared = left.keys() & right.keys()
    n10 = sum(left[row] and not right[row] for row in shared)
    n01 = sum(right[row] and not left[row] for row in shared)
    return Paired(first[0]["preset"], second[0]["preset"], len(shared), n10, n01, mcnemar(n10, n01))


def mcnemar(n10: int, n01: int) -> float:
    """The two-sided p of McNemar's exact test: whether the discordant briefs fall to either side as a fair coin would.

    Args:
        n10: briefs that only the first had right.
        n01: briefs that only the second had right.
    """
    stats = extra("scipy.stats", "a test of statistics")
    return float(stats.binomtest(n10, n10 + n01).pvalue) if n10 + n01 else 1.0


def ranked(outcomes: Sequence[Outcome], budget: int | None = None) -> list[str]:
    """The presets by success, the best first; equals by pictures per success, then in the order given."""

    def standing(item: tuple[str, list[Outcome]]) -> tuple[float, float]:
        share = sum(succeeded(outcome, budget) for outcome in item[1]) / len(item[1])
        return -share, per_success(item[1], budget).images

    return [preset for preset, _ in sorted(by_preset(outcomes).items(), key=standing)]


def against_best(outcomes: Sequence[Outcome], budget: int | None = None) -> dict[str, Paired | None]:
    """Each preset paired with the best other one, by rank; None for one that is alone."""
    found, order = by_preset(outcomes), ranked(outcomes, budget)
    rivals = {preset: next((other for other in order if other != preset), None) for preset in order}
    return {p: paired(found[p], found[rival], budget) if rival else None for p, rival in rivals.items()}


def finite(value: float) -> float | None:
    """The value, or None where it is infinite, which JSON and Parquet readers do not take well."""
    return None if isinf(value) else value


def delivered(outcome: Outcome) -> Shot | None:
    """The candidate that the run delivered, if any."""
    return next((shot for shot in outcome["shots"] if shot["id"] == outcome["chosen"]), None)


def _held(outcome: Outcome, budget: int | None) -> tuple[str | None, bool]:
    """The picture a run held at a budget, and whether its judge had passed it."""
    if budget is None or outcome["receipt"]["images"] <= budget:
        shot = delivered(outcome)
        return (shot["picture"], shot["passed"] is True) if shot else (None, False)
    stage = _stage(outcome, budget)
    return (stage["picture"], stage["passed"]) if stage else (None, False)


def _stage(outcome: Outcome, budget: int) -> Stage | None:
    """The last stage within a budget."""
    return next((stage for stage in reversed(outcome["stages"]) if stage["images"] <= budget), None)


def _is_undecided(outcome: Outcome, budget: int) -> bool:
    if outcome["status"] == "failed" or outcome["receipt"]["images"] <= budget:
        return False
    stage = _stage(outcome, budget)
    return stage is None or stage["images"] == 0
