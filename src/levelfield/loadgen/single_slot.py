"""SingleStream where no output is logged: one sample is outstanding at a time, so one slot says all there is to say.

Asking whether the slot is free and filling it are two steps of one function without a call between them, which the
interpreter lock makes one. So the recorder's lock, its counter and its look into the window are spared: a quarter of
what a query costs. Most systems complete with the very array of ids that they were given, so that is asked first.
Whatever is not the one expected completion goes the recorder's way.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from contextlib import suppress

import numpy as np

from levelfield.loadgen.phase_state import PhaseLimits, PhaseState, no_answer
from levelfield.loadgen.ports import IntArray, Payloads
from levelfield.loadgen.recorder import NEVER_ISSUED, PENDING, Window
from levelfield.loadgen.schedule import QueryBlock

__all__ = ["BlockIssuer", "fits_single_slot", "single_slot_issuer"]

BlockIssuer = Callable[[PhaseLimits, Window, QueryBlock, int], bool]
"""Issues the queries of one window, before which so many were issued; False if the phase ends in it."""
NOBODY = -1
NO_IDS: IntArray = np.zeros(0, np.int64)


def fits_single_slot(state: PhaseState) -> bool:
    """Whether a phase can be issued this way: single samples, nothing logged, and an interpreter lock."""
    locked = getattr(sys, "_is_gil_enabled", lambda: True)()
    return state.schedule.samples_per_query == 1 and state.recorder.plain and locked


def single_slot_issuer(state: PhaseState) -> BlockIssuer:  # noqa: PLR0915 - one scope: what is shared are its cells
    """The loop of a phase. What the system reports to stays the same from window to window."""
    recorder, issue, clock = state.recorder, state.system.issue, state.keeper.now
    outstanding = NOBODY
    given = NO_IDS
    """The array of ids that was handed over with the outstanding sample."""
    stamp = 0
    waiting = False
    bell = threading.Lock()
    bell.acquire()

    def ring() -> None:
        with suppress(RuntimeError):  # it rings already
            bell.release()

    def complete(ids: IntArray, payloads: Payloads | None = None, token_counts: IntArray | None = None) -> None:
        nonlocal stamp
        at = clock()
        if ids is given and not stamp:
            stamp = at
            if waiting:
                ring()
            return
        try:
            sample = ids.item()
        except (AttributeError, ValueError):  # a list, or not one id
            otherwise(at, np.asarray(ids, dtype=np.int64), payloads, token_counts)
            return
        if sample == outstanding and not stamp:
            stamp = at
            if waiting:
                ring()
            return
        otherwise(at, np.asarray([sample], dtype=np.int64), payloads, token_counts)

    def one(sample: int) -> None:
        nonlocal stamp
        at = clock()
        if sample == outstanding and not stamp:
            stamp = at
            if waiting:
                ring()
            return
        otherwise(at, np.asarray([sample], dtype=np.int64), None, None)

    def otherwise(at: int, ids: IntArray, payloads: Payloads | None, token_counts: IntArray | None) -> None:
        """The recorder's way; while it judges, the window says what the slot says."""
        nonlocal stamp
        if outstanding == NOBODY:
            recorder.complete_any(at, ids, payloads, token_counts)
            return
        window = state.windows[-1]
        place = outstanding - window.base
        window.done[place] = stamp or PENDING
        try:
            recorder.complete_any(at, ids, payloads, token_counts)
        finally:
            if not stamp and window.done[place] != PENDING:  # the outstanding one was among them: the loop counts it
                recorder.completed -= 1
                stamp = window.done[place]
                ring()

    def settled() -> bool:
        """Wait for the outstanding sample; False if the system has failed."""
        nonlocal waiting
        window = state.windows[-1]
        window.done[outstanding - window.base] = PENDING
        waiting = True
        try:
            while not stamp and recorder.failure is None:
                if not bell.acquire(timeout=state.stall_s) and not stamp and recorder.failure is None:
                    raise no_answer(state, 1)
        finally:
            waiting = False
        return bool(stamp)

    def issue_block(limits: PhaseLimits, window: Window, block: QueryBlock, queries_before: int) -> bool:
        nonlocal outstanding, given, stamp
        done, issued, start, now = window.done, window.issued, state.start_ns, clock
        look_at = start + limits.first_look_ns(queries_before + len(block.scheduled_ns))
        last = limits.max_queries - queries_before - 1
        base, place = window.base, 0
        try:
            for place, (given, indices) in enumerate(block.rows(base, 1)):
                stamp = 0
                outstanding = base + place
                issued[place] = shown = now()
                issue(given, indices, report)
                if not stamp and not settled():
                    return False
                done[place] = stamp
                recorder.completed += 1
                if shown >= look_at or place >= last or state.stop:
                    state.queries_issued = queries_before + place + 1
                    if limits.reached(state, shown - start):
                        return False
            return True
        finally:
            outstanding, given = NOBODY, NO_IDS
            if issued[place] and done[place] == NEVER_ISSUED:  # torn out of the system
                done[place] = stamp or PENDING

    report = recorder.dressed(complete, one)
    recorder.on_failure = ring
    return issue_block
