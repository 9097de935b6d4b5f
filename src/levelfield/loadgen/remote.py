"""Issuing from a process of its own, for systems under test that keep the interpreter busy.

The issuing process puts each query into a ring in shared memory when it is due and rings a bell; the calling thread
takes it from there and hands it to the system. A query counts as issued when it lies in the ring: from then on,
waiting is the system's own. How long queries lay there is recorded apart (``pickup_delay_ns``).
"""

from __future__ import annotations

import os
import pickle
import select
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

import levelfield
from levelfield.errors import RunError, SystemUnderTestError
from levelfield.loadgen.issuer import Assignment
from levelfield.loadgen.phase_state import HEAD_START_NS, NO_INDICES, PhaseLimits, PhaseState, finish_phase
from levelfield.loadgen.ports import IntArray, SystemUnderTest
from levelfield.loadgen.recorder import PENDING, Window
from levelfield.loadgen.ring import RING_ENTRIES, Priority, Ring, Word, shared_bytes
from levelfield.loadgen.schedule import LoadableSet
from levelfield.loadgen.waiting import Timekeeper
from levelfield.terms import Mode
from levelfield.units import NS_PER_MS, NS_PER_US, format_ns

__all__ = ["IssuerProcess", "choose_issuing"]

START_BOUND_S = 30.0
END_BOUND_S = 0.5
BLOCK = 1024
PROBE_WAITS = 60
PROBE_GAP_NS = NS_PER_MS
TOLERATED_NS = 250 * NS_PER_US
"""The 90th percentile of lateness in the probe above which the calling thread is not fit to issue."""
CHILD = "import sys; sys.path.insert(0, sys.argv[1]); from levelfield.loadgen.issuer import main; main()"


def choose_issuing(
    choice: str, system: SystemUnderTest, keeper: Timekeeper, warm_up_indices: IntArray, *, stall_s: float
) -> tuple[str, str]:
    """``inline`` or ``process``, and why.

    In automatic choice this thread waits for sixty moments, one millisecond apart, while the system warms up: if
    its Python threads keep the interpreter, these waits are late, and queries would be too.

    Raises:
        SystemUnderTestError: The system does not come back from its ``warm_up`` within ``stall_s``.
        Exception: Whatever the system raised there.
    """
    warm_up = getattr(system, "warm_up", None)
    warmer = None if warm_up is None else _WarmUp(warm_up, warm_up_indices)
    if choice != "auto" or os.name != "posix":
        if warmer is not None:
            warmer.finish(stall_s)
        return (choice, "asked for") if choice != "auto" else ("inline", "this platform has no issuing process")
    lateness: list[int] = []
    due_ns = keeper.now() + PROBE_GAP_NS
    while len(lateness) < PROBE_WAITS:
        lateness.append(keeper.wait_until(due_ns) - due_ns)
        due_ns = max(due_ns, keeper.now()) + PROBE_GAP_NS
    if warmer is not None:
        warmer.finish(stall_s)
    late_ns = int(np.sort(lateness)[int(PROBE_WAITS * 0.9)])
    seen = f"a probe in the calling thread was {format_ns(late_ns)} late at its 90th percentile"
    if late_ns > TOLERATED_NS:
        return "process", f"{seen}: the system under test keeps the interpreter busy"
    return "inline", seen


class _WarmUp:
    """The system's ``warm_up`` in a thread of its own."""

    def __init__(self, warm_up: Callable[[IntArray], object], indices: IntArray) -> None:
        self._warm_up = warm_up
        self._indices = indices
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="levelfield-warm-up", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._warm_up(self._indices)
        except Exception as error:  # noqa: BLE001 - the user's code; raised again by finish
            self._error = error

    def finish(self, bound_s: float) -> None:
        """Wait until it is done.

        Raises:
            SystemUnderTestError: It is not done within the bound.
            Exception: Whatever the system raised.
        """
        self._thread.join(bound_s)
        if self._thread.is_alive():
            raise SystemUnderTestError(f"The system under test did not come back from warm_up within {bound_s:g} s.")
        if self._error is not None:
            raise self._error


