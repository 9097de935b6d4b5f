"""When queries are due: at constant gaps, or as a Poisson process.

LoadGen gives every query a time, also where it is only bookkeeping because a query waits for the one before
(mlcommons/inference, ``loadgen/loadgen.cc``, ScheduleDistribution and GenerateQueries, v2.0 and b66003e1).
"""

from __future__ import annotations

import numpy as np

from levelfield.errors import SettingsError
from levelfield.stats.randomness import IntArray, RandomStream

__all__ = ["ConstantArrivals", "PoissonArrivals"]

QUERIES_PER_PASS = 1 << 13
"""Twice as many take half as much again for each: arrays of 128 KiB are given back to the system and come anew."""


class ConstantArrivals:
    """Equal gaps."""

    def __init__(self, gap_ns: int) -> None:
        self._gap_ns = gap_ns
        self._taken = 0

    def take(self, queries: int) -> IntArray:
        """(queries,) when the next ones are due, ns after the start."""
        self._taken += queries
        return np.arange(self._taken - queries, self._taken, dtype=np.int64) * self._gap_ns

    def extent(self, duration_ns: int, minimum: int, step: int) -> tuple[int, int]:
        """See :meth:`Arrivals.extent`; in closed form."""
        lasting = 0
        if duration_ns > 0:
            if self._gap_ns == 0:
                raise SettingsError(
                    "These settings generate queries without end.",
                    problems=["target_qps: the gap between queries is under 1 ns, expected 1 ns or more."],
                )
            lasting = -(-duration_ns // self._gap_ns) + 1
        count = _enough(lasting, minimum, step)
        return count, count * self._gap_ns


class PoissonArrivals:
    """Gaps drawn from an exponential distribution."""

    def __init__(self, seed: int, per_s: float) -> None:
        self._generator = RandomStream(seed)
        self._per_s = per_s
        self._next_ns = 0

    def take(self, queries: int) -> IntArray:
        """(queries,) when the next ones are due, ns after the start."""
        gaps_ns = self._generator.gaps_ns(self._per_s, queries)
        ends_ns = np.cumsum(gaps_ns)
        ends_ns += self._next_ns
        self._next_ns = int(ends_ns[-1])
        return np.subtract(ends_ns, gaps_ns, out=gaps_ns)

    def extent(self, duration_ns: int, minimum: int, step: int) -> tuple[int, int]:
        """See :meth:`Arrivals.extent`; in one pass, in constant memory. Takes the arrivals that it looks at."""
        taken = 0
        count = None if duration_ns > 0 else minimum
        while True:
            gaps_ns = self._generator.gaps_ns(self._per_s, QUERIES_PER_PASS)
            begin_ns, self._next_ns = self._next_ns, self._next_ns + int(gaps_ns.sum())
            ends_here = count is None and self._next_ns - int(gaps_ns[-1]) >= duration_ns
            if ends_here or (count is not None and count < taken + len(gaps_ns)):
                due_ns = begin_ns + np.cumsum(gaps_ns) - gaps_ns
                if count is None:
                    count = _enough(taken + int(np.searchsorted(due_ns, duration_ns)) + 1, minimum, step)
                if count < taken + len(due_ns):
                    return count, int(due_ns[count - taken])
            taken += len(gaps_ns)


def _enough(lasting: int, minimum: int, step: int) -> int:
    """The smallest of minimum, minimum + step … that is no less than ``lasting``."""
    return minimum + max(0, -(-(lasting - minimum) // step)) * step
