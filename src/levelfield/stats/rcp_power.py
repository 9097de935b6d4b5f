"""What the convergence test can see: how likely it fails a submission that converges too fast, and with how many runs.

If a submission truly needs a share d less than the reference, the difference of both means over its standard error is a
noncentral t around ``d · m / (s · sqrt(1 / n1 + 1 / n2))``. That is exact where figures are normal and none is dropped,
and else a good guide.
"""

from __future__ import annotations

import math

from levelfield.stats.rcp import SIGNIFICANCE, Reference
from levelfield.stats.student import power_of_t_test, student_t_quantile

__all__ = ["power_of_test", "runs_needed"]

LEAST_RUNS, MOST_RUNS = 3, 10_000


def power_of_test(reference: Reference, *, runs: int, speed_up: float) -> float:
    """The probability that the test fails a submission that needs less than the reference.

    Args:
        reference: What it is tested against.
        runs: Of the submission, 3 or more.
        speed_up: By how much less it needs, as a share of the reference's mean: 0.05 for 5 %.

    Raises:
        ValueError: An argument is out of range.
    """
    if runs < LEAST_RUNS:
        raise ValueError(f"runs: found {runs}, expected {LEAST_RUNS} or more.")
    if not 0 <= speed_up < 1:
        raise ValueError(f"speed_up: found {speed_up!r}, expected a share from 0 to below 1.")
    if reference.sd == 0:
        return 1.0 if speed_up > 0 else 0.0
    n1, n2 = reference.runs, runs - 2
    freedom = n1 + n2 - 2
    error = reference.sd * math.sqrt(1 / n1 + 1 / n2)
    critical = student_t_quantile(1 - SIGNIFICANCE, freedom)
    return power_of_t_test(speed_up * reference.mean / error, freedom, critical)


def runs_needed(reference: Reference, *, speed_up: float, power: float = 0.8) -> int | None:
    """The fewest runs of a submission with which the test sees a speed-up.

    Args:
        reference: What it is tested against.
        speed_up: As a share of the reference's mean.
        power: How likely it is to be seen, between 0 and 1.

    Returns:
        ``None`` where no number is enough: then the reference itself has too few runs.

    Raises:
        ValueError: An argument is out of range.
    """
    if not 0 < power < 1:
        raise ValueError(f"power: found {power!r}, expected between 0 and 1.")
    low, high = LEAST_RUNS, LEAST_RUNS
    while power_of_test(reference, runs=high, speed_up=speed_up) < power:
        if high >= MOST_RUNS:
            return None
        low, high = high + 1, min(high * 2, MOST_RUNS)
    while low < high:  # more runs never see less
        middle = (low + high) // 2
        if power_of_test(reference, runs=middle, speed_up=speed_up) < power:
            low = middle + 1
        else:
            high = middle
    return high
