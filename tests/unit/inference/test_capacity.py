from __future__ import annotations

import numpy as np
import pytest

from levelfield.errors import SystemUnderTestError
from levelfield.inference.capacity import SERVER_SHARE, Capacity, measure_capacity, with_slow_moments
from levelfield.inference.serving import Serving, serve
from samples.slow_task import SlowTask


@pytest.mark.parametrize(("workers", "batch"), [(0, 1), (2, 4)])
def test_capacity_is_of_the_system_as_it_is_served(workers: int, batch: int) -> None:
    task = SlowTask()
    with serve(task, Serving(threads=1, workers=workers, batch_size=batch), name="s") as system:
        found = measure_capacity(system, task, seconds=0.05)
    assert 0 < found.per_s < 1000 * max(workers, 1) * batch
    assert found.finished_ns[0] > 0
    assert (np.diff(found.finished_ns) >= 0).all()
    assert max(task.calls) == batch
    assert task.dataset.loaded == []


def test_a_system_that_breaks_while_its_capacity_is_measured_says_why() -> None:
    task = SlowTask(fails=True)
    with (
        serve(task, Serving(threads=1, workers=1, batch_size=1), name="s") as system,
        pytest.raises(SystemUnderTestError, match="raised ValueError: broken"),
    ):
        measure_capacity(system, task, seconds=0.2)


EVEN_NS = np.arange(1, 2_001) * 1_000_000
"""A sample each millisecond."""


def test_a_steady_system_far_from_its_limit_is_asked_for_a_share_of_its_capacity() -> None:
    assert Capacity(per_s=1000.0, finished_ns=EVEN_NS).server_rate(100e6, 0.99) == SERVER_SHARE * 1000


def test_a_limit_near_the_service_time_leaves_room_for_slow_moments() -> None:
    # In a slow moment a sample takes ten milliseconds.
    assert Capacity(per_s=1000.0, finished_ns=EVEN_NS).server_rate(30e6, 0.99) < SERVER_SHARE * 1000 / 2


def test_the_best_rate_is_that_of_the_faster_half() -> None:
    # Offline has one query: planned at a rate of a slow moment, it would not last.
    slow_first = np.concatenate([4 * EVEN_NS[:500], 4 * EVEN_NS[499] + EVEN_NS[:1_500]])
    found = Capacity(per_s=571.0, finished_ns=slow_first)
    assert found.best_per_s == 1000.0
    assert Capacity(per_s=1000.0, finished_ns=EVEN_NS).best_per_s == 1000.0


@pytest.mark.parametrize("finished_ns", [[], [5], [7, 7, 7, 7]])
def test_without_two_moments_the_best_rate_is_the_average(finished_ns: list[int]) -> None:
    assert Capacity(per_s=20.0, finished_ns=np.array(finished_ns, dtype=np.int64)).best_per_s == 20.0


def test_a_system_that_pauses_is_asked_for_less() -> None:
    pausing = EVEN_NS + 120_000_000 * (np.arange(2_000) // 400)  # 120 ms after every 400 samples
    found = Capacity(per_s=1000.0, finished_ns=pausing)
    assert found.server_rate(100e6, 0.99) < SERVER_SHARE * 1000
    assert found.server_rate(300e6, 0.99) == SERVER_SHARE * 1000


def test_slow_moments_stretch_the_first_four_milliseconds_of_each_second() -> None:
    at_ms = np.array([1, 4, 5, 1_000, 1_002, 1_999])
    assert (with_slow_moments(at_ms * 1_000_000) // 1_000_000).tolist() == [10, 40, 41, 1_036, 1_056, 2_071]


def test_without_a_limit_or_measured_times_only_the_average_counts() -> None:
    assert Capacity(per_s=1000.0, finished_ns=EVEN_NS).server_rate(None, 0.99) == SERVER_SHARE * 1000
    assert Capacity(per_s=1000.0, finished_ns=EVEN_NS[:0]).server_rate(15e6, 0.99) == SERVER_SHARE * 1000
