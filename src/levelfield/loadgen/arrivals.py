"""When queries are due: at constant gaps, or as a Poisson process.

LoadGen gives every query a time, also where it is only bookkeeping because a query waits for the one before
(mlcommons/inference, ``loadgen/loadgen.cc``, ScheduleDistribution and GenerateQueries, v2.0 and b66003e1).
"""

from __future__ import annotations

from typing import Protocol

from levelfield.loadgen.ports import IntArray
from levelfield.loadgen.settings import EffectiveSettings
from levelfield.stats.arrivals import ConstantArrivals, PoissonArrivals
from levelfield.terms import Scenario
from levelfield.units import NS_PER_S

__all__ = ["Arrivals", "arrivals"]


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