class IssuerProcess:
    """The issuing process of one Server phase, from this side."""

    def __init__(self, state: PhaseState, loadable: LoadableSet) -> None:
        self._state = state
        with tempfile.TemporaryFile(dir=_memory_folder()) as shared:
            shared.truncate(shared_bytes(RING_ENTRIES))
            self._ring = Ring(shared.fileno())
            self._bell, ringing_end = os.pipe()
            root = str(Path(levelfield.__file__).parents[1])
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter, our own module
                [sys.executable, "-c", CHILD, root, str(shared.fileno()), str(ringing_end)],
                stdin=subprocess.PIPE,
                pass_fds=(shared.fileno(), ringing_end),
                process_group=0,  # Ctrl-C is for this process, which then ends the other
            )
            os.close(ringing_end)
        assignment = Assignment(
            effective=state.effective,
            loadable=loadable,
            phase=Mode.PERFORMANCE if state.timed else Mode.ACCURACY,
        )
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # it is dead, which is noticed and said when it is listened to
            self._process.stdin.write(pickle.dumps(assignment))
            self._process.stdin.flush()

    @property
    def priority(self) -> Priority:
        """How the process is preferred to others; known once it is ready."""
        return Priority(self._ring.word[Word.PRIORITY])

    def issue(self) -> tuple[datetime, IntArray]:
        """Take the queries of the phase from the ring, hand them to the system, and wait until all are complete.

        Returns:
            The wall clock at the start, and (queries,) how long each query lay in the ring, in ns.

        Raises:
            RunError: The issuing process could not be started, died, or found the ring full.
        """
        state, word = self._state, self._ring.word
        queries = state.schedule.generated.query_count
        window = state.open(state.first_id, queries=queries, block=None)
        picked = Window(0, samples=queries, queries=0, indices=NO_INDICES).done_ns
        while not word[Word.READY]:
            self._listen(START_BOUND_S)
        wall_begin = datetime.now(UTC)
        state.start_ns = state.keeper.now() + HEAD_START_NS
        word[Word.START] = state.start_ns
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(b"s")
            self._process.stdin.flush()
        self._pump(window, picked)
        word[Word.STOP] = 1
        taken = state.queries_issued
        pickup = picked[:taken] - window.issued_ns[:taken]
        finish_phase(state)
        return wall_begin, pickup

    def _pump(self, window: Window, picked: IntArray) -> None:
        state, word, entry = self._state, self._ring.word, self._ring.entry
        recorder, issue, now, mask = state.recorder, state.system.issue, state.keeper.now, self._ring.entries - 1
        limits = PhaseLimits.of(state)
        coalesce = bool(getattr(state.effective.requested.load, "coalesce_queries", False))
        max_async = state.effective.max_async_queries if state.timed else 0
        done, issued, when = window.done, window.issued, picked.data
        position = 0
        for block in state.schedule.blocks(BLOCK):
            count = len(block.scheduled_ns)
            places = np.arange(position, position + count)
            ids, first = places + window.base, position
            window.prepare_logging(places, block.indices, block.logged, wanted=recorder.wants_payloads)
            state.recent.append((places, block.scheduled_ns))
            while position < first + count:
                arrived = self._arrived(position, min(word[Word.HEAD], first + count))
                if arrived == position:
                    if state.stop or recorder.failure is not None:
                        return
                    if word[Word.FINISHED] and word[Word.HEAD] == position:
                        self._check_finished()
                        return
                    self._listen(0.5)
                    continue
                end = arrived if coalesce else position + 1
                shown = now()
                for place in range(position, end):
                    issued[place] = entry[place & mask]
                    entry[place & mask] = 0
                    done[place] = PENDING
                    when[place] = shown
                state.queries_issued = end
                word[Word.TAIL] = end
                issue(
                    ids[position - first : end - first],
                    block.indices[position - first : end - first],
                    recorder.complete,
                )
                position = end
                if state.stop or recorder.failure is not None:
                    return
                if (max_async or limits.bounded) and limits.ends_server(state, shown - state.start_ns, max_async):
                    return

    def _arrived(self, position: int, head: int) -> int:
        """Up to which query the entries have become visible."""
        entry, mask = self._ring.entry, self._ring.entries - 1
        while position < head and entry[position & mask]:
            position += 1
        return position

    def _listen(self, bound_s: float) -> None:
        """Sleep until the bell rings, at most ``bound_s``."""
        ready, _, _ = select.select([self._bell], [], [], bound_s)
        if ready:
            if not os.read(self._bell, 65_536):
                if self._ring.word[Word.FINISHED]:
                    return
                raise RunError(
                    f"The process that issues the queries {_how_it_died(self._process.wait())} before it had issued "
                    "them all.",
                    hint="Run again; --issuing inline issues from the process of the system under test instead.",
                )
        elif not self._ring.word[Word.READY]:
            raise RunError(
                f"The process that issues the queries did not start within {bound_s:g} s.",
                hint="Is this machine very busy? --issuing inline issues from the process of the system under test.",
            )

    def _check_finished(self) -> None:
        if self._ring.word[Word.FINISHED] == 2:
            raise RunError(
                f"The system under test left {self._ring.entries:,} queries waiting: its issue() does not take them "
                "as fast as they are due.",
                hint="Lower the target rate, or let issue() hand its work to threads of its own.",
            )

    def close(self) -> None:
        """End the process, whatever state it is in."""
        self._ring.word[Word.STOP] = 1
        with suppress(OSError):
            os.close(self._bell)
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()
        try:
            self._process.wait(timeout=END_BOUND_S)
        except subprocess.TimeoutExpired:
            pass  # it sleeps until a query that is due much later
        finally:  # also when Ctrl-C falls into the wait
            if self._process.poll() is None:
                self._process.kill()
                self._process.wait()


def _how_it_died(code: int) -> str:
    """From an exit code of :mod:`subprocess` to words."""
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"


def _memory_folder() -> str | None:
    """Where a file is memory and not disk, if there is such a place."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108
