"""Waiting for a moment: sleep while it is far, look at the clock without pause when it is near.

A sleep wakes up about 100 µs late, a plain loop is on time but keeps the interpreter to itself, which starves
a system under test that runs in the same process. So the last part polls: each look at the clock lets other threads
have the interpreter, for 0.3 µs when nobody wants it.
"""

from __future__ import annotations

import select
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from levelfield.units import NS_PER_S, NS_PER_US

__all__ = ["Timekeeper", "calibrate"]

LEAST_MARGIN_NS = 80 * NS_PER_US
MOST_MARGIN_NS = 400 * NS_PER_US
"""Above this, polling would take a core away from the system under test most of the time."""


def _yielding_poll() -> Callable[[], object]:
    """A call that lets other threads run and comes back at once."""
    if not hasattr(select, "poll"):  # Windows
        return lambda: time.sleep(0)
    poll = select.poll().poll
    return lambda: poll(0)


@dataclass(frozen=True, slots=True)
class Timekeeper:
    """A clock, and waiting by it. Tests hand in a fake one."""

    now: Callable[[], int] = time.perf_counter_ns
    """Monotonic nanoseconds."""
    sleep: Callable[[float], None] = time.sleep
    make_poll: Callable[[], Callable[[], object]] = _yielding_poll
    """Makes what is called between two looks at the clock; one for each thread."""
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
        now, poll, margin = self.now, self.poll, self.margin_ns
        shown = now()
        if due_ns - shown > margin:
            self.sleep((due_ns - shown - margin) / NS_PER_S)
            shown = now()
        while shown < due_ns:
            poll()
            shown = now()
        return shown


def calibrate(keeper: Timekeeper, *, sleeps: int = 100, sleep_ns: int = 200 * NS_PER_US) -> Timekeeper:
    """The same timekeeper with a margin that fits how late this machine wakes up (about 30 ms of work).

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
