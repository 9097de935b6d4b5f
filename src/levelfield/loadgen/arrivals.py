"""When queries are due: at constant gaps, or as a Poisson process.

LoadGen gives every query a time, also where it is only bookkeeping because a query waits for the one before
(mlcommons/inference, ``loadgen/loadgen.cc``, ScheduleDistribution and GenerateQueries, v2.0 and b66003e1).
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from levelfield.errors import SettingsError
from levelfield.loadgen.ports import IntArray
from levelfield.loadgen.randomness import RandomStream
from levelfield.loadgen.settings import EffectiveSettings
from levelfield.terms import Scenario
from levelfield.units import NS_PER_S

__all__ = ["Arrivals", "ConstantArrivals", "PoissonArrivals", "arrivals"]

QUERIES_PER_PASS = 1 << 14


class Arrivals(Protocol):
    """The times at which queries are due, from the first one at 0 ns on."""

    def take(self, queries: int) -> IntArray:
        """(queries,) when the next ones are due, ns after the start."""

    def extent(self, duration_ns: int, minimum: int, step: int) -> tuple[int, int]:
        """How many queries LoadGen generates, and when the one after them would be due (ns).

        It goes on until the last query is due no earlier than the duration, and there are at least ``minimum``;
        beyond the minimum it adds ``step`` at a time. Asked of arrivals of which none were taken.
        """


def arrivals(effective: EffectiveSettings) -> Arrivals:
    """The arrivals of a scenario, from the first."""
    if effective.scenario is Scenario.SERVER:
        return PoissonArrivals(effective.seeds.schedule, effective.target_qps)
    # The reciprocal comes first, as in LoadGen: 1e9 / qps may be a nanosecond more or less.
    return ConstantArrivals(int(1.0 / effective.target_qps * NS_PER_S))


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
            due_ns = self.take(QUERIES_PER_PASS)
            if count is None and due_ns[-1] >= duration_ns:
                count = _enough(taken + int(np.searchsorted(due_ns, duration_ns)) + 1, minimum, step)
            if count is not None and count < taken + len(due_ns):
                return count, int(due_ns[count - taken])
            taken += len(due_ns)


def _enough(lasting: int, minimum: int, step: int) -> int:
    """The smallest of minimum, minimum + step … that is no less than ``lasting``."""
    return minimum + max(0, -(-(lasting - minimum) // step)) * step
