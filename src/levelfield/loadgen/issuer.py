"""The issuing process: draws the schedule of a Server phase and puts each query into the ring when it is due.

Nothing of the system under test runs here, so nothing of it can hold a query up. Started by
:class:`levelfield.loadgen.remote.IssuerProcess`.
"""

from __future__ import annotations

import os
import pickle
import sys
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise

from levelfield.loadgen.ring import Priority, Ring, Word
from levelfield.loadgen.schedule import LoadableSet, Schedule, schedule
from levelfield.loadgen.settings import EffectiveSettings
from levelfield.loadgen.waiting import Timekeeper, calibrate, fine_timers
from levelfield.terms import Mode

__all__ = ["Assignment", "ask_for_priority", "main"]

BLOCK = 1024
REAL_TIME_GAP_MARGINS = 5
"""How many sleep margins there must be between two queries for real-time priority: four fifths of the time asleep."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What the issuing process is told."""

    effective: EffectiveSettings
    loadable: LoadableSet
    phase: Mode


def main() -> None:
    """Issue one phase; the arguments are the descriptors of the shared memory and of the doorbell."""
    with fine_timers():
        _main(*(int(argument) for argument in sys.argv[-2:]))


def _main(shared: int, bell: int) -> None:
    ring = Ring(shared)
    try:
        # The parent is a process of levelfield that has just pickled this for us.
        assignment: Assignment = pickle.load(sys.stdin.buffer)  # noqa: S301
    except EOFError:  # the parent is gone
        return
    plan = schedule(assignment.effective, assignment.loadable, assignment.phase)
    # Nobody else wants this interpreter: looking at the clock without pause costs no one anything.
    keeper = calibrate(Timekeeper(make_poll=lambda: lambda: None, rest=lambda _: None))
    os.set_blocking(bell, False)
    ring.word[Word.SLEEP_MARGIN] = keeper.margin_ns
    generated = plan.generated
    mean_gap_ns = generated.duration_ns / max(generated.query_count, 1)
    ring.word[Word.PRIORITY] = ask_for_priority(mean_gap_ns, keeper.margin_ns)
    blocks = plan.blocks(BLOCK)
    first = next(blocks, None)
    ring.word[Word.READY] = 1
    os.write(bell, b"r")
    if not sys.stdin.buffer.read(1):  # the parent is gone
        return
    with suppress(BrokenPipeError):
        outcome = 1 if first is None else _issue(plan, ring, bell, keeper)
        ring.word[Word.FINISHED] = outcome
        _ring(bell)


def ask_for_priority(mean_gap_ns: float, margin_ns: int) -> Priority:
    """Ask to be run before others, where that is allowed (Linux: as root) and harmless; what was given.

    Real-time priority puts the 99th percentile of lateness on a busy machine from milliseconds to microseconds. A
    process that has it and polls all the time would keep the system's own process from running; so it is asked for
    only where the queries leave time to sleep.
    """
    if mean_gap_ns < REAL_TIME_GAP_MARGINS * margin_ns:
        return Priority.USUAL
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    except (AttributeError, OSError):  # not on this platform, or not allowed
        return Priority.USUAL
    return Priority.REAL_TIME


def _issue(plan: Schedule, ring: Ring, bell: int, keeper: Timekeeper) -> int:
    word, entry, now, entries, mask = ring.word, ring.entry, keeper.now, ring.entries, ring.entries - 1
    start_ns = word[Word.START]
    head = 0
    for block in plan.blocks(BLOCK):
        due = (block.scheduled_ns + start_ns).tolist()
        due.append(1 << 62)  # after the last query of a block the bell is always rung
        for due_ns, following_ns in pairwise(due):
            shown = now()
            if shown < due_ns:
                shown = keeper.wait_until(due_ns)
            if word[Word.STOP]:
                return 1
            if head - word[Word.TAIL] >= entries:
                return 2
            entry[head & mask] = shown
            head += 1
            word[Word.HEAD] = head
            if following_ns > shown or not head & 63:
                _ring(bell)
    return 1


def _ring(bell: int) -> None:
    """Wake the system's process. A full pipe means that it has been woken already."""
    with suppress(BlockingIOError):
        os.write(bell, b"q")
