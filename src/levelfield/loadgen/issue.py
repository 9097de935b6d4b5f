"""Issuing: one loop per kind of scenario. What happens between two queries is part of the measurement.

SingleStream and MultiStream issue when the previous query is complete, Server by a schedule, Offline at once
(inference rules, "Scenarios"; ``issue_query_controller.cc`` of mlcommons/inference at b66003e).
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from levelfield.loadgen.closed_loop import issue_one_after_another
from levelfield.loadgen.phase_state import HEAD_START_NS, PhaseLimits, PhaseState, await_completed, finish_phase
from levelfield.loadgen.ports import IntArray
from levelfield.loadgen.recorder import PENDING, Window
from levelfield.terms import Scenario

__all__ = ["issue_phase"]

SERVER_BLOCK = 4096
"""Queries generated at a time in Server. Most of what a block costs is code that has left the processor's caches since
the last one, so a large block costs little more, and comes seldom."""
PREFETCH_SLACK_NS = 500_000
"""The next block is generated ahead when there is at least this much time until the next query is due."""
MOST_OWN_DELAY_NS = (1 << 31) - 1


def issue_phase(state: PhaseState) -> None:
    """Issue the queries of a phase and wait until all are complete.

    Raises:
        SystemUnderTestError: The system raised, or nothing completed for ``stall_s``.
        KeyboardInterrupt: Passed on; what was recorded stays in the state.
    """
    match state.effective.scenario:
        case Scenario.SINGLE_STREAM | Scenario.MULTI_STREAM:
            issue_one_after_another(state)
        case Scenario.SERVER:
            _by_schedule(state)
        case Scenario.OFFLINE:
            _all_at_once(state)
    finish_phase(state)


def _by_schedule(state: PhaseState) -> None:
    """Server: every query at its due time, whether or not the system keeps up; at once if late."""
    load = state.effective.requested.load
    threads = getattr(load, "issue_query_threads", 0) or 1
    queries = state.schedule.generated.query_count
    window = state.open(state.first_id, queries=queries, block=None, own_delays=True)
    state.start_ns = state.keeper.now() + HEAD_START_NS
    lanes = [_Lane(state, window, lane, threads) for lane in range(threads)]
    if threads == 1:
        lanes[0].run()
        return
    others = [threading.Thread(target=lane.guarded, daemon=True) for lane in lanes]
    for thread in others:
        thread.start()
    for thread in others:
        thread.join()


@dataclass(slots=True)
class _Ready:
    """A block with all that can be made of it before its first query is due."""

    due_ns: IntArray
    """(queries,) on the clock."""
    scheduled_ns: IntArray
    places: IntArray
    """(queries,) in the window."""
    ids: IntArray
    indices: IntArray

    def queries(self) -> Iterator[tuple[int, IntArray, IntArray]]:
        """Due time, ids and indices of each query; the rows of a column are cheaper than slices.

        Numbers are made one by one, since a list of them all is most of what a block costs before its first query.
        """
        return zip(self.due_ns.data, self.ids.reshape(-1, 1), self.indices.reshape(-1, 1), strict=True)


class _Lane:
    """One issuing thread of Server: queries ``lane``, ``lane + lanes``, ``lane + 2 lanes`` and so on."""

    def __init__(self, state: PhaseState, window: Window, lane: int, lanes: int) -> None:
        self._state = state
        self._keeper = state.keeper if lanes == 1 else state.keeper.for_another_thread()
        self._window = window
        self._free_ns = 0
        """When a perfect load generator would be free again: it issues on time and waits for the system as long."""
        self._lane = lane
        self._lanes = lanes
        self._blocks = state.schedule.blocks(SERVER_BLOCK * lanes, first=lane, stride=lanes)
        self._position = lane
        """In the window, of the first query that is not made ready yet."""
        self._exhausted = False
        self._next = self._make_ready()
        self._limits = PhaseLimits.of(state)
        self._coalesce = bool(getattr(state.effective.requested.load, "coalesce_queries", False))
        self._max_async = state.effective.max_async_queries if state.timed else 0
        self._limited = bool(self._max_async) or self._limits.bounded

    def guarded(self) -> None:
        """Run; an exception ends the phase instead of the thread alone."""
        try:
            self.run()
        except Exception as error:  # noqa: BLE001 - whatever the system raised is reported by the runner
            self._state.recorder.fail(error)

    def run(self) -> None:
        """Issue all queries of this lane."""
        issue_block = self._issue_block_coalescing if self._coalesce else self._issue_block
        while self._next is not None:
            block, self._next = self._next, None
            if not issue_block(block):
                return
            if self._next is None:
                self._next = self._make_ready()

    def _make_ready(self) -> _Ready | None:
        """Generate the next block (300 µs of work); ``None`` if there is none."""
        block = next(self._blocks, None)
        if block is None:
            self._exhausted = True
            return None
        window, count, lanes = self._window, len(block.scheduled_ns), self._lanes
        places = np.arange(self._position, self._position + count * lanes, lanes)
        self._position += count * lanes
        window.prepare_logging(places, block.indices, block.logged, wanted=self._state.recorder.wants_payloads)
        return _Ready(
            due_ns=block.scheduled_ns + self._state.start_ns,
            scheduled_ns=block.scheduled_ns,
            places=places,
            ids=places + window.base,
            indices=block.indices,
        )

    def _issue_block(self, block: _Ready) -> bool:
        """Issue one block, query by query; False if the phase ends in it."""
        state, window, recorder, keeper = self._state, self._window, self._state.recorder, self._keeper
        now, issue, complete = keeper.now, state.system.issue, recorder.complete
        done, issued, own, lanes, most = window.done, window.issued, window.own, self._lanes, MOST_OWN_DELAY_NS
        position, free_ns, shown = int(block.places[0]), self._free_ns, now()
        state.recent.append((block.places, block.scheduled_ns))
        for due_ns, ids, indices in block.queries():
            ideal_ns = free_ns if free_ns > due_ns else due_ns
            if shown < due_ns:
                shown = self._wait(due_ns, shown)
                if lanes > 1 and state.stop:
                    return False
            done[position] = PENDING
            issued[position] = shown
            state.queries_issued += 1
            issue(ids, indices, complete)
            returned = now()
            late_ns = shown - ideal_ns
            own[position] = late_ns if late_ns < most else most
            free_ns = ideal_ns + returned - shown
            position += lanes
            if state.stop or recorder.failure is not None or (self._limited and self._ends(shown)):
                return False
            shown = returned
        self._free_ns = free_ns
        return True

    def _issue_block_coalescing(self, block: _Ready) -> bool:
        """Issue one block, all that is due by then in one call; False if the phase ends in it."""
        state, window, recorder, keeper = self._state, self._window, self._state.recorder, self._keeper
        due, places, lanes, count = block.due_ns.tolist(), block.places, self._lanes, len(block.due_ns)
        state.recent.append((places, block.scheduled_ns))
        k, shown = 0, keeper.now()
        while k < count:
            ideal_ns = max(self._free_ns, due[k])
            if shown < due[k]:
                shown = self._wait(due[k], shown)
                if lanes > 1 and state.stop:
                    return False
            end = max(k + 1, bisect_right(due, shown, k + 1))
            state.queries_issued += end - k
            window.done_ns[places[k:end]] = PENDING
            window.issued_ns[places[k:end]] = shown
            state.system.issue(block.ids[k:end], block.indices[k:end], recorder.complete)
            returned = keeper.now()
            assert window.own_ns is not None
            window.own_ns[places[k:end]] = min(shown - ideal_ns, MOST_OWN_DELAY_NS)
            self._free_ns = ideal_ns + returned - shown
            if state.stop or recorder.failure is not None or (self._limited and self._ends(shown)):
                return False
            k, shown = end, returned
        return True

    def _wait(self, due_ns: int, shown: int) -> int:
        """Wait for a moment, and make the next block ready where there is time for it; what the clock shows then."""
        if self._next is None and not self._exhausted and due_ns - shown > PREFETCH_SLACK_NS:
            self._next = self._make_ready()
        return self._keeper.wait_until(due_ns)

    def _ends(self, issued_ns: int) -> bool:
        return self._limits.ends_server(self._state, issued_ns - self._state.start_ns, self._max_async)


def _all_at_once(state: PhaseState) -> None:
    """Offline: everything at the start. An accuracy phase of a short last set may have a second query."""
    blocks = list(state.schedule.blocks(1))
    base = state.first_id
    state.start_ns = 0
    for block in blocks:
        await_completed(state, base - state.first_id)
        window = state.open(base, queries=1, block=block)
        ids = np.arange(base, base + len(block.indices), dtype=np.int64)
        window.done_ns[:] = PENDING
        if not state.start_ns:
            state.start_ns = state.keeper.now()
        window.issued[0] = state.keeper.now()
        state.queries_issued += 1
        state.system.issue(ids, block.indices, state.recorder.complete)
        base += len(ids)
        if state.recorder.failure is not None or state.stop:
            return
