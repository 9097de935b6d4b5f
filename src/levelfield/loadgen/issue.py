"""Issuing: one loop per kind of scenario. What happens between two queries is part of the measurement.

SingleStream and MultiStream issue when the previous query is complete, Server by a schedule, Offline at once
(inference rules, "Scenarios"; ``issue_query_controller.cc`` of mlcommons/inference at b66003e).
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from levelfield.errors import SystemUnderTestError
from levelfield.loadgen.measurement import Event, Severity
from levelfield.loadgen.ports import IntArray, SystemUnderTest
from levelfield.loadgen.recorder import PENDING, Recorder, Window
from levelfield.loadgen.schedule import QueryBlock, Schedule
from levelfield.loadgen.settings import EffectiveSettings
from levelfield.loadgen.waiting import Timekeeper
from levelfield.terms import Scenario
from levelfield.units import NS_PER_MS

__all__ = ["NO_INDICES", "PhaseLimits", "PhaseState", "await_completed", "finish_phase", "issue_phase"]

CLOSED_LOOP_BLOCK = 16_384
"""Queries per window in SingleStream and MultiStream."""
SERVER_BLOCK = 512
"""Queries generated at a time in Server: about 30 µs of work."""
PREFETCH_SLACK_NS = 100_000
"""The next block is generated ahead when there is at least this much time until the next query is due."""
MOST_OWN_DELAY_NS = (1 << 31) - 1
NO_INDICES: IntArray = np.zeros(0, np.int64)


@dataclass(slots=True)
class PhaseState:
    """What the loops of one phase share, and what is left when they end."""

    system: SystemUnderTest
    schedule: Schedule
    effective: EffectiveSettings
    recorder: Recorder
    keeper: Timekeeper
    timed: bool
    """Performance phase: the end conditions apply. An accuracy phase issues everything."""
    first_id: int
    stall_s: float
    """No completion for this long ends the phase."""
    start_ns: int = 0
    windows: list[Window] = field(default_factory=list)
    queries_issued: int = 0
    stop: bool = False
    """Set from outside to end the phase."""
    inside: str = ""
    """Which method of the system is being called outside of any query: ``warm_up``, ``flush``."""
    ended_early: str | None = None
    events: list[Event] = field(default_factory=list)
    recent: deque[tuple[IntArray, IntArray]] = field(default_factory=lambda: deque(maxlen=4))
    """The last blocks of Server: places in the window and due times, so that progress can show latencies."""

    def open(self, base: int, *, queries: int, block: QueryBlock | None, own_delays: bool = False) -> Window:
        """Add a window for the next queries and record into it."""
        per_query = self.schedule.samples_per_query
        window = Window(
            base,
            samples=len(block.indices) if block is not None else queries * per_query,
            queries=queries,
            indices=block.indices if block is not None else NO_INDICES,
            logged=block.logged if block is not None else None,
            tokens=self.effective.requested.tokens.use,
            own_delays=own_delays,
        )
        self.windows.append(window)
        self.recorder.open(window)
        return window

    def samples_issued(self) -> int:
        """Samples issued so far."""
        if self.effective.scenario is Scenario.OFFLINE:
            return sum(len(window.done_ns) for window in self.windows)
        return self.queries_issued * self.schedule.samples_per_query

    def error(self, text: str) -> None:
        """End the phase early with an error, which makes the run unusable."""
        if self.ended_early is None:
            self.ended_early = text
        self.events.append(Event(key="error_runtime", text=text, severity=Severity.ERROR))


def issue_phase(state: PhaseState) -> None:
    """Issue the queries of a phase and wait until all are complete.

    Raises:
        SystemUnderTestError: The system raised, or nothing completed for ``stall_s``.
        KeyboardInterrupt: Passed on; what was recorded stays in the state.
    """
    match state.effective.scenario:
        case Scenario.SINGLE_STREAM | Scenario.MULTI_STREAM:
            _one_after_another(state)
        case Scenario.SERVER:
            _by_schedule(state)
        case Scenario.OFFLINE:
            _all_at_once(state)
    finish_phase(state)


def finish_phase(state: PhaseState) -> None:
    """Everything is issued: flush, and wait until all samples are complete.

    Raises:
        SystemUnderTestError: Nothing completed for ``stall_s``.
    """
    if state.recorder.failure is None:
        state.inside = "flush"
        state.system.flush()
        state.inside = ""
        await_completed(state, state.samples_issued())


def await_completed(state: PhaseState, count: int) -> None:
    """Wait until so many samples are complete; give up when nothing completes for too long.

    Raises:
        SystemUnderTestError: The system failed or does not answer.
    """
    recorder = state.recorder
    while recorder.completed < count:
        before = recorder.completed
        answered = recorder.wait_for(count, state.stall_s)
        if recorder.failure is not None:
            return
        if not answered and recorder.completed == before:
            missing = _missing_ids(state)
            shown = ", ".join(str(sample) for sample in missing[:10]) + (", …" if len(missing) > 10 else "")
            raise SystemUnderTestError(
                f"The system under test did not answer: no completion for {state.stall_s:g} s, "
                f"{count - before} samples outstanding (ids {shown})."
            )


def _missing_ids(state: PhaseState) -> list[int]:
    return [
        window.base + int(offset)
        for window in state.windows
        for offset in np.flatnonzero(window.done_ns == PENDING)[:11]
    ]


def _rows(first_id: int, block: QueryBlock, per_query: int) -> Iterator[tuple[IntArray, IntArray]]:
    """The ids and dataset indices of each query of a block, without a copy."""
    ids = np.arange(first_id, first_id + len(block.indices), dtype=np.int64)
    return zip(ids.reshape(-1, per_query), block.indices.reshape(-1, per_query), strict=True)


def _one_after_another(state: PhaseState) -> None:
    """SingleStream and MultiStream: the next query as soon as the last sample of the previous is complete."""
    per_query = state.schedule.samples_per_query
    recorder, complete, issue, now = state.recorder, state.recorder.complete, state.system.issue, state.keeper.now
    limits = PhaseLimits.of(state)
    blocks = state.schedule.blocks(CLOSED_LOOP_BLOCK)
    block = next(blocks)
    window = state.open(state.first_id, queries=len(block.scheduled_ns), block=block)
    queries_before = 0
    state.start_ns = start = now()
    while True:
        look_at = start + limits.first_look_ns(queries_before + len(block.scheduled_ns))
        done, issued = window.done, window.issued
        done_rows = window.done_ns.reshape(-1, per_query)
        completed = queries_before * per_query
        last = limits.max_queries - queries_before - 1
        for k, (ids, indices) in enumerate(_rows(window.base, block, per_query)):
            if per_query == 1:
                done[k] = PENDING
            else:
                done_rows[k] = PENDING
            issued[k] = shown = now()
            issue(ids, indices, complete)
            completed += per_query
            if shown >= look_at or k >= last or state.stop:
                state.queries_issued = queries_before + k + 1
                if limits.reached(state, shown - start):
                    return
            if recorder.completed < completed:
                await_completed(state, completed)
                if recorder.completed < completed:
                    return
        queries_before += len(block.scheduled_ns)
        state.queries_issued = queries_before
        following = next(blocks, None)
        if following is None:
            if state.timed:
                state.error(
                    "Ending early: Ran out of generated queries to issue before the minimum query count "
                    "and test duration were reached."
                )
            return
        block = following
        window.indices = NO_INDICES
        window = state.open(window.base + len(window.done_ns), queries=len(block.scheduled_ns), block=block)


@dataclass(frozen=True, slots=True)
class PhaseLimits:
    """When a phase ends."""

    timed: bool
    target_ns: int
    min_queries: int
    max_queries: int
    """Number to stop at; beyond any count if there is none."""
    max_ns: int | None

    @classmethod
    def of(cls, state: PhaseState) -> PhaseLimits:
        """The limits that the settings of a phase set."""
        effective = state.effective
        never = 1 << 62
        if not state.timed:
            return cls(timed=False, target_ns=never, min_queries=0, max_queries=never, max_ns=None)
        return cls(
            timed=True,
            target_ns=effective.target_duration_ms * NS_PER_MS,
            min_queries=effective.min_query_count,
            max_queries=effective.max_query_count or never,
            max_ns=effective.max_duration_ms * NS_PER_MS or None,
        )

    @property
    def bounded(self) -> bool:
        """Whether there is an end besides that of the schedule."""
        return self.max_ns is not None or self.max_queries < 1 << 62

    def first_look_ns(self, queries: int) -> int:
        """Before this no end condition can hold among the first ``queries`` queries; looking costs 200 ns."""
        target_ns = self.target_ns if queries >= self.min_queries else 1 << 62
        return min(target_ns, self.max_ns or target_ns)

    def reached(self, state: PhaseState, elapsed_ns: int, *, natural: bool = True) -> bool:
        """Whether the phase ends here, in the order in which LoadGen asks."""
        if state.stop:
            return True
        if not self.timed:
            return False
        if natural and state.queries_issued >= self.min_queries and elapsed_ns >= self.target_ns:
            return True
        if state.queries_issued >= self.max_queries:
            state.error(f"IssueQueryThread 0 Ending early: Max query count reached. query_count {state.queries_issued}")
            return True
        if self.max_ns is not None and elapsed_ns > self.max_ns:
            state.error(f"IssueQueryThread 0 Ending early: Max test duration reached. duration_ns {elapsed_ns}")
            return True
        return False

    def ends_server(self, state: PhaseState, elapsed_ns: int, max_async: int) -> bool:
        """Whether a Server phase ends before its schedule does."""
        outstanding = state.queries_issued - state.recorder.completed
        if max_async and outstanding > max_async:
            state.error(
                "IssueQueryThread 0 Ending early: Too many outstanding queries. "
                f"issued {state.queries_issued} outstanding {outstanding}"
            )
            return True
        return self.reached(state, elapsed_ns, natural=False)


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
