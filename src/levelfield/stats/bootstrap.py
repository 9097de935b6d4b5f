"""How sure a mean over items is, whatever their distribution: the percentile bootstrap (B. Efron, 1979)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["mean_interval", "olympic_interval"]

RESAMPLES = 2_000
_AT_ONCE = 100
_SEED = 20220406
"""Fixed: the same items always give the same interval."""


def mean_interval(values: NDArray[np.float64]) -> tuple[float, float]:
    """The 95 % interval of the mean of independent items.

    Paired comparisons: give the differences of the pairs.

    Args:
        values: (items,), finite.

    Raises:
        ValueError: There is none.
    """
    if not len(values):
        raise ValueError("values: found none, expected one at least.")
    count = len(values)
    draws = np.random.Generator(np.random.PCG64(_SEED))
    means = np.concatenate(
        [values[draws.integers(0, count, (_AT_ONCE, count))].mean(axis=1) for _ in range(RESAMPLES // _AT_ONCE)]
    )
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def olympic_interval(good: NDArray[np.float64], *, failed: int, dropped: int) -> tuple[float, float] | None:
    """The 95 % interval of an olympic mean over runs, of which some failed and count as slower than all others.

    With five runs it is a rough guide: a bootstrap of so few is too narrow by a fifth or so.

    Args:
        good: (runs,), the times of those that count, finite.
        failed: How many do not count.
        dropped: How many are dropped at each end.

    Returns:
        The upper end is infinite where too many of the drawn runs would have failed too often for a score; ``None``
        where the runs have no score.
    """
    count = len(good) + failed
    if failed > dropped or count <= 2 * dropped:
        return None
    times = np.concatenate([good, np.full(failed, np.inf)])
    draws = np.random.Generator(np.random.PCG64(_SEED)).integers(0, count, (RESAMPLES, count))
    scores = np.sort(times[draws], axis=1)[:, dropped : count - dropped].mean(axis=1)
    low, high = np.quantile(scores, [0.025, 0.975], method="inverted_cdf")
    return float(low), float(high)
