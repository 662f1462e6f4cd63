"""Rates with their intervals, and the tables of the bench."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from runs import End, Outcome

RESAMPLES = 10_000
SEED = 0
BATCH = 500


@dataclass(frozen=True)
class Rate:
    """A mean over briefs and its 95% interval, all 0 to 1."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{100 * self.mean:.1f} [{100 * self.low:.0f}, {100 * self.high:.0f}]"


def bootstrap(values: Sequence[float], resamples: int = RESAMPLES, seed: int = SEED) -> Rate:
    """The mean with its 95% interval: the middle 95% of means of resamples (Efron's percentile bootstrap).

    Args:
        values: one per brief.
        resamples: how many times as many values are drawn with replacement.
        seed: of those draws.

    Raises:
        ValueError: there are no values.
    """
    if not values:
        raise ValueError("no values to take the mean of")
    data, rng = np.asarray(values, np.float64), np.random.default_rng(seed)
    batches = [min(BATCH, resamples - at) for at in range(0, resamples, BATCH)]
    means = np.concatenate([data[rng.integers(0, len(data), (n, len(data)))].mean(axis=1) for n in batches])
    low, high = np.quantile(means, (0.025, 0.975))
    return Rate(float(data.mean()), float(low), float(high))


def success(outcomes: Iterable[Outcome], preset: str, budget: int, *, judged: bool = False) -> Rate:
    """How often a preset delivers a right picture within a budget; with `judged`, how often its judge says so."""
    ends = _ends(outcomes, preset, budget)
    return bootstrap([float(end["judged"] if judged else end["right"]) for end in ends])


def per_success(outcomes: Iterable[Outcome], preset: str, budget: int) -> float:
    """Pictures painted for each brief that ended right; infinite where none did."""
    ends = _ends(outcomes, preset, budget)
    right = sum(end["right"] for end in ends)
    return sum(end["images"] for end in ends) / right if right else float("inf")


def summary(outcomes: Sequence[Outcome]) -> dict[str, dict[str, float]]:
    """Success by preset and budget."""
    return {
        preset: {str(b): round(success(outcomes, preset, b).mean, 4) for b in budgets_of(outcomes)}
        for preset in presets_of(outcomes)
    }


def tables(outcomes: Sequence[Outcome], noise: float) -> str:
    """All tables, as Markdown: success, with a noisy judge also what it claims, pictures per success, and by kind."""
    budgets = budgets_of(outcomes)
    parts = [
        _by_budget("Success in % of briefs, with 95% intervals", outcomes, lambda p, b: str(success(outcomes, p, b)))
    ]
    if noise:
        title = f"The judge, of whose answers {noise:.0%} are flipped, says that all holds, in % of briefs"
        parts.append(_by_budget(title, outcomes, lambda p, b: str(success(outcomes, p, b, judged=True))))
    parts.append(
        _by_budget("Pictures painted per success", outcomes, lambda p, b: f"{per_success(outcomes, p, b):.2f}")
    )
    for budget in [b for b in budgets if b in (8, 16)] or budgets[-1:]:
        title = f"Success in % by {{}}, at {budget} picture{'s' if budget > 1 else ''}"
        parts.append(_by_kind(title.format("category"), outcomes, budget, lambda o: o["category"]))
        parts.append(_by_kind(title.format("number of objects"), outcomes, budget, lambda o: o["objects"]))
        parts.append(_by_kind(title.format("size of brief"), outcomes, budget, _size))
    parts.append(agreement(outcomes))
    return "\n\n".join(parts)


def agreement(outcomes: Sequence[Outcome]) -> str:
    """How often judge and second inspector differ on what was delivered at the largest budget, in a sentence."""
    ends = [o["ends"][str(budgets_of(outcomes)[-1])] for o in outcomes]
    differ = sum(end["right"] != end["judged"] for end in ends)
    right, judged = (100 * sum(end[by] for end in ends) / len(ends) for by in ("right", "judged"))
    return (
        f"Judge and second inspector differ on {differ} of {len(ends)} delivered pictures: "
        f"{judged:.1f}% are right by the one, {right:.1f}% by the other."
    )


def budgets_of(outcomes: Sequence[Outcome]) -> list[int]:
    """The budgets of a bench, ascending."""
    return sorted(int(budget) for budget in outcomes[0]["ends"])


def presets_of(outcomes: Iterable[Outcome]) -> list[str]:
    """The presets of a bench, in the order given."""
    return list(dict.fromkeys(outcome["preset"] for outcome in outcomes))


def grid(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table under its title, columns aligned to be read as text too; all but the first to the right."""
    cells = [list(head), *map(list, rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["| " + " | ".join(_padded(row, widths)) + " |" for row in cells]
    rule = [("-" * width if at == 0 else "-" * (width - 1) + ":") for at, width in enumerate(widths)]
    return "\n".join([f"**{title}**", "", lines[0], f"| {' | '.join(rule)} |", *lines[1:]])


def _padded(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    return [cell.ljust(w) if at == 0 else cell.rjust(w) for at, (cell, w) in enumerate(zip(row, widths, strict=True))]


def _by_budget(title: str, outcomes: Sequence[Outcome], cell: Callable[[str, int], str]) -> str:
    budgets = budgets_of(outcomes)
    rows = [[preset, *(cell(preset, budget) for budget in budgets)] for preset in presets_of(outcomes)]
    return grid(title, ["preset", *map(str, budgets)], rows)


def _by_kind(title: str, outcomes: Sequence[Outcome], budget: int, kind: Callable[[Outcome], Hashable]) -> str:
    kinds = sorted({kind(o) for o in outcomes}, key=lambda k: _order(outcomes, kind, k))
    rows = []
    for preset in presets_of(outcomes):
        some = [[o for o in outcomes if kind(o) == k] for k in kinds]
        rows.append([preset, *(f"{100 * success(s, preset, budget).mean:.0f}" for s in some)])
    counts = [str(len({o["brief"] for o in outcomes if kind(o) == k})) for k in kinds]
    return grid(title, ["preset", *map(str, kinds)], [*rows, ["(briefs)", *counts]])


def _size(outcome: Outcome) -> str:
    return "six to eight things" if outcome["objects"] >= 6 else "fewer"


def _order(outcomes: Sequence[Outcome], kind: Callable[[Outcome], Hashable], wanted: Hashable) -> tuple[int, str]:
    """Numbers by value, categories as the set lists them: by the first brief of each."""
    return (wanted, "") if isinstance(wanted, int) else (0, min(o["brief"] for o in outcomes if kind(o) == wanted))


def _ends(outcomes: Iterable[Outcome], preset: str, budget: int) -> list[End]:
    return [o["ends"][str(budget)] for o in outcomes if o["preset"] == preset]
