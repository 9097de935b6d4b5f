"""Issuing from a process of its own, for systems under test that keep the interpreter busy.

The issuing process puts each query into a ring in shared memory when it is due and rings a bell; the calling thread
takes it from there and hands it to the system. A query counts as issued when it lies in the ring: from then on,
waiting is the system's own. How long queries lay there is recorded apart (``pickup_delay_ns``).
"""

from __future__ import annotations

import os
import pickle
import select
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

import levelfield
from levelfield.errors import RunError
from levelfield.loadgen.issue import NO_INDICES, PhaseLimits, PhaseState, await_completed
from levelfield.loadgen.issuer import Assignment
from levelfield.loadgen.ports import IntArray, SystemUnderTest
from levelfield.loadgen.recorder import PENDING, Window
from levelfield.loadgen.ring import RING_ENTRIES, SHARED_BYTES, Ring, Word
from levelfield.loadgen.schedule import LoadableSet
from levelfield.loadgen.waiting import Timekeeper
from levelfield.terms import Mode
from levelfield.units import NS_PER_MS, NS_PER_US, format_ns

__all__ = ["IssuerProcess", "choose_issuing"]

START_BOUND_S = 30.0
HEAD_START_NS = 5 * NS_PER_MS
BLOCK = 1024
PROBE_WAITS = 60
PROBE_GAP_NS = NS_PER_MS
TOLERATED_NS = 250 * NS_PER_US
"""The 90th percentile of lateness in the probe above which the calling thread is not fit to issue."""
CHILD = "import sys; sys.path.insert(0, sys.argv[1]); from levelfield.loadgen.issuer import main; main()"


def choose_issuing(
    choice: str, system: SystemUnderTest, keeper: Timekeeper, warm_up_indices: IntArray
) -> tuple[str, str]:
    """``inline`` or ``process``, and why.

    In automatic choice this thread waits for sixty moments, one millisecond apart, while the system warms up: if
    its Python threads keep the interpreter, these waits are late, and queries would be too.
    """
    if choice != "auto":
        return choice, "asked for"
    if not hasattr(os, "memfd_create") and os.name != "posix":
        return "inline", "this platform has no issuing process"
    warm_up = getattr(system, "warm_up", None)
    worker = None
    if warm_up is not None:
        worker = threading.Thread(target=_quietly, args=(warm_up, warm_up_indices), daemon=True)
        worker.start()
    lateness: list[int] = []
    due_ns = keeper.now() + PROBE_GAP_NS
    while len(lateness) < PROBE_WAITS:
        lateness.append(keeper.wait_until(due_ns) - due_ns)
        due_ns = max(due_ns, keeper.now()) + PROBE_GAP_NS
    if worker is not None:
        worker.join()
    late_ns = int(np.sort(lateness)[int(PROBE_WAITS * 0.9)])
    seen = f"a probe in the calling thread was {format_ns(late_ns)} late at its 90th percentile"
    if late_ns > TOLERATED_NS:
        return "process", f"{seen}: the system under test keeps the interpreter busy"
    return "inline", seen


def _quietly(warm_up: object, indices: IntArray) -> None:
    """Warm up; an error shows again, with its message, when the first query is issued."""
    with suppress(Exception):
        assert callable(warm_up)
        warm_up(indices)


class IssuerProcess:
    """The issuing process of one Server phase, from this side."""

    def __init__(self, state: PhaseState, loadable: LoadableSet) -> None:
        self._state = state
        with tempfile.TemporaryFile(dir=_memory_folder()) as shared:
            shared.truncate(SHARED_BYTES)
            self._ring = Ring(shared.fileno())
            self._bell, ringing_end = os.pipe()
            root = str(Path(levelfield.__file__).parents[1])
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter, our own module
                [sys.executable, "-c", CHILD, root, str(shared.fileno()), str(ringing_end)],
                stdin=subprocess.PIPE,
                pass_fds=(shared.fileno(), ringing_end),
            )
            os.close(ringing_end)
        assignment = Assignment(
            effective=state.effective,
            loadable=loadable,
            phase=Mode.PERFORMANCE if state.timed else Mode.ACCURACY,
        )
        assert self._process.stdin is not None
        self._process.stdin.write(pickle.dumps(assignment))
        self._process.stdin.flush()

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
        self._process.stdin.write(b"s")
        self._process.stdin.flush()
        self._pump(window, picked)
        word[Word.STOP] = 1
        taken = state.queries_issued
        pickup = picked[:taken] - window.issued_ns[:taken]
        if state.recorder.failure is None:
            state.system.flush()
            await_completed(state, state.samples_issued())
        return wall_begin, pickup

    def _pump(self, window: Window, picked: IntArray) -> None:
        state, word, entry = self._state, self._ring.word, self._ring.entry
        recorder, issue, now, mask = state.recorder, state.system.issue, state.keeper.now, RING_ENTRIES - 1
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
        entry, mask = self._ring.entry, RING_ENTRIES - 1
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
                code = self._process.wait()
                raise RunError(f"The issuing process died with exit code {code}.")
        elif not self._ring.word[Word.READY]:
            raise RunError(f"The issuing process did not start within {bound_s:g} s.")

    def _check_finished(self) -> None:
        if self._ring.word[Word.FINISHED] == 2:
            raise RunError(
                f"The process of the system under test left {RING_ENTRIES:,} queries waiting: "
                "it does not take them as fast as they are issued."
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
            self._process.wait(timeout=2)
        except subprocess.TimeoutExpired:  # it sleeps until a query that is due much later
            self._process.kill()
            self._process.wait()


def _memory_folder() -> str | None:
    """Where a file is memory and not disk, if there is such a place."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108
