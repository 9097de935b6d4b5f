"""Waiting for a moment: sleep while it is far, look at the clock without pause when it is near.

A sleep wakes up about 100 µs late, a plain loop is on time but keeps the interpreter to itself, which starves
a system under test that runs in the same process. So what is too short for a sleep is spent computing in C, with the
interpreter free for whoever wants it; only the last 30 µs poll, and even there each look at the clock lets
other threads have the interpreter, for 0.3 µs when nobody wants it. Polling all the time is not enough: a thread that
finds the interpreter taken goes to sleep, though it would be free 0.3 µs later, and a model of 1 ms took a fifth longer
beside a thread that polled.

How late a sleep wakes up depends on two things that can be chosen. Linux adds 50 µs of its own to every sleep of a
usual thread, so that timers share wake-ups: :func:`fine_timers` asks it not to. And a processor that rests for a
millisecond goes so far to sleep (a virtual one is handed to somebody else) that waking it takes 200 µs at the 99th
percentile; after 150 µs it takes 20. So the last millisecond is slept in slices.
"""

from __future__ import annotations

import ctypes
import select
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache

from levelfield.units import NS_PER_S, NS_PER_US

__all__ = ["Timekeeper", "calibrate", "checksums", "fine_timers"]

LEAST_MARGIN_NS = 80 * NS_PER_US
MOST_MARGIN_NS = 400 * NS_PER_US
"""Above this, polling would take a core away from the system under test most of the time."""
SLICE_NS = 150 * NS_PER_US
"""The longest sleep when a moment is near; each costs about 10 µs of processor time."""
LEAST_SLEEP_NS = 100 * NS_PER_US
"""A shorter time is not slept but polled: with cold caches, or on a processor that its host has slowed down, waking up
may take as long."""
NEAR_NS = 10 * SLICE_NS
"""A moment that is further away is first waited for with one long sleep."""

POLLED_NS = 30 * NS_PER_US
"""How long before the moment each look at the clock follows the other at once."""
REST_SHARE = 1 / 12
"""Of the time that is left: so much is computed before the next look at the clock. It may take eleven times as
long on a processor that its host slows down for a moment: with three fifths the 99th percentile of lateness was
276 µs."""
COMPUTED = memoryview(bytes(1 << 19))
LEAST_COMPUTED = 6_000
"""Of 5 KiB or less, zlib would keep the interpreter."""
TRIED, REST_TRIALS = 48_000, 9

_SET_TIMER_SLACK, _GET_TIMER_SLACK = 29, 30
"""Options of Linux's prctl(2)."""


def _yielding_poll() -> Callable[[], object]:
    """A call that lets other threads run and comes back at once."""
    if not hasattr(select, "poll"):  # Windows
        return lambda: time.sleep(0)
    poll = select.poll().poll
    return lambda: poll(0)


@cache
def checksums() -> Callable[[int], object]:
    """What passes a part of so many nanoseconds without the interpreter; how fast it computes is measured once.

    In pieces as long as may be: each time that it comes back for the interpreter it may find it taken, which costs both
    sides.
    """
    took_ns = []
    for _ in range(REST_TRIALS):
        before = time.perf_counter_ns()
        zlib.crc32(COMPUTED[:TRIED])
        took_ns.append(time.perf_counter_ns() - before)
    per_ns = REST_SHARE * TRIED / sorted(took_ns)[REST_TRIALS // 2]

    def rest(left_ns: int) -> object:
        count = int(left_ns * per_ns)
        return zlib.crc32(COMPUTED[: max(LEAST_COMPUTED, count)])

    return rest


@dataclass(frozen=True, slots=True)
class Timekeeper:
    """A clock, and waiting by it. Tests hand in a fake one."""

    now: Callable[[], int] = time.perf_counter_ns
    """Monotonic nanoseconds."""
    sleep: Callable[[float], None] = time.sleep
    make_poll: Callable[[], Callable[[], object]] = _yielding_poll
    """Makes what is called between two looks at the clock; one for each thread."""
    rest: Callable[[int], object] = field(default_factory=checksums)
    """Passes a part of so many nanoseconds without the interpreter."""
    margin_ns: int = 300 * NS_PER_US
    """How long before the moment sleeping ends and polling begins."""
    poll: Callable[[], object] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "poll", self.make_poll())

    def for_another_thread(self) -> Timekeeper:
        """The same timekeeper for use in another thread."""
        return replace(self)

    def wait_until(self, due_ns: int) -> int:
        """Wait until the clock shows ``due_ns`` or later; returns what it shows then."""
        now, poll, rest = self.now, self.poll, self.rest
        shown = now()
        left_ns = due_ns - shown - self.margin_ns
        if left_ns > NEAR_NS:
            self.sleep((left_ns - NEAR_NS) / NS_PER_S)
            shown = now()
            left_ns = due_ns - shown - self.margin_ns
        if left_ns > LEAST_SLEEP_NS:
            while left_ns > 0:
                self.sleep(min(left_ns, SLICE_NS) / NS_PER_S)
                shown = now()
                left_ns = due_ns - shown - self.margin_ns
        while (left_ns := due_ns - shown) > POLLED_NS:
            rest(left_ns)
            shown = now()
        while shown < due_ns:
            poll()
            shown = now()
        return shown


@contextmanager
def fine_timers() -> Iterator[None]:
    """Let this thread, and those that it starts meanwhile, wake up when they asked to. Only Linux needs it."""
    if not sys.platform.startswith("linux"):
        yield
        return
    prctl = ctypes.CDLL(None).prctl
    before = prctl(_GET_TIMER_SLACK, 0, 0, 0, 0)
    prctl(_SET_TIMER_SLACK, 1, 0, 0, 0)
    try:
        yield
    finally:
        prctl(_SET_TIMER_SLACK, max(before, 0), 0, 0, 0)  # 0: the default


def calibrate(keeper: Timekeeper, *, sleeps: int = 100, sleep_ns: int = SLICE_NS) -> Timekeeper:
    """The same timekeeper with a margin that fits how late this machine wakes up (about 20 ms of work).

    The margin is twice what covers 98 of 100 sleeps: with what covers them once, one query in fifty is late. Sleeps
    that no margin could mend (other processes had the processor) do not count: polling longer would only make the next
    ones later.
    """
    overshoots = []
    for _ in range(sleeps):
        before = keeper.now()
        keeper.sleep(sleep_ns / NS_PER_S)
        overshoots.append(keeper.now() - before - sleep_ns)
    usual = sorted(overshoot for overshoot in overshoots if overshoot <= MOST_MARGIN_NS)
    covered = usual[int(len(usual) * 0.98)] if usual else MOST_MARGIN_NS
    margin = min(max(covered * 2, LEAST_MARGIN_NS), MOST_MARGIN_NS)
    return replace(keeper, margin_ns=margin)
