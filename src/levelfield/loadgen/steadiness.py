"""Whether a processor keeps its pace: the same small piece of work again and again, and how long each took.

A host may slow a processor down for a while (to save power, or since a neighbour needs much), and no counter of the
machine says so: nothing was stolen, and every process has its processor. What shows it is work that takes ten times as
long as usual for twenty milliseconds, and with it the 99th percentile of any latency.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby

from levelfield.units import NS_PER_S

__all__ = ["SLOW", "Steadiness", "measure_steadiness"]

SLOW = 2.5
"""A piece that takes more than this many times the usual time is slow."""
ADDITIONS = 2_000
"""Of a piece: 60 to 100 µs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Steadiness:
    """How evenly work went on."""

    pieces: int
    usual_ns: int
    """Median time of a piece."""
    slow_share: float
    """Of all time, the part that slow pieces took."""
    longest_slow_ns: int
    """The longest time in which one slow piece followed the other."""
    slowest: float
    """How many times the usual time the slowest piece took."""


def measure_steadiness(
    seconds: float = 2.0, *, now: Callable[[], int] = time.perf_counter_ns, work: Callable[[], object] | None = None
) -> Steadiness:
    """Do the piece for so long.

    Args:
        seconds: How long: slow times of 20 ms, once or twice a second, are what was seen.
        now: The clock, ns.
        work: The piece; some additions by default.
    """
    work = work or _additions
    took: list[int] = []
    shown = now()
    end_ns = shown + round(seconds * NS_PER_S)
    while shown < end_ns:
        work()
        before, shown = shown, now()
        took.append(shown - before)
    usual = max(sorted(took)[len(took) // 2], 1)
    runs = [sum(run) for slow, run in groupby(took, lambda piece: piece > SLOW * usual) if slow]
    return Steadiness(
        pieces=len(took),
        usual_ns=usual,
        slow_share=sum(runs) / sum(took),
        longest_slow_ns=max(runs, default=0),
        slowest=max(took) / usual,
    )


def _additions() -> int:
    number = 0
    for step in range(ADDITIONS):
        number += step
    return number
