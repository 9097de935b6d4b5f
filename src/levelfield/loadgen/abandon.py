"""Giving up a Server phase that cannot become valid any more, however fast the rest of its queries is answered.

How many queries a phase will have is known from the start, and with it how many of them may be late: the percentile and
early stopping both set a bound. Late queries are counted while the phase runs; what is beyond the bound decides the
phase with certainty, not by a guess.
"""

from __future__ import annotations

import numpy as np

from levelfield.loadgen.arrivals import arrivals
from levelfield.loadgen.phase_state import PhaseState
from levelfield.loadgen.ports import IntArray
from levelfield.stats.early_stopping import most_over_bound, queries_needed
from levelfield.stats.percentile import percentile_index
from levelfield.terms import Scenario

__all__ = ["LateCounter", "most_late"]

PIECE = 1 << 12


def most_late(queries: int, percentile: float) -> int:
    """How many of so many queries may be over the limit in a valid Server run; -1 where even none are too many.

    Args:
        queries: All queries of the run.
        percentile: The fraction that must be within the limit.
    """
    by_percentile = queries - percentile_index(queries, percentile) - 1
    by_early_stopping = most_over_bound(queries, percentile)
    if by_early_stopping is None:
        by_early_stopping = 0 if queries >= queries_needed(0, percentile) else -1
    return min(by_percentile, by_early_stopping)


class LateCounter:
    """Counts the queries of a phase that are late for good; asked now and then from another thread.

    A query is decided when the limit has passed since it was due: it is complete, or late. Each is looked at once.

    Args:
        state: A Server phase without token latencies.
    """

    def __init__(self, state: PhaseState) -> None:
        self._state = state
        self._arrivals = arrivals(state.effective)
        self._due: IntArray = np.zeros(0, np.int64)
        self._decided = 0
        self.late = 0
        """Queries that are late for good, of those looked at so far."""
        self.total = state.schedule.generated.query_count
        self.most = most_late(self.total, state.effective.target_latency_percentile)

    @classmethod
    def of(cls, state: PhaseState) -> LateCounter | None:
        """A counter, where late queries decide a phase."""
        effective = state.effective
        wanted = state.timed and effective.scenario is Scenario.SERVER and not effective.requested.tokens.use
        return cls(state) if wanted else None

    def hopeless(self) -> str | None:
        """Why the phase cannot become valid; ``None`` while it can."""
        state = self._state
        if not state.start_ns or not state.windows or state.queries_issued >= self.total:
            return None  # not begun, or nothing left to spare
        self._count(state.keeper.now() - state.start_ns - state.effective.target_latency_ns)
        if self.late <= max(self.most, 0):
            return None
        return (
            f"Ending early: {self.late} of {self.total} queries are over the latency limit after {self._decided}, and "
            f"at most {max(self.most, 0)} may be. No later query can change that."
        )

    def _count(self, decided_until_ns: int) -> None:
        """Look at every query that was due by then."""
        window, limit_ns, start_ns = (
            self._state.windows[-1],
            self._state.effective.target_latency_ns,
            self._state.start_ns,
        )
        while self._decided < self.total:
            if not len(self._due):
                self._due = self._arrivals.take(min(PIECE, self.total - self._decided))
            count = int(np.searchsorted(self._due, decided_until_ns, side="left"))
            if not count:
                return
            due, self._due = self._due[:count], self._due[count:]
            done = window.done_ns[self._decided : self._decided + count]
            self.late += int(np.count_nonzero((done <= 0) | (done - start_ns - due > limit_ns)))
            self._decided += count
