"""What the load generator itself costs: its CPU time per query, measured against a system that does nothing."""

from __future__ import annotations

import time

from levelfield.loadgen.issue import issue_phase
from levelfield.loadgen.phase_state import PhaseState
from levelfield.loadgen.ports import Completions, IntArray
from levelfield.loadgen.recorder import Recorder
from levelfield.loadgen.schedule import loadable_sets, schedule
from levelfield.loadgen.settings import EffectiveSettings, MultiStream, Server, Settings, default_load, derive
from levelfield.loadgen.waiting import Timekeeper
from levelfield.terms import Mode, Scenario

__all__ = ["NullSystem", "overhead_ns_per_query"]

BACK_TO_BACK_QPS = 1e7
"""Faster than any loop here: every query is overdue, so that nothing is waited for."""


class NullSystem:
    """Completes every sample inside ``issue``."""

    name = "null"

    def issue(self, ids: IntArray, indices: IntArray, complete: Completions) -> None:  # noqa: ARG002 - the port
        """Complete at once."""
        complete(ids)

    def flush(self) -> None:
        """Nothing waits."""


def overhead_ns_per_query(effective: EffectiveSettings, *, duration_ms: int = 30, repeats: int = 3) -> float:
    """CPU time of issuing and recording one query in this scenario, in ns; the best of a few short runs.

    In Offline it is the time per sample of one query of a hundred thousand.
    """
    load = effective.requested.load
    match load:
        case Server():
            load = Server(target_qps=BACK_TO_BACK_QPS)
        case MultiStream():
            load = MultiStream(samples_per_query=effective.samples_per_query)
        case _:
            load = default_load(effective.scenario)
    settings = Settings(
        load=load,
        min_duration_ms=3 if isinstance(load, Server) else duration_ms,
        min_query_count=100_000 if effective.scenario is Scenario.OFFLINE else 1,
        profile=effective.profile,
    )
    return min(_once(settings) for _ in range(repeats))


def _once(settings: Settings) -> float:
    effective = derive(settings, total_sample_count=1024, performance_sample_count=1024)
    loadable = loadable_sets(effective, Mode.PERFORMANCE)[0]
    keeper = Timekeeper()
    state = PhaseState(
        system=NullSystem(),
        schedule=schedule(effective, loadable, Mode.PERFORMANCE),
        effective=effective,
        recorder=Recorder(log_all=False, clock=keeper.now),
        keeper=keeper,
        timed=True,
        first_id=0,
        stall_s=10,
    )
    before = time.process_time_ns()
    issue_phase(state)
    spent = time.process_time_ns() - before
    count = state.samples_issued() if settings.scenario is Scenario.OFFLINE else state.queries_issued
    return spent / max(count, 1)
