"""Within which bounds a mean over briefs lies. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from overpaint.evaluation.extras import extra

RESAMPLES, SEED, BATCH = 10_000, 0, 500
FEW = 10
"""With fewer successes, or fewer failures, the bootstrap of a share is too narrow (to nothing at 0 and 1)."""


def interval(values: Sequence[float]) -> tuple[float, float]:
    """The 95% interval of the mean of one value per brief.

    It is the middle 95% of means of seeded resamples of the briefs (Efron's percentile bootstrap; of a share, such
    means are binomial, and drawn so). For a share with fewer than FEW successes or failures it is Wilson's score
    interval (Wilson 1927; recommended there by Brown, Cai and DasGupta 2001).

    Args:
        values: 1 or 0 for success, or any score.

    Raises:
        ValueError: there are no values.
        BadInput: numpy or scipy is missing.
    """
    if not values:
        raise ValueError("no values to take the mean of")
    if not set(values) <= {0, 1}:
        return _bootstrap(values)
    hits = int(sum(values))
    return _wilson(hits, len(values)) if min(hits, len(values) - hits) < FEW else _share(hits, len(values))


def _bootstrap(values: Sequence[float]) -> tuple[float, float]:
    np = extra("numpy", "an interval")
    data, rng = np.asarray(values, np.float64), np.random.default_rng(SEED)
    draws = (rng.integers(0, len(data), (BATCH, len(data))) for _ in range(RESAMPLES // BATCH))
    return _middle(np.concatenate([data[draw].mean(axis=1) for draw in draws]))


def _share(hits: int, briefs: int) -> tuple[float, float]:
    np = extra("numpy", "an interval")
    return _middle(np.random.default_rng(SEED).binomial(briefs, hits / briefs, RESAMPLES) / briefs)


def _middle(means: Any) -> tuple[float, float]:
    low, high = extra("numpy", "an interval").quantile(means, (0.025, 0.975))
    return float(low), float(high)


def _wilson(hits: int, briefs: int) -> tuple[float, float]:
    found = extra("scipy.stats", "an interval").binomtest(hits, briefs).proportion_ci(method="wilson")
    return float(found.low), float(found.high)
