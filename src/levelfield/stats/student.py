"""Student's t: tail, quantile and power of a one-sided test, to about 13 digits and without scipy.

The tail is half a regularised incomplete beta function, ``P(T > t) = I_{v / (v + t²)}(v / 2, 1 / 2) / 2``, computed by
its continued fraction with Lentz's method (Abramowitz and Stegun 26.5.8 and 26.7.1).
"""

from __future__ import annotations

import math
from functools import lru_cache

__all__ = ["power_of_t_test", "regularised_beta", "student_t_quantile", "student_t_tail"]

_TINY = 1e-300
_STEPS = 10_000
"""More than the fraction takes at a million degrees of freedom."""


def regularised_beta(a: float, b: float, x: float) -> float:
    """``I_x(a, b)``.

    Args:
        a: Above 0.
        b: Above 0.
        x: From 0 to 1.

    Raises:
        ValueError: An argument is out of range.
    """
    if not (a > 0 and b > 0 and 0 <= x <= 1):
        raise ValueError(f"found a {a!r}, b {b!r}, x {x!r}, expected a and b above 0 and x from 0 to 1.")
    if x in {0, 1}:
        return float(x)
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    # Each side has its fraction; the one beyond the mean converges fast.
    if x < (a + 1) / (a + b + 2):
        return math.exp(log_front) * _fraction(a, b, x) / a
    return 1 - math.exp(log_front) * _fraction(b, a, 1 - x) / b


def _fraction(a: float, b: float, x: float) -> float:
    c, d = 1.0, 1 / _away_from_zero(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, _STEPS):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / _away_from_zero(1 + term * d)
            c = _away_from_zero(1 + term / c)
            value *= c * d
        if abs(c * d - 1) < 1e-16:
            break
    return value


def _away_from_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def student_t_tail(t: float, freedom: float) -> float:
    """``P(T > t)``.

    Args:
        t: Any number.
        freedom: Degrees of freedom, above 0.

    Raises:
        ValueError: ``freedom`` is not above 0.
    """
    half = regularised_beta(freedom / 2, 0.5, freedom / (freedom + t * t)) / 2
    return half if t >= 0 else 1 - half


@lru_cache
def student_t_quantile(probability: float, freedom: float) -> float:
    """The ``t`` with ``P(T <= t) = probability``.

    Raises:
        ValueError: The probability is not between 0 and 1, or ``freedom`` is not above 0.
    """
    if not 0 < probability < 1:
        raise ValueError(f"probability: found {probability!r}, expected between 0 and 1.")
    if probability < 0.5:
        return -student_t_quantile(1 - probability, freedom)
    low, high, risk = 0.0, 1.0, 1 - probability
    while student_t_tail(high, freedom) > risk:
        low, high = high, high * 2
    while True:
        middle = (low + high) / 2
        if not low < middle < high:  # no number lies between them
            return high
        if student_t_tail(middle, freedom) > risk:
            low = middle
        else:
            high = middle


def power_of_t_test(noncentrality: float, freedom: float, critical: float) -> float:
    """The probability that a noncentral t exceeds a critical value.

    Given the spread that was seen, ``u`` times the true one, T exceeds it where a normal variable exceeds
    ``critical * u - noncentrality``; that is averaged over the distribution of ``u`` (Simpson's rule, to 1e-9).

    Args:
        noncentrality: The true difference over its standard error.
        freedom: Degrees of freedom, 1 or more.
        critical: The value of t from which a test rejects.
    """
    # The log density of u = sqrt(chi² / v) is constant + (v - 1) log u - v u² / 2; all of it lies this close to 1.
    constant = math.log(2) + freedom / 2 * math.log(freedom / 2) - math.lgamma(freedom / 2)
    width = 12 / math.sqrt(2 * freedom)
    low, high = max(0.0, 1 - width), 1 + width
    steps = 2_000
    step = (high - low) / steps
    total = 0.0
    for index in range(steps + 1):
        u = low + index * step
        if u <= 0:
            density = math.exp(constant) if freedom == 1 else 0.0
        else:
            density = math.exp(constant + (freedom - 1) * math.log(u) - freedom * u * u / 2)
        weight = 1 if index in {0, steps} else 4 if index % 2 else 2
        total += weight * density * 0.5 * math.erfc((critical * u - noncentrality) / math.sqrt(2))
    return total * step / 3
