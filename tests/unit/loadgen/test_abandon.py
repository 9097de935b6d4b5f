from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from fakes import FakeClock, Library, ServiceSystem, phase_state
from scipy import stats

from levelfield.loadgen import Offline, RunOptions, Server, Settings, SingleStream, run_test
from levelfield.loadgen.abandon import LateCounter, most_late
from levelfield.loadgen.arrivals import arrivals
from levelfield.loadgen.logs import LogOptions
from levelfield.loadgen.run import IssuingChoice
from levelfield.terms import Validity

LIMIT_NS = 5_000_000


@pytest.mark.parametrize(
    ("queries", "most"), [(100, -1), (458, -1), (459, 0), (661, 0), (662, 1), (1024, 3), (10_000, 76), (270_336, 2582)]
)
def test_how_many_may_be_late(queries: int, most: int) -> None:
    found = most_late(queries, 0.99)
    assert found <= most + 1  # early stopping's t* is not above the published vectors
    if found >= 0:
        assert stats.binom.cdf(found, queries, 0.01) < 0.01
        assert found == queries - int(queries * 0.99) - 1 or stats.binom.cdf(found + 1, queries, 0.01) >= 0.01
    else:
        assert stats.binom.cdf(0, queries, 0.01) >= 0.01


def counter_of(service_ns: int) -> tuple[LateCounter, FakeClock, np.ndarray]:
    """A phase of 1,200 queries or so, issued as far as its clock went."""
    clock = FakeClock(poll_ns=1_000)
    settings = Settings(
        load=Server(target_qps=1000, target_latency_ns=LIMIT_NS), min_duration_ms=1_200, min_query_count=1_000
    )
    state = phase_state(settings, ServiceSystem(clock, lambda _: service_ns), clock.keeper())
    counter = LateCounter.of(state)
    assert counter is not None
    state.open(0, queries=state.schedule.generated.query_count, block=None)
    state.start_ns = clock.now()
    return counter, clock, arrivals(state.effective).take(counter.total)


def test_queries_are_counted_when_their_limit_has_passed() -> None:
    counter, clock, due = counter_of(1)
    state = counter._state
    done = state.windows[-1].done_ns
    start = state.start_ns
    done[:10] = start + due[:10] + LIMIT_NS  # just in time
    done[10:13] = start + due[10:13] + LIMIT_NS + 1
    done[13] = -1  # issued, and not complete
    clock.pass_ns(int(due[12]) + LIMIT_NS)
    assert counter.hopeless() is None
    assert counter.late == 2  # the one that is due at 12 may still be in time, as far as this moment shows
    clock.pass_ns(int(due[14] - due[12]))
    assert counter.hopeless() is None
    assert counter.late == 4  # 14 was never issued, and is not looked at yet
    clock.pass_ns(1)
    why = counter.hopeless()
    assert counter.late == 5
    assert why == (
        f"Ending early: 5 of {counter.total} queries are over the latency limit after 15, and at most 4 may be. "
        "No later query can change that."
    )


@pytest.mark.parametrize("load", [SingleStream(), Offline()])
def test_only_server_can_be_hopeless(load: SingleStream | Offline) -> None:
    clock = FakeClock()
    assert LateCounter.of(phase_state(Settings(load=load), ServiceSystem(clock), clock.keeper())) is None


class Slow:
    """Never gets a query done within the limit; takes real time, so that the supervisor has a chance to look."""

    name = "slow"

    def issue(self, ids, indices, complete) -> None:  # type: ignore[no-untyped-def]
        import time

        time.sleep(0.003)
        complete(ids)

    def flush(self) -> None:
        pass


@pytest.mark.parametrize("give_up", [True, False])
def test_hopeless_run_ends_early_only_where_asked(give_up: bool, tmp_path: Path) -> None:
    settings = Settings(
        load=Server(target_qps=1000, target_latency_ns=1_000_000), min_duration_ms=400, min_query_count=400
    )
    run = run_test(
        Slow(),
        Library(),
        settings,
        logs=LogOptions(folder=tmp_path),
        options=RunOptions(issuing=IssuingChoice.INLINE, stall_s=30, give_up_hopeless=give_up),
    )
    assert run.failure is None
    assert run.validity is Validity.INVALID
    assert run.performance is not None
    measurement = run.performance.measurement
    assert measurement.incomplete_count == 0
    assert (measurement.ended_early is not None) == give_up
    assert (measurement.query_count < measurement.generated_query_count) == give_up
    if give_up:
        assert measurement.ended_early is not None
        assert "No later query can change that." in measurement.ended_early
