from __future__ import annotations

import asyncio
import threading
import time

import numpy as np
import pytest
from fakes import phase_state

from levelfield.errors import SettingsError
from levelfield.loadgen.asyncio_system import AsyncSystem
from levelfield.loadgen.function_system import FunctionSystem
from levelfield.loadgen.issue import issue_phase
from levelfield.loadgen.settings import MultiStream, Offline, Server, Settings, SingleStream
from levelfield.loadgen.waiting import Timekeeper

LOADS = [SingleStream(), MultiStream(), Server(target_qps=2000), Offline(expected_qps=2000)]


def settings(load: object) -> Settings:
    return Settings(load=load, min_duration_ms=50, min_query_count=20)  # type: ignore[arg-type]


@pytest.mark.parametrize("load", LOADS, ids=lambda load: load.scenario.value)
@pytest.mark.parametrize(
    ("workers", "batch", "delay_ns", "budget_ns"),
    [(0, 1, 0, 0), (1, 4, 0, 0), (3, 5, 500_000, 0), (1, 4, 0, 3_000_000), (3, 5, 0, 2_000_000)],
)
def test_function_sees_every_sample_once(load: object, workers: int, batch: int, delay_ns: int, budget_ns: int) -> None:
    seen: list[int] = []
    lock = threading.Lock()

    def infer(indices: np.ndarray) -> np.ndarray:
        assert len(indices) <= batch
        with lock:
            seen.extend(indices.tolist())
        return indices

    system = FunctionSystem(
        infer, workers=workers, batch_size=batch, batch_delay_ns=delay_ns, latency_budget_ns=budget_ns
    )
    with system:
        state = phase_state(settings(load), system, Timekeeper())
        issue_phase(state)
        blocks = state.schedule.blocks()
        issued: list[int] = []
        while len(issued) < state.samples_issued():
            issued += next(blocks).indices.tolist()
    assert sorted(seen) == sorted(issued[: state.samples_issued()])


@pytest.mark.parametrize("load", LOADS, ids=lambda load: load.scenario.value)
def test_coroutine_sees_every_sample_once_and_in_parallel(load: object) -> None:
    running = most = total = 0

    async def infer(indices: np.ndarray) -> None:
        nonlocal running, most, total
        running += 1
        most = max(most, running)
        total += len(indices)
        await asyncio.sleep(0.001)
        running -= 1

    with AsyncSystem(infer, concurrency=8, batch_size=2) as system:
        state = phase_state(settings(load), system, Timekeeper())
        issue_phase(state)
        assert total == state.samples_issued()
    assert 1 <= most <= 8


def test_queries_wait_for_a_fuller_batch_as_long_as_the_budget_lets_them() -> None:
    sizes: list[int] = []

    def infer(indices: np.ndarray) -> np.ndarray:
        sizes.append(len(indices))
        return indices

    load = Server(target_qps=4000)
    with FunctionSystem(infer, workers=1, batch_size=8, latency_budget_ns=10_000_000_000) as system:
        system.warm_up(np.arange(8))
        assert sizes == [1, 2, 4, 8, 8, 8, 8, 8]
        sizes.clear()
        state = phase_state(settings(load), system, Timekeeper())
        issue_phase(state)
        assert state.samples_issued() > 20
        assert sum(sizes) == state.samples_issued()
        # Ten seconds are far from spent: every batch is full but the last, for which nothing followed.
        assert set(sizes[:-1]) == {8}
        facts = system.describe()
    assert facts["warm_up"].startswith("8 calls of 1 to 8 samples, the first ")
    assert float(facts["mean_batch"]) == pytest.approx(sum(sizes) / len(sizes), rel=1e-3)


def test_more_waiting_queries_than_the_bound_end_the_phase_and_say_why() -> None:
    release = threading.Event()

    def infer(indices: np.ndarray) -> np.ndarray:
        release.wait(10)
        return indices

    with FunctionSystem(infer, workers=1, most_waiting=5) as system:
        state = phase_state(settings(Server(target_qps=5000)), system, Timekeeper(), stall_s=30)
        issue_phase(state)
        release.set()
    failure = state.recorder.failure
    assert str(failure).startswith("The system under test does not keep up: 5 queries wait for a worker.")


def test_warm_up_calls_every_worker_at_least_once() -> None:
    calls: list[int] = []
    with FunctionSystem(lambda indices: calls.append(len(indices)), workers=7) as system:
        system.warm_up(np.arange(4))
        assert calls == [1] * 7
        assert "mean_batch" not in system.describe()


def boom(indices: np.ndarray) -> np.ndarray:
    raise ValueError(f"cannot do {indices.tolist()}")


async def async_boom(indices: np.ndarray) -> np.ndarray:
    raise ValueError(f"cannot do {indices.tolist()}")


def too_few(indices: np.ndarray) -> list[bytes]:
    return [b"x"] * (len(indices) + 1)


@pytest.mark.parametrize("load", LOADS, ids=lambda load: load.scenario.value)
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: FunctionSystem(boom, workers=2), "cannot do"),
        (lambda: FunctionSystem(boom, workers=0), "cannot do"),
        (lambda: FunctionSystem(too_few), "infer returned 2 outputs for 1 samples"),
        (lambda: AsyncSystem(async_boom), "cannot do"),
    ],
)
def test_a_function_that_fails_ends_the_phase_at_once(load: object, make: object, message: str) -> None:
    with make() as system:  # type: ignore[operator]
        state = phase_state(settings(load), system, Timekeeper(), stall_s=30)
        began = time.monotonic()
        issue_phase(state)
        assert time.monotonic() - began < 10
    assert message in str(state.recorder.failure)


def test_impossible_systems_are_refused_with_all_reasons() -> None:
    with pytest.raises(SettingsError) as caught:
        FunctionSystem(too_few, workers=-1, batch_size=0, batch_delay_ns=-5, latency_budget_ns=-1, most_waiting=0)
    assert [problem.split(":")[0] for problem in caught.value.problems] == [
        "workers",
        "batch_size",
        "batch_delay_ns",
        "latency_budget_ns",
        "most_waiting",
    ]
    with pytest.raises(SettingsError, match="concurrency"):
        AsyncSystem(async_boom, concurrency=0)
