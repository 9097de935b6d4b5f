"""How sure a comparison of two runs is: intervals of quantiles and rates from raw records, and of their ratio.

Values that follow each other in a run depend on each other: a slow spell makes many of them slow. So the spread is
taken from means of consecutive batches, which hardly do (batch means: A. Law, "Simulation Modeling", 9.5.3).
A bootstrap over blocks would answer the same question by sorting millions of values hundreds of times, and with random
numbers; this takes one pass, and gives the same answer each time.

* Quantile: the share of values beyond it is a mean, whose interval the ordered values turn into one of the quantile
  (R. Woodruff, "Confidence intervals for medians and other position measures", 1952).
* Rate: the time that a batch takes is held against its share of the whole (ratio estimator).
* Ratio of two: the distances of both ends are combined on a logarithmic axis (MOVER: G. Zou and A. Donner,
  "Construction of confidence limits about effect measures", 2008), which keeps intervals lopsided that are.

All intervals are of 95 %.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from levelfield.stats.percentile import percentile_index

__all__ = [
    "Interval",
    "chance_outside",
    "paired_ratio",
    "quantile_interval",
    "rate_interval",
    "ratio_interval",
    "student_t_975",
]

Z_975 = 1.959963984540054
MOST_BATCHES = 30
LEAST_BATCHES = 5
LEAST_PER_BATCH = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """An estimate and its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def log_sd(self) -> float:
        """The standard deviation of the logarithm that an interval of this width belongs to."""
        return (math.log(self.high) - math.log(self.low)) / (2 * Z_975)


def quantile_interval(values: NDArray[np.integer], fraction: float) -> Interval | None:
    """The interval of a quantile of values in the order in which they were taken.

    Args:
        values: (n,) in order of time; all above 0.
        fraction: Which quantile, by LoadGen's index (no interpolation).

    Returns:
        ``None`` where there are too few values for an interval.
    """
    count = len(values)
    batches = min(MOST_BATCHES, count // LEAST_PER_BATCH)
    if batches < LEAST_BATCHES:
        return None
    ascending = np.sort(values)
    at = percentile_index(count, fraction)
    beyond = (values > ascending[at]).astype(np.float64)
    size = count // batches
    means = beyond[: size * batches].reshape(batches, size).mean(axis=1)
    # Never narrower than if the values did not depend on each other: few batches may agree by chance.
    independent = fraction * (1 - fraction) / count
    error = math.sqrt(max(float(means.var(ddof=1)) / batches, independent)) * student_t_975(batches - 1)
    if fraction + error >= 1:  # no value bounds it from above
        return None
    low = max(math.floor(count * (fraction - error)), 0)
    high = min(math.ceil(count * (fraction + error)), count - 1)
    return Interval(value=float(ascending[at]), low=float(ascending[low]), high=float(ascending[high]))


def rate_interval(completions_ns: NDArray[np.integer]) -> Interval | None:
    """The interval of completions per second, from the start until the last one.

    Args:
        completions_ns: (n,) when each sample was complete, from the start; in any order. Samples of one call share a
            time, and are not taken apart.

    Returns:
        ``None`` where completions came at too few different times.
    """
    if not len(completions_ns):
        return None
    times, counts = np.unique(completions_ns, return_counts=True)
    batches = min(MOST_BATCHES, len(times) // 2)
    if batches < LEAST_BATCHES or times[0] <= 0:
        return None
    done = np.cumsum(counts)
    total, end = int(done[-1]), float(times[-1])
    ends = np.unique(np.searchsorted(done, np.arange(1, batches + 1) * total / batches))
    took = np.diff(times[ends].astype(np.float64), prepend=0.0)
    share = np.diff(done[ends], prepend=0) / total
    residual = took - share * end
    batches = len(ends)
    error = math.sqrt(batches / (batches - 1) * float((residual**2).sum())) / end * student_t_975(batches - 1)
    rate = total / end * 1e9
    return Interval(value=rate, low=rate * math.exp(-error), high=rate * math.exp(error))


def ratio_interval(test: Interval, reference: Interval) -> Interval:
    """The interval of ``test / reference``, which do not depend on each other."""
    t, r = math.log(test.value), math.log(reference.value)
    below = math.hypot(t - math.log(test.low), math.log(reference.high) - r)
    above = math.hypot(math.log(test.high) - t, r - math.log(reference.low))
    return Interval(value=math.exp(t - r), low=math.exp(t - r - below), high=math.exp(t - r + above))


def paired_ratio(ratios: Sequence[float]) -> Interval | None:
    """The geometric mean of ratios that were each measured side by side; ``None`` for fewer than two.

    What changes slowly about the machine is in both halves of a pair and drops out; what changes from run to run is in
    the interval, unlike in one that is taken from the inside of two runs.
    """
    count = len(ratios)
    if count < 2:
        return None
    logs = np.log(np.asarray(ratios, np.float64))
    mean = float(logs.mean())
    error = float(logs.std(ddof=1)) / math.sqrt(count) * student_t_975(count - 1)
    return Interval(value=math.exp(mean), low=math.exp(mean - error), high=math.exp(mean + error))


def chance_outside(log_sd: float, low: float, high: float) -> float:
    """The probability that a ratio whose true value is 1 falls outside of bounds.

    Args:
        log_sd: Standard deviation of its logarithm.
        low: The lower bound, below 1; 0 = none.
        high: The upper bound, above 1; infinity = none.
    """
    if log_sd <= 0:
        return 0.0
    below = _upper_tail(-math.log(low) / log_sd) if low > 0 else 0.0
    above = _upper_tail(math.log(high) / log_sd) if math.isfinite(high) else 0.0
    return below + above


def _upper_tail(z: float) -> float:
    return 0.5 * math.erfc(z / math.sqrt(2))


def student_t_975(freedom: int) -> float:
    """The 97.5 % quantile of Student's t, to a thousandth (Abramowitz and Stegun 26.7.5).

    Raises:
        ValueError: ``freedom`` is below 1.
    """
    if freedom < 1:
        raise ValueError(f"freedom: found {freedom}, expected 1 or more.")
    if freedom < 3:  # where the expansion is poor, and the exact values are short
        return (12.706204736432095, 4.302652729696142)[freedom - 1]
    z, v = Z_975, float(freedom)
    return (
        z
        + (z**3 + z) / (4 * v)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * v**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * v**3)
        + (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / (92160 * v**4)
    )
