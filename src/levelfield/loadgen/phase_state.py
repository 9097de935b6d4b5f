"""What the loops of one phase share, when the phase ends, and waiting for what is outstanding."""

from __future__ import annotations

from collections import deque
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

__all__ = ["HEAD_START_NS", "NO_INDICES", "PhaseLimits", "PhaseState", "await_completed", "finish_phase", "no_answer"]

NO_INDICES: IntArray = np.zeros(0, np.int64)
HEAD_START_NS = 5 * NS_PER_MS
"""Server: from the choice of the start until the first query is due, so that whoever issues is ready by then."""


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
            raise no_answer(state, count - before)


def no_answer(state: PhaseState, outstanding: int) -> SystemUnderTestError:
    """The error for samples that nothing is heard of; they are marked as pending."""
    missing = _missing_ids(state)
    shown = ", ".join(str(sample) for sample in missing[:10]) + (", …" if len(missing) > 10 else "")
    return SystemUnderTestError(
        f"The system under test did not answer: no completion for {state.stall_s:g} s, "
        f"{outstanding} samples outstanding (ids {shown})."
    )


def _missing_ids(state: PhaseState) -> list[int]:
    return [
        window.base + int(offset)
        for window in state.windows
        for offset in np.flatnonzero(window.done_ns == PENDING)[:11]
    ]
