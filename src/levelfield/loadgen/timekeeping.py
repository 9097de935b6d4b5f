"""How well this machine keeps time: what the load generator can promise before it has met a system under test.

It waits with the same :class:`~levelfield.loadgen.waiting.Timekeeper` that issues queries, at the rates of real Server
runs, alone and beside a Python thread that never rests, and reports how late it was.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import numpy as np

from levelfield.loadgen.steadiness import SLOW, Steadiness, measure_steadiness
from levelfield.loadgen.waiting import Timekeeper, calibrate, fine_timers
from levelfield.stats.percentile import percentile_index
from levelfield.units import NS_PER_MS, NS_PER_S, format_ns

__all__ = [
    "BOUND_NS",
    "Pace",
    "Spread",
    "Timekeeping",
    "busy_thread",
    "measure_timekeeping",
    "spread_of",
    "timekeeping_verdict",
]

BOUND_NS = NS_PER_MS
"""A p99 of lateness above this spoils latencies of milliseconds."""
MOST_SLOW_SHARE = 0.002
"""Of the time; five times as much is what a 99th percentile is made of."""
RATES_PER_S = (1_000, 10_000)
CLOCK_LOOKS = 20_000
SLEEPS = 150


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How a set of delays is spread; LoadGen's percentiles, without interpolation."""

    count: int
    p50_ns: int
    p99_ns: int
    p999_ns: int
    max_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Lateness of waiting for moments that come at an even rate."""

    per_s: int
    beside_busy_thread: bool
    lateness: Spread

    def within(self, bound_ns: int) -> bool:
        """Whether the 99th percentile keeps a bound."""
        return self.lateness.p99_ns <= bound_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class Timekeeping:
    """What was measured; nothing is subtracted from any result on its account."""

    clock_step_ns: int
    """The smallest step that the clock was seen to take."""
    clock_call_ns: int
    """Mean time of a look at the clock."""
    sleep_overshoot: Spread
    """How much longer than asked a sleep of one millisecond lasts."""
    margin_ns: int
    """How long before a moment sleeping ends and polling begins, as calibrated here."""
    paces: tuple[Pace, ...]
    switch_interval_s: float
    """How long the interpreter lets a thread run before another may have it."""
    steadiness: Steadiness
    """Whether the processor keeps its pace."""


def measure_timekeeping(
    keeper: Timekeeper | None = None,
    *,
    seconds: float = 1.0,
    busy: Callable[[], AbstractContextManager[None]] | None = None,
    steadiness: Callable[[float], Steadiness] = measure_steadiness,
) -> Timekeeping:
    """Measure for about five times ``seconds``, plus half a second.

    Args:
        keeper: The clock and the waiting; the machine's own by default.
        seconds: How long each pace is held.
        busy: Makes the busy thread that one pace is held beside.
        steadiness: Measures for so many seconds whether the processor keeps its pace.
    """
    with fine_timers():
        keeper = calibrate(keeper or Timekeeper())
        step, call = _clock(keeper)
        paces = [_pace(keeper, per_s, seconds, busy=False) for per_s in RATES_PER_S]
        with (busy or busy_thread)():
            paces.append(_pace(keeper, RATES_PER_S[0], seconds, busy=True))
        overshoot = _sleeps(keeper)
    return Timekeeping(
        clock_step_ns=step,
        clock_call_ns=call,
        sleep_overshoot=overshoot,
        margin_ns=keeper.margin_ns,
        paces=tuple(paces),
        switch_interval_s=sys.getswitchinterval(),
        steadiness=steadiness(2 * seconds),
    )


def spread_of(delays_ns: list[int]) -> Spread:
    """The spread of a non-empty list of delays."""
    ascending = np.sort(np.array(delays_ns, dtype=np.int64))
    p50, p99, p999 = (int(ascending[percentile_index(len(ascending), p)]) for p in (0.5, 0.99, 0.999))
    return Spread(count=len(ascending), p50_ns=p50, p99_ns=p99, p999_ns=p999, max_ns=int(ascending[-1]))


def timekeeping_verdict(found: Timekeeping, *, bound_ns: int = BOUND_NS) -> tuple[str, ...]:
    """What the figures mean for somebody who wants to trust a Server result."""
    alone = [pace for pace in found.paces if not pace.beside_busy_thread]
    worst = max(alone, key=lambda pace: pace.lateness.p99_ns)
    spread = f"p99.9 {format_ns(worst.lateness.p999_ns)}, at most {format_ns(worst.lateness.max_ns)}"
    told = [f"This machine keeps time to {format_ns(worst.lateness.p99_ns)} at p99 ({spread})."]
    good, bad = ([f"{pace.per_s:,}" for pace in alone if pace.within(bound_ns) is wanted] for wanted in (True, False))
    if good:
        told.append(f"Server results at {' and '.join(good)} queries/s can be trusted.")
    if bad:
        told.append(
            f"Server results at {' and '.join(bad)} queries/s cannot be trusted: p99 is above {format_ns(bound_ns)}. "
            "Close what else runs here, or measure on a machine of its own."
        )
    steady = found.steadiness
    if steady.slow_share > MOST_SLOW_SHARE:
        told.append(
            f"Its processor is not steady: {steady.slow_share:.1%} of the time went to work that took {SLOW:g} to "
            f"{steady.slowest:.0f} times as long as usual, up to {format_ns(steady.longest_slow_ns)} on end. Other "
            "work here or on the host does that; latencies at high percentiles are made of it."
        )
    told.extend(
        f"Beside a Python thread that never rests it is {format_ns(pace.lateness.p99_ns)}: "
        "such a system under test needs queries issued from a process of its own."
        for pace in found.paces
        if pace.beside_busy_thread and not pace.within(bound_ns)
    )
    return tuple(told)


@contextmanager
def busy_thread() -> Iterator[None]:
    """A Python thread that never rests, as a system under test in pure Python would be."""
    stop = threading.Event()

    def spin() -> None:
        number = 0
        while not stop.is_set():
            for _ in range(1_000):
                number = (number * 31 + 7) % 1_000_003

    thread = threading.Thread(target=spin, daemon=True, name="levelfield-busy")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _clock(keeper: Timekeeper) -> tuple[int, int]:
    """The smallest step above zero, and the mean time of a look."""
    now = keeper.now
    looks = [now() for _ in range(CLOCK_LOOKS)]
    steps = np.diff(np.array(looks, dtype=np.int64))
    moved = steps[steps > 0]
    return int(moved.min()) if len(moved) else 0, (looks[-1] - looks[0]) // (CLOCK_LOOKS - 1)


def _sleeps(keeper: Timekeeper) -> Spread:
    overshoots = []
    for _ in range(SLEEPS):
        before = keeper.now()
        keeper.sleep(NS_PER_MS / NS_PER_S)
        overshoots.append(keeper.now() - before - NS_PER_MS)
    return spread_of(overshoots)


def _pace(keeper: Timekeeper, per_s: int, seconds: float, *, busy: bool) -> Pace:
    """Moments are fixed beforehand, as a Server schedule is: being late once does not move the next."""
    gap = NS_PER_S // per_s
    start = keeper.now() + gap
    moments = [start + number * gap for number in range(max(1, int(per_s * seconds)))]
    wait_until = keeper.wait_until
    late = [wait_until(due) - due for due in moments]
    return Pace(per_s=per_s, beside_busy_thread=busy, lateness=spread_of(late))
