from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
import pytest
from fakes import INLINE, FakeClock, ServiceSystem, phase_state

from levelfield.errors import SystemUnderTestError
from levelfield.loadgen.collect import collect
from levelfield.loadgen.issue import issue_phase
from levelfield.loadgen.measurement import Measurement
from levelfield.loadgen.phase_state import PhaseState
from levelfield.loadgen.schedule import QueryBlock
from levelfield.loadgen.settings import MultiStream, Offline, Server, Settings, SingleStream
from levelfield.loadgen.waiting import Timekeeper
from levelfield.terms import Mode


def measured(state: PhaseState) -> Measurement:
    issue_phase(state)
    return collect(
        state,
        loaded_set=np.arange(16),
        wall_begin=datetime(2026, 1, 1, tzinfo=UTC),
        issuing=INLINE,
        pickup_ns=None,
    )


def test_single_stream_ends_after_duration_and_count() -> None:
    clock = FakeClock()
    system = ServiceSystem(clock, lambda _: 400_000)
    settings = Settings(load=SingleStream(), min_duration_ms=10, min_query_count=5)
    run = measured(phase_state(settings, system, clock.keeper()))
    # The end is tested with the issue time: 25 queries of 0.4 ms lie before 10 ms, the 26th is issued at 10 ms.
    assert run.query_count == 26
    assert run.scheduled_ns.tolist() == [400_000 * k for k in range(26)]
    assert run.latency_ns.tolist() == [400_000] * 26
    assert run.issue_delay_ns.tolist() == [0] * 26
    assert run.events == ()
    assert system.flushed == 1


def test_single_stream_goes_on_to_the_minimum_count_across_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("levelfield.loadgen.closed_loop.CLOSED_LOOP_BLOCK", 7)
    clock = FakeClock()
    system = ServiceSystem(clock, lambda query: 1_000 + query)
    settings = Settings(load=SingleStream(), min_duration_ms=0, min_query_count=50)
    run = measured(phase_state(settings, system, clock.keeper()))
    assert run.latency_ns.tolist() == [1_000 + query for query in range(50)]
    assert run.sample_indices.tolist() == [indices[0] for indices in system.queries]


def test_more_queries_than_the_reference_would_generate() -> None:
    clock = FakeClock()
    system = ServiceSystem(clock, lambda _: 1_000)
    settings = Settings(load=SingleStream(expected_latency_ns=1e6), min_duration_ms=10, min_query_count=5)
    run = measured(phase_state(settings, system, clock.keeper()))
    assert run.query_count == 10_001
    assert run.generated_query_count == 10_001
    assert run.generated_query_duration_ns == 10_001 * 1_000_000
    assert run.ended_early is None


def test_multi_stream_latency_is_of_the_last_sample() -> None:
    clock = FakeClock()

    class TwoHalves(ServiceSystem):
        def issue(self, ids: np.ndarray, indices: np.ndarray, complete: object) -> None:  # type: ignore[override]
            self.queries.append(indices.tolist())
            clock.pass_ns(100)
            complete(ids[4:])  # type: ignore[operator]
            clock.pass_ns(50)
            complete(ids[:4])  # type: ignore[operator]

    system = TwoHalves(clock)
    settings = Settings(load=MultiStream(samples_per_query=8), min_duration_ms=0, min_query_count=3)
    run = measured(phase_state(settings, system, clock.keeper()))
    assert run.latency_ns.tolist() == [150, 150, 150, 150, 100, 100, 100, 100] * 3
    assert run.query_latency_ns.tolist() == [150] * 3
    assert run.scheduled_ns.tolist() == [0, 150, 300]
    assert run.sample_indices.tolist() == [index for query in system.queries for index in query]


