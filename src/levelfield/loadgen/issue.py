"""Issuing: one loop per kind of scenario. What happens between two queries is part of the measurement.

SingleStream and MultiStream issue when the previous query is complete, Server by a schedule, Offline at once
(inference rules, "Scenarios"; ``issue_query_controller.cc`` of mlcommons/inference at b66003e).
"""

from __future__ import annotations

import threading
from bisect import bisect_right

import numpy as np

from levelfield.loadgen.closed_loop import issue_one_after_another
from levelfield.loadgen.phase_state import PhaseLimits, PhaseState, await_completed, finish_phase
from levelfield.loadgen.recorder import PENDING, Window
from levelfield.loadgen.schedule import QueryBlock
from levelfield.terms import Scenario

__all__ = ["issue_phase"]

SERVER_BLOCK = 512
"""Queries generated at a time in Server: about 30 µs of work."""
PREFETCH_SLACK_NS = 100_000
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
    lanes = [_Lane(state, window, lane, threads) for lane in range(threads)]
    state.start_ns = state.keeper.now()
    if threads == 1:
        lanes[0].run()
        return
    others = [threading.Thread(target=lane.guarded, daemon=True) for lane in lanes]
    for thread in others:
        thread.start()
    for thread in others:
        thread.join()


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
        self._next = next(self._blocks, None)
        self._limits = PhaseLimits.of(state)
        self._coalesce = bool(getattr(state.effective.requested.load, "coalesce_queries", False))
        self._max_async = state.effective.max_async_queries if state.timed else 0

    def guarded(self) -> None:
        """Run; an exception ends the phase instead of the thread alone."""
        try:
            self.run()
        except Exception as error:  # noqa: BLE001 - whatever the system raised is reported by the runner
            self._state.recorder.fail(error)

    def run(self) -> None:
        """Issue all queries of this lane."""
        position = self._lane
        while self._next is not None:
            block, self._next = self._next, None
            if not self._issue_block(position, block):
                return
            position += len(block.scheduled_ns) * self._lanes
            if self._next is None:
                self._next = next(self._blocks, None)

    def _issue_block(self, position: int, block: QueryBlock) -> bool:
        """Issue one block, whose first query is at ``position`` of the window; False if the phase ends in it."""
        state, window, recorder, keeper = self._state, self._window, self._state.recorder, self._keeper
        now, issue, complete = keeper.now, state.system.issue, recorder.complete
        done, issued, lanes = window.done, window.issued, self._lanes
        count = len(block.scheduled_ns)
        due = (block.scheduled_ns + state.start_ns).tolist()
        places = np.arange(position, position + count * lanes, lanes)
        ids = places + window.base
        indices = block.indices
        window.prepare_logging(places, block.indices, block.logged, wanted=recorder.wants_payloads)
        state.recent.append((places, block.scheduled_ns))
        limited = bool(self._max_async) or self._limits.bounded
        own, free_ns, coalesce, most = window.own, self._free_ns, self._coalesce, MOST_OWN_DELAY_NS
        k, shown = 0, now()
        while k < count:
            # Everything that can be done before the query is due is done now: after a sleep, code runs slowly at first.
            due_ns, end = due[k], k + 1
            ideal_ns = free_ns if free_ns > due_ns else due_ns
            query_ids, query_indices = ids[k:end], indices[k:end]
            if shown < due_ns:
                if self._next is None and due_ns - shown > PREFETCH_SLACK_NS:
                    self._next = next(self._blocks, None)
                shown = keeper.wait_until(due_ns)
                if lanes > 1 and state.stop:
                    return False
            done[position] = PENDING
            issued[position] = shown
            state.queries_issued += 1
            if coalesce and (also := bisect_right(due, shown, end)) > end:
                state.queries_issued += also - end
                end = also
                query_ids, query_indices = ids[k:end], indices[k:end]
                window.done_ns[places[k + 1 : end]] = PENDING
                window.issued_ns[places[k + 1 : end]] = shown
            issue(query_ids, query_indices, complete)
            returned = now()
            late_ns = shown - ideal_ns
            own[position] = late_ns if late_ns < most else most
            if end > k + 1:
                window.own_ns[places[k + 1 : end]] = own[position]
            self._free_ns = free_ns = ideal_ns + returned - shown
            position += (end - k) * lanes
            k, issued_ns, shown = end, shown, returned
            if state.stop or recorder.failure is not None:
                return False
            if limited and self._limits.ends_server(state, issued_ns - state.start_ns, self._max_async):
                return False
        return True


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
