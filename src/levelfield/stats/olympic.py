"""The olympic mean: the fastest and the slowest runs are dropped, the rest is averaged.

Source: mlcommons/training_policies, ``training_rules.adoc``, "Benchmark Results" at 8c7f5e70; the order of summation
is that of mlcommons/logging, ``result_summarizer`` at beaf26d, so that the last digit agrees.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Olympic", "olympic"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Olympic:
    """The score of a set of runs."""

    score: float
    """In the unit of the runs."""
    kept: tuple[float, ...]
    """What was averaged, ascending."""


def olympic(good: Sequence[float], *, failed: int, dropped: int) -> Olympic | None:
    """The olympic mean of runs of which some failed. A failed run counts as slower than every good one.

    Args:
        good: Times of the runs that count, in any order, finite.
        failed: How many runs did not reach the target or are not compliant.
        dropped: How many are dropped at each end.

    Returns:
        ``None`` where more runs failed than are dropped at the slow end, or nothing is left to average.
    """
    if failed > dropped:
        return None
    ascending = sorted(good)
    kept = ascending[dropped : len(ascending) - (dropped - failed)]
    if not kept:
        return None
    # From left to right with one rounding a step; math.fsum would round once, and differ from published scores.
    total = 0.0
    for value in kept:
        total += value
    return Olympic(score=total / len(kept), kept=tuple(kept))
