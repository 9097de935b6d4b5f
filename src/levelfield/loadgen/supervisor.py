"""Watching a phase from the side: progress for a person, Ctrl-C, and a bound on waiting for a system that hangs.

The thread wakes four times a second and does very little, since it shares the interpreter with the issuing side.
"""

from __future__ import annotations

import ctypes
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Self

import numpy as np

from levelfield.errors import SystemUnderTestError
from levelfield.loadgen.abandon import LateCounter
from levelfield.loadgen.phase_state import PhaseState
from levelfield.loadgen.ports import IntArray
from levelfield.loadgen.progress import ProgressListener, Snapshot
from levelfield.loadgen.recorder import PENDING
from levelfield.terms import Scenario
from levelfield.units import NS_PER_S

__all__ = ["Supervisor"]

TICK_S = 0.25
GRACE_S = 2.0
"""How long the issuing loop has to notice that the phase has failed, before it is interrupted."""
RECENT = 1024
INTERRUPTED = "The run was interrupted."


class Supervisor:
    """A context manager around one phase, whose work is done by :meth:`carry_out`.

    Args:
        state: The phase.
        listener: Who is told how it goes on.
        samples_before: Completed in earlier loadable sets of the same accuracy run.
        late: Ends the phase with an error as soon as it cannot become valid; ``None`` = it runs to its end.
    """

    def __init__(
        self,
        state: PhaseState,
        listener: ProgressListener | None,
        *,
        samples_before: int = 0,
        late: LateCounter | None = None,
    ) -> None:
        self._late = late
        self._state = state
        self._listener = listener
        self._samples_before = samples_before
        self._ended = threading.Event()
        self._given_up = threading.Event()
        self._issuing_thread = threading.get_ident()
        self._thread = threading.Thread(target=self._watch, name="levelfield-supervisor", daemon=True)
        self._handles_signal = False
        self._waiting_interrupt = False
        self._torn_out = False
        self._last_completed = -1
        self._idle_s = 0.0
        self.interrupted = False
        """Whether a person stopped the phase (Ctrl-C)."""

    def __enter__(self) -> Self:
        # Only where Ctrl-C would raise KeyboardInterrupt anyway: who handles it otherwise wants that.
        in_main_thread = threading.current_thread() is threading.main_thread()
        if in_main_thread and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._on_signal)
            self._handles_signal = True
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(timeout=GRACE_S)
        if self._handles_signal:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        if self._waiting_interrupt and not self._torn_out:
            self._note_interrupt()

    def carry_out(self, work: Callable[[], None]) -> None:
        """Do the work of the phase. What ends it before its time is noted in the state, and not raised.

        Where no signal of ours reaches a system that hangs (outside the main thread, or where the interrupt signal is
        ignored or somebody else's, as in a background job), the work is done by a thread that can be left behind.
        """
        try:
            if self._handles_signal:
                work()
            else:
                self._beside(work)
        except KeyboardInterrupt:
            if not self._torn_out:
                self._note_interrupt()
        except Exception as error:  # noqa: BLE001 - the system's own code; reported with its type and text
            self._state.recorder.fail(error)
        finally:
            self._state.stop = True
            self._ended.set()

    def _beside(self, work: Callable[[], None]) -> None:
        """Do the work in a thread of its own, and leave that one behind where it cannot be torn out."""

        def guarded() -> None:
            try:
                work()
            except KeyboardInterrupt:
                pass
            except Exception as error:  # noqa: BLE001 - as in carry_out
                self._state.recorder.fail(error)

        thread = threading.Thread(target=guarded, name="levelfield-issue", daemon=True)
        thread.start()
        assert thread.ident is not None
        self._issuing_thread = thread.ident
        while thread.is_alive() and not self._given_up.is_set():
            thread.join(TICK_S)

    def _note_interrupt(self) -> None:
        if not self.interrupted:
            self.interrupted = True
            self._state.error(INTERRUPTED)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - a signal handler's arguments
        """Ctrl-C, or tearing out: at once, unless it would leave the recorder locked or the phase is over anyway."""
        inside_recorder = frame is not None and frame.f_code in self._state.recorder.uninterruptible
        if inside_recorder or self._ended.is_set():
            self._waiting_interrupt = True
            return
        self._waiting_interrupt = False
        raise KeyboardInterrupt

    def _watch(self) -> None:
        state = self._state
        while not self._ended.wait(TICK_S):
            if self._listener is not None and state.start_ns:
                self._listener.update(self._snapshot())
            if self._late is not None and not state.stop and (why := self._late.hopeless()):
                state.error(why)
                state.stop = True
            if self._waiting_interrupt:
                signal.pthread_kill(self._issuing_thread, signal.SIGINT)
            if self._stalled():
                state.recorder.fail(SystemUnderTestError(self._stall_message()))
            if state.recorder.failure is not None:
                state.stop = True
                if not self._ended.wait(GRACE_S):
                    self._tear_out()
                    return

    def _stall_message(self) -> str:
        state = self._state
        if state.inside:
            return f"The system under test did not come back from {state.inside} within {state.stall_s:g} s."
        return (
            f"The system under test did not answer: nothing completed for {state.stall_s:g} s, "
            f"{state.recorder.completed} samples were complete by then."
        )

    def _stalled(self) -> bool:
        state = self._state
        completed = state.recorder.completed
        if completed != self._last_completed or not (state.inside or self._anything_outstanding(completed)):
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
        window = state.windows[-1]
        if state.effective.scenario is Scenario.OFFLINE:
            return bool((window.done_ns == PENDING).any())
        issued = int(np.count_nonzero(window.issued_ns)) * state.schedule.samples_per_query
        return issued > int(np.count_nonzero(window.done_ns > 0))

    def _snapshot(self) -> Snapshot:
        state = self._state
        return Snapshot(
            elapsed_s=(state.keeper.now() - state.start_ns) / NS_PER_S,
            queries_issued=max(state.queries_issued, state.recorder.completed // state.schedule.samples_per_query),
            samples_completed=self._samples_before + state.recorder.completed,
            latencies_ns=self._recent_latencies(),
        )

    def _recent_latencies(self) -> IntArray:
        """Latencies of the last complete samples, about a thousand: a look at more would hold up the issuing side."""
        state = self._state
        empty: IntArray = np.zeros(0, np.int64)
        if not state.windows:
            return empty
        window = state.windows[-1]
        if state.effective.scenario is Scenario.SERVER:
            parts = []
            missing = RECENT
            for places, due in reversed(list(state.recent)):
                complete = int(np.searchsorted(places, state.recorder.completed))
                taken = slice(max(0, complete - missing), complete)
                done = window.done_ns[places[taken]]
                parts.append((done - due[taken] - state.start_ns)[done > 0])
                missing -= len(done)
            return np.concatenate(parts) if parts else empty
        if state.effective.scenario is Scenario.OFFLINE:
            return empty
        per_query = state.schedule.samples_per_query
        # Counted, not looked up: the array changes while it is read. The last query may not be complete yet.
        last = int(np.count_nonzero(window.issued_ns)) - 1
        if last < 1:
            return empty
        first = max(0, last - RECENT)
        done = window.done_ns[first * per_query : last * per_query].reshape(-1, per_query).max(axis=1, initial=0)
        latencies: IntArray = done - window.issued_ns[first:last]
        return latencies

    def _tear_out(self) -> None:
        """Interrupt an issuing thread that hangs inside the system under test."""
        self._torn_out = True
        if self._handles_signal and hasattr(signal, "pthread_kill"):
            # A signal also ends a blocking system call.
            signal.pthread_kill(self._issuing_thread, signal.SIGINT)
            return
        _raise_in(self._issuing_thread, KeyboardInterrupt)
        if not self._ended.wait(GRACE_S):
            _forget_raising()
            self._given_up.set()


class _Forgotten(BaseException):
    """Raised in a thread by itself."""


def _raise_in(thread: int, exception: type[BaseException]) -> None:
    """Let a thread raise an exception as soon as it runs Python code."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(exception))


def _forget_raising() -> None:
    """Call off what a thread that is left behind was to raise.

    Until somebody raises such an exception CPython 3.11 looks for it in every thread, at every call; a thread that is
    traced (a debugger, coverage) never gets beyond that. So this one raises one of its own.
    """
    with suppress(_Forgotten):
        _raise_in(threading.get_ident(), _Forgotten)
        for _ in range(1_000):  # it is raised at one of the next instructions
            pass