def test_server_issues_on_schedule_and_counts_lateness_as_latency() -> None:
    clock = FakeClock(poll_ns=10)
    system = ServiceSystem(clock, lambda query: 5_000_000 if query == 3 else 1_000)
    settings = Settings(load=Server(target_qps=1000), min_duration_ms=20, min_query_count=10)
    state = phase_state(settings, system, clock.keeper())
    blocks = list(state.schedule.blocks())
    due = np.concatenate([block.scheduled_ns for block in blocks])
    run = measured(state)
    assert run.scheduled_ns.tolist() == due.tolist()
    assert run.query_count == state.schedule.generated.query_count
    free_ns = 0
    for k in range(run.query_count):
        issued = due[k] + run.issue_delay_ns[k]
        assert issued >= max(due[k], free_ns)
        assert issued - max(due[k], free_ns) <= 10
        free_ns = issued + system.service_ns(k)
        assert run.latency_ns[k] == free_ns - due[k]
    assert run.issue_delay_ns.max() > 1_000_000
    assert not run.events


def test_blocks_are_made_before_the_start_and_in_long_gaps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("levelfield.loadgen.issue.SERVER_BLOCK", 16)
    clock = FakeClock(poll_ns=10)
    settings = Settings(load=Server(target_qps=1000), min_duration_ms=100)
    state = phase_state(settings, ServiceSystem(clock, lambda _: 1_000), clock.keeper())
    generate = state.schedule.blocks

    def slow_blocks(*arguments: int, **named: int) -> Iterator[QueryBlock]:
        for block in generate(*arguments, **named):
            clock.pass_ns(400_000)
            yield block

    monkeypatch.setattr(state.schedule, "blocks", slow_blocks)
    run = measured(state)
    assert run.query_count > 6 * 16
    assert run.issue_delay_ns.max() < 100_000


def test_a_system_that_blocks_does_not_make_the_load_generator_late() -> None:
    clock = FakeClock(poll_ns=10)
    system = ServiceSystem(clock, lambda query: 5_000_000 if query % 7 == 3 else 1_000)
    settings = Settings(load=Server(target_qps=1000), min_duration_ms=30, min_query_count=10)
    run = measured(phase_state(settings, system, clock.keeper()))
    assert run.issue_delay_ns.max() > 1_000_000
    assert run.own_delay_ns is not None
    assert run.own_delay_ns.max() <= 10
    assert (run.own_delay_ns <= run.issue_delay_ns).all()


def test_oversleeping_is_the_load_generators_own_and_so_is_what_follows_from_it() -> None:
    clock = FakeClock(poll_ns=10)
    sleeps = 0

    def oversleep(duration_s: float) -> None:
        nonlocal sleeps
        sleeps += 1
        clock.pass_ns(round(duration_s * 1e9) + (6_000_000 if sleeps == 3 else 0))

    keeper = Timekeeper(
        now=clock.now, sleep=oversleep, make_poll=lambda: clock.poll, rest=lambda _: clock.poll(), margin_ns=1_000
    )
    system = ServiceSystem(clock, lambda _: 1_000)
    run = measured(phase_state(Settings(load=Server(target_qps=1000), min_duration_ms=30), system, keeper))
    assert run.own_delay_ns is not None
    late = run.own_delay_ns > 100
    assert late.sum() >= 3  # the query of the long sleep, and those that came due meanwhile
    assert abs(run.own_delay_ns[late] - run.issue_delay_ns[late]).max() < 20_000


def test_server_coalesces_what_is_due_together_only_when_asked() -> None:
    def batches(*, coalesce: bool) -> list[int]:
        clock = FakeClock(poll_ns=10)
        system = ServiceSystem(clock, lambda query: 10_000_000 if query == 0 else 10)
        load = Server(target_qps=1000, coalesce_queries=coalesce)
        run = measured(phase_state(Settings(load=load, min_duration_ms=20, min_query_count=10), system, clock.keeper()))
        assert sum(map(len, system.queries)) == run.query_count
        assert run.sample_indices.tolist() == [index for query in system.queries for index in query]
        return [len(query) for query in system.queries]

    assert set(batches(coalesce=False)) == {1}
    together = batches(coalesce=True)
    assert together[0] == 1
    assert together[1] > 3


def test_server_in_several_threads_issues_the_same_queries() -> None:
    def indices(threads: int) -> list[int]:
        system = ThreadSafeSystem()
        load = Server(target_qps=5000, issue_query_threads=threads)
        settings = Settings(load=load, min_duration_ms=50, min_query_count=10)
        return measured(phase_state(settings, system, Timekeeper())).sample_indices.tolist()

    assert indices(3) == indices(0)


