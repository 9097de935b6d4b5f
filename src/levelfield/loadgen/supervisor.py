"""Watching a phase from the side: progress for a person, and a bound on waiting for a system that hangs.

The thread wakes four times a second and does very little, since it shares the interpreter with the issuing side.
"""

from __future__ import annotations

import ctypes
import signal
import threading
from typing import Self

import numpy as np

from levelfield.errors import SystemUnderTestError
from levelfield.loadgen.issue import PhaseState
from levelfield.loadgen.ports import IntArray
from levelfield.loadgen.progress import ProgressListener, Snapshot
from levelfield.loadgen.recorder import PENDING
from levelfield.terms import Scenario
from levelfield.units import NS_PER_S

__all__ = ["Supervisor"]

TICK_S = 0.25
GRACE_S = 2.0
"""How long the issuing loop has to notice that the phase has failed, before it is interrupted."""


class Supervisor:
    """A context manager around one phase.

    Args:
        state: The phase.
        listener: Who is told how it goes on.
        samples_before: Completed in earlier loadable sets of the same accuracy run.
    """

    def __init__(self, state: PhaseState, listener: ProgressListener | None, *, samples_before: int = 0) -> None:
        self._state = state
        self._listener = listener
        self._samples_before = samples_before
        self._ended = threading.Event()
        self._issuing_thread = threading.get_ident()
        self._thread = threading.Thread(target=self._watch, name="levelfield-supervisor", daemon=True)
        self._last_completed = -1
        self._idle_s = 0.0
        self.interrupted_issuing = False
        """Whether the issuing thread had to be torn out of the system under test."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(timeout=GRACE_S)

    def _watch(self) -> None:
        while not self._ended.wait(TICK_S):
            state = self._state
            if self._listener is not None and state.start_ns:
                self._listener.update(self._snapshot())
            if self._stalled():
                state.recorder.fail(
                    SystemUnderTestError(
                        f"The system under test did not answer: nothing completed for {state.stall_s:g} s, "
                        f"{state.recorder.completed} samples were complete by then."
                    )
                )
                if not self._ended.wait(GRACE_S):
                    self._tear_out()
                    return

    def _stalled(self) -> bool:
        state = self._state
        completed = state.recorder.completed
        if completed != self._last_completed or not self._anything_outstanding(completed):
            self._last_completed = completed
            self._idle_s = 0.0
            return False
        self._idle_s += TICK_S
        # Later than the bound of the waiting loop, which gives the better message where it can.
        return self._idle_s > state.stall_s + GRACE_S

    def _anything_outstanding(self, completed: int) -> bool:
        state = self._state
        if not state.windows:
            return False
        if state.effective.scenario is Scenario.SERVER:
            return state.queries_issued > completed
        return bool((state.windows[-1].done_ns == PENDING).any())

    def _snapshot(self) -> Snapshot:
        state = self._state
        return Snapshot(
            elapsed_s=(state.keeper.now() - state.start_ns) / NS_PER_S,
            queries_issued=max(state.queries_issued, state.recorder.completed // state.schedule.samples_per_query),
            samples_completed=self._samples_before + state.recorder.completed,
            latencies_ns=self._recent_latencies(),
        )

    def _recent_latencies(self) -> IntArray:
        """Latencies of the last complete samples, about a thousand."""
        state = self._state
        empty: IntArray = np.zeros(0, np.int64)
        if not state.windows:
            return empty
        window = state.windows[-1]
        if state.effective.scenario is Scenario.SERVER:
            parts = []
            for places, due in list(state.recent):
                done = window.done_ns[places]
                parts.append((done - due - state.start_ns)[done > 0])
            return np.concatenate(parts) if parts else empty
        if state.effective.scenario is Scenario.OFFLINE:
            return empty
        per_query = state.schedule.samples_per_query
        # Counted, not looked up: the array changes while it is read. The last query may not be complete yet.
        last = int(np.count_nonzero(window.issued_ns)) - 1
        if last < 1:
            return empty
        first = max(0, last - 1024)
        done = window.done_ns[first * per_query : last * per_query].reshape(-1, per_query).max(axis=1, initial=0)
        latencies: IntArray = done - window.issued_ns[first:last]
        return latencies

    def _tear_out(self) -> None:
        """Interrupt an issuing thread that hangs inside the system under test."""
        self.interrupted_issuing = True
        if self._issuing_thread == threading.main_thread().ident and hasattr(signal, "pthread_kill"):
            # A signal also ends a blocking system call; the runner knows that it was not a person's Ctrl-C.
            signal.pthread_kill(self._issuing_thread, signal.SIGINT)
        else:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(self._issuing_thread), ctypes.py_object(KeyboardInterrupt)
            )
