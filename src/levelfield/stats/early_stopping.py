"""Early stopping: how many queries a percentile needs before it can be claimed with 99 % confidence.

Of ``n`` queries ``t`` exceed a bound. The claim "at least a fraction ``p`` of all queries is within the bound" may be
made when a system for which it is just false would show ``t`` or fewer with a probability below 1 %. That
probability, the regularised incomplete beta function ``I_p(n - t, t + 1)``, is the lower tail of a binomial
distribution and is computed as such: every term is positive, so nothing cancels.

Rule: inference rules, "Early stopping"; source: mlcommons/inference, ``loadgen/early_stopping.cc`` and
``PerformanceSummary::EarlyStopping``, at v2.0 and b66003e1. The reference scans ``t`` one by one; here it is searched.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

__all__ = [
    "CONFIDENCE",
    "estimate_index",
    "minimum_queries",
    "most_over_bound",
    "probability_of_at_most",
    "queries_for_share",
    "queries_needed",
    "successes_needed",
]

CONFIDENCE = 0.99

_RISK = 1 - CONFIDENCE
_Z = 2.3263478740408408
"""The 99 % quantile of the normal distribution; only a starting point of searches."""
_HALF_LOG_2PI = 0.9189385332046727
_TINY = 1e-300
"""In place of a denominator that is zero, as the method asks; its next step takes it back."""


def probability_of_at_most(failures: int, trials: int, success: float) -> float:
    """The probability of at most ``failures`` failures: ``I_success(trials - failures, failures + 1)``.

    Args:
        failures: 0 or more.
        trials: Independent trials.
        success: The probability of success of each, above 0 and below 1.
    """
    if failures >= trials:
        return 1.0
    failure = 1 - success
    if failures <= trials * failure:
        # Left of the mean the terms fall from here downwards, each a known fraction of the one before.
        return _term(failures, trials, failure) * _falling_sum(failures, trials, success)
    # Right of it the other tail is the short one.
    upper = _term(failures + 1, trials, failure) * _falling_sum(trials - failures - 1, trials, failure)
    return max(0.0, 1.0 - upper)


def _falling_sum(start: int, trials: int, success: float) -> float:
    """1 + t1 + t2 + …, the terms at ``start``, ``start - 1``, … as multiples of the first.

    It is computed as the continued fraction of the incomplete beta function, by Lentz's method: among millions of
    queries thousands of terms matter. Of the fraction it is tens of steps away from the mean, where verdicts are made,
    and at the mean itself still fewer than terms.
    """
    a, b = trials - start, start + 1
    failure = 1 - success
    # How far the mean is from the start, which is left of it; written so that among 1e18 trials it does not cancel.
    d = (a + 1) / (max(trials * failure - start, 0.0) + failure)
    c, total = 1.0, d
    step, change = 0, 0.0
    while abs(change - 1) > 1e-15:
        step += 1
        even, odd = a + 2 * step - 1, a + 2 * step
        term = step * (b - step) * success / (even * odd)
        d, c = 1 / (1 + term * d or _TINY), 1 + term / c or _TINY
        total *= d * c
        term = -(a + step) * (trials + 1 + step) * success / (odd * (odd + 1))
        d, c = 1 / (1 + term * d or _TINY), 1 + term / c or _TINY
        change = d * c
        total *= change
    return total * failure


def _term(k: int, n: int, q: float) -> float:
    """The probability of exactly ``k`` of ``n`` at probability ``q``, to about 14 digits at any size.

    C. Loader's saddle-point form ("Fast and accurate computation of binomial probabilities", 2000): the plain
    difference of log-gammas would lose eight digits at 1e8 queries.
    """
    if k == 0:
        return math.exp(n * math.log1p(-q))
    if k == n:
        return math.exp(n * math.log(q))
    exponent = _stirling_error(n) - _stirling_error(k) - _stirling_error(n - k)
    exponent -= _deviance(k, n * q) + _deviance(n - k, n * (1 - q))
    return math.exp(exponent) * math.sqrt(n / (2 * math.pi * k * (n - k)))


def _stirling_error(n: int) -> float:
    """ln(n!) minus Stirling's approximation of it."""
    if n < 16:
        return math.lgamma(n + 1.0) - (n + 0.5) * math.log(n) + n - _HALF_LOG_2PI
    square = float(n) * n
    return (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - 1 / 1188 / square) / square) / square) / square) / n


