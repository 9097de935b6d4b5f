"""Confidence intervals of shares, for example of an accuracy of right answers."""

from __future__ import annotations

import math

__all__ = ["wilson_interval"]

Z_95 = 1.959963984540054
"""The 97.5 % quantile of the normal distribution."""


def wilson_interval(good: int, total: int) -> tuple[float, float]:
    """The 95 % score interval of Wilson for ``good`` of ``total``, as fractions.

    It stays within 0 to 1 and keeps its coverage near the ends, where the usual plus-minus does not (E. B. Wilson,
    "Probable inference", 1927; R. G. Newcombe, Statistics in Medicine 17, 1998, method 3).

    Raises:
        ValueError: ``total`` is below 1, or ``good`` is not in 0 … ``total``.
    """
    if total < 1:
        raise ValueError(f"total: found {total}, expected 1 or more.")
    if not 0 <= good <= total:
        raise ValueError(f"good: found {good}, expected 0 to {total}.")
    share = good / total
    square = Z_95 * Z_95
    centre = share + square / (2 * total)
    spread = Z_95 * math.sqrt(share * (1 - share) / total + square / (4 * total * total))
    scale = 1 + square / total
    low = 0.0 if good == 0 else (centre - spread) / scale
    high = 1.0 if good == total else (centre + spread) / scale
    return low, high