class ThreadSafeSystem:
    name = "threads"

    def issue(self, ids: np.ndarray, indices: np.ndarray, complete: object) -> None:
        complete(ids)  # type: ignore[operator]

    def flush(self) -> None:
        pass


def test_offline_counts_from_the_start() -> None:
    clock = FakeClock()
    system = ServiceSystem(clock, lambda _: 123_000)
    run = measured(
        phase_state(
            Settings(load=Offline(expected_qps=1000), min_duration_ms=100, min_query_count=1), system, clock.keeper()
        )
    )
    assert run.query_count == 1
    assert run.sample_count == 110
    assert set(run.latency_ns.tolist()) == {123_000}


def test_accuracy_issues_every_sample_of_the_set_once() -> None:
    for load in (SingleStream(), Server(target_qps=1e6), Offline()):
        clock = FakeClock()
        system = ServiceSystem(clock)
        settings = Settings(load=load, min_duration_ms=10_000, min_query_count=10_000, mode=Mode.ACCURACY)
        run = measured(phase_state(settings, system, clock.keeper(), phase=Mode.ACCURACY))
        assert sorted(run.sample_indices.tolist()) == sorted(sample for query in system.queries for sample in query)
        assert run.sample_count == 16


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            Settings(min_query_count=5, max_query_count=5, min_duration_ms=1000),
            "Max query count reached. query_count 5",
        ),
        (Settings(min_query_count=500, min_duration_ms=0, max_duration_ms=1), "Max test duration reached"),
        (Settings(performance_issue_unique=True, min_duration_ms=1000), "Ran out of generated queries"),
        (
            Settings(load=Server(target_qps=1000), min_query_count=5, max_query_count=7, min_duration_ms=100),
            "Max query count reached. query_count 7",
        ),
        (
            Settings(load=Server(target_qps=1000), min_query_count=5, max_duration_ms=30, min_duration_ms=30),
            "Max test duration reached",
        ),
    ],
)
def test_early_ends_are_errors(settings: Settings, message: str) -> None:
    clock = FakeClock()
    state = phase_state(settings, ServiceSystem(clock, lambda _: 90_000), clock.keeper())
    if "duration" in message and isinstance(settings.load, Server):
        state.system = ServiceSystem(clock, lambda _: 40_000_000)
    run = measured(state)
    assert message in (run.ended_early or "")
    assert [event.key for event in run.errors] == ["error_runtime"]


def test_too_many_outstanding_queries_end_a_server_run() -> None:
    clock = FakeClock()

    class Never(ServiceSystem):
        def issue(self, ids: np.ndarray, indices: np.ndarray, complete: object) -> None:  # type: ignore[override]
            self.queries.append(ids.tolist())

    load = Server(target_qps=1000, max_async_queries=3)
    state = phase_state(Settings(load=load, min_duration_ms=1000), Never(clock), clock.keeper(), stall_s=0.05)
    with pytest.raises(SystemUnderTestError):
        issue_phase(state)
    assert state.ended_early is not None
    assert "Too many outstanding queries. issued 4 outstanding 4" in state.ended_early


def test_a_silent_system_is_given_up_with_the_missing_ids() -> None:
    clock = FakeClock()

    class Loses(ServiceSystem):
        def issue(self, ids: np.ndarray, indices: np.ndarray, complete: object) -> None:  # type: ignore[override]
            self.queries.append(ids.tolist())
            if len(self.queries) != 3:
                clock.pass_ns(100)
                complete(ids)  # type: ignore[operator]

    state = phase_state(Settings(min_query_count=10), Loses(clock), clock.keeper(), stall_s=0.05)
    with pytest.raises(SystemUnderTestError, match=r"did not answer.*1 samples outstanding \(ids 2\)"):
        issue_phase(state)
    run = collect(
        state, loaded_set=np.arange(16), wall_begin=datetime(2026, 1, 1, tzinfo=UTC), issuing=INLINE, pickup_ns=None
    )
    assert run.latency_ns.tolist() == [100, 100, -1]
    assert run.incomplete_count == 1
