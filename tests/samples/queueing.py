"""A server with a fixed service time and several lines (M/D/c) on a clock of its own, and what theory says about it."""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass, field

import numpy as np

from levelfield.loadgen.ports import Completions, IntArray
from levelfield.loadgen.waiting import Timekeeper


class EventClock:
    """Nanoseconds that pass only by waiting; what is to happen meanwhile happens at its own moment."""

    def __init__(self) -> None:
        self.shown_ns = 1_000_000
        self._events: list[tuple[int, int, Completions]] = []

    def now(self) -> int:
        return self.shown_ns

    def at(self, moment_ns: int, sample: int, complete: Completions) -> None:
        heapq.heappush(self._events, (moment_ns, sample, complete))

    def pass_until(self, moment_ns: int) -> None:
        while self._events and self._events[0][0] <= moment_ns:
            self.shown_ns, sample, complete = heapq.heappop(self._events)
            complete(np.array([sample]))
        self.shown_ns = max(self.shown_ns, moment_ns)

    def pass_all(self) -> None:
        while self._events:
            self.pass_until(self._events[0][0])

    def keeper(self) -> Timekeeper:
        return Timekeeper(
            now=self.now,
            sleep=lambda duration_s: self.pass_until(self.shown_ns + round(duration_s * 1e9)),
            make_poll=lambda: lambda: self.pass_until(self.shown_ns + 20_000),
            rest=lambda _: self.pass_until(self.shown_ns + 20_000),
            margin_ns=1_000,
        )


@dataclass
class Lines:
    """``lines`` servers that take ``service_ns`` for each query, first come, first served."""

    clock: EventClock
    lines: int
    service_ns: int
    name: str = "lines"
    free_ns: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.free_ns = [0] * self.lines

    def issue(self, ids: IntArray, indices: IntArray, complete: Completions) -> None:
        for sample in ids.tolist():
            ends_ns = max(heapq.heappop(self.free_ns), self.clock.now()) + self.service_ns
            heapq.heappush(self.free_ns, ends_ns)
            self.clock.at(ends_ns, sample, complete)

    def flush(self) -> None:
        self.clock.pass_all()


def sojourn_times_ns(rate: float, lines: int, service_ns: int, queries: int, seed: int = 5) -> np.ndarray:
    """Times in the system of a long M/D/c queue, by another way than :class:`Lines`: query n waits for query n - c."""
    arrivals = np.cumsum(np.random.default_rng(seed).exponential(1e9 / rate, queries))
    ends: deque[float] = deque([0.0] * lines)
    found = np.empty(queries)
    for number, arrival in enumerate(arrivals.tolist()):
        start = max(arrival, ends.popleft())
        ends.append(start + service_ns)
        found[number] = start + service_ns - arrival
    return found


def true_peak(limit_ns: int, lines: int, service_ns: int, *, percentile: float = 0.99, queries: int = 300_000) -> float:
    """The rate at which the percentile is the limit, of a queue too long for chance to matter; by bisection."""
    low, high = 0.5 * lines * 1e9 / service_ns, lines * 1e9 / service_ns
    for _ in range(9):
        middle = (low + high) / 2
        within = np.quantile(sojourn_times_ns(middle, lines, service_ns, queries), percentile) <= limit_ns
        low, high = (middle, high) if within else (low, middle)
    return (low + high) / 2
