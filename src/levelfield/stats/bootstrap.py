"""How sure a mean over items is, whatever their distribution: the percentile bootstrap (B. Efron, 1979)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["mean_interval"]

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