def _deviance(x: float, mean: float) -> float:
    """``x ln(x / mean) + mean - x`` without cancellation near ``x = mean``."""
    difference = x - mean
    if abs(difference) >= 0.1 * (x + mean):
        return x * math.log(x / mean) - difference
    v = difference / (x + mean)
    total = difference * v
    term = 2 * x * v
    j = 1
    while True:
        term *= v * v
        extended = total + term / (2 * j + 1)
        if extended == total:
            return total
        total = extended
        j += 1


def successes_needed(over_bound: int, percentile: float) -> int:
    """h(t): the fewest queries within the bound that outweigh ``over_bound`` queries over it.

    Args:
        over_bound: t, 0 or more.
        percentile: p as a fraction, for example 0.99.

    Raises:
        ValueError: An argument is out of range.
    """
    _check(percentile)
    if over_bound < 0:
        raise ValueError(f"over_bound: found {over_bound}, expected 0 or more.")
    guess = _queries_for(over_bound - _skew(percentile), percentile) - over_bound
    return _least(
        lambda h: probability_of_at_most(over_bound, h + over_bound, percentile) < _RISK, guess=max(guess, 1), floor=1
    )


def queries_needed(over_bound: int, percentile: float) -> int:
    """n(t) = h(t) + t: how many queries a run needs in which ``over_bound`` are over the bound."""
    return successes_needed(over_bound, percentile) + over_bound


@lru_cache
def minimum_queries(percentile: float) -> int:
    """n(1): below it no percentile can be estimated (64 for p90, 662 for p99, 6636 for p99.9)."""
    return queries_needed(1, percentile)


def most_over_bound(queries: int, percentile: float) -> int | None:
    """t*: the largest t with h(t) + t <= queries; ``None`` below :func:`minimum_queries`.

    Raises:
        ValueError: An argument is out of range.
    """
    _check(percentile)
    if queries < minimum_queries(percentile):
        return None
    failure = 1 - percentile
    # h falls with the probability, so h(t) <= n - t exactly where the probability at h = n - t is below the risk.
    guess = math.ceil(queries * failure - _Z * math.sqrt(queries * percentile * failure) + _skew(percentile))
    return (
        _least(lambda t: not probability_of_at_most(t, queries, percentile) < _RISK, guess=max(guess, 2), floor=2) - 1
    )


def estimate_index(queries: int, percentile: float) -> int | None:
    """The index, among the ascending latencies, of the early-stopping estimate: ``queries - t*``.

    ``t* - 1`` queries are slower and are reported as discarded. ``None`` below :func:`minimum_queries`.
    """
    over_bound = most_over_bound(queries, percentile)
    return None if over_bound is None else queries - over_bound


def queries_for_share(over_bound: int, percentile: float) -> int:
    """About how many queries with ``over_bound`` over the bound are enough (normal approximation)."""
    return _queries_for(over_bound, percentile)


def _skew(percentile: float) -> float:
    """How far the binomial quantile is from the normal one: skewness and the half of a step (Cornish and Fisher)."""
    return (_Z * _Z - 1) / 6 * (2 * percentile - 1) - 0.5


def _queries_for(over_bound: float, percentile: float) -> int:
    failure = 1 - percentile
    spread = _Z * math.sqrt(percentile * failure)
    over_bound = max(over_bound, 0.0)
    # n q - spread sqrt(n) = t, solved for sqrt(n).
    root = (spread + math.sqrt(spread * spread + 4 * failure * over_bound)) / (2 * failure)
    return math.ceil(root * root)


def _check(percentile: float) -> None:
    if not 0 < percentile < 1:
        raise ValueError(f"percentile: found {percentile!r}, expected a fraction above 0 and below 1.")


def _least(holds: Callable[[int], bool], *, guess: int, floor: int) -> int:
    """The smallest integer >= floor for which a predicate holds that, once true, stays true; near a guess."""
    low, high, step = guess, guess, 1
    if holds(guess):
        while True:
            if low <= floor:
                return floor
            low = max(floor, high - step)
            if not holds(low):
                break
            high = low
            step *= 4
    else:
        while not holds(high):
            low, high = high, high + step
            step *= 4
    # Here the predicate does not hold at low and holds at high.
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high
