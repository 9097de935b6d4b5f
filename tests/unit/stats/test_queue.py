from __future__ import annotations

import numpy as np
import pytest

from levelfield.stats.queue import latencies_at, sustainable_rate

EVEN_NS = np.arange(1, 10_001) * 1_000_000
"""A sample each millisecond for ten seconds."""


def test_an_idle_system_answers_in_its_service_time() -> None:
    assert latencies_at(0.01, EVEN_NS) == pytest.approx(1e6, rel=1e-6)


@pytest.mark.parametrize("load", [0.3, 0.6, 0.8])
def test_a_steady_system_is_a_queue_with_constant_service(load: float) -> None:
    waited = latencies_at(1000 * load, EVEN_NS).mean() / 1e6 - 1
    assert waited == pytest.approx(load / (2 * (1 - load)), rel=0.15)  # Pollaczek and Khinchine


def test_arrivals_in_a_pause_wait_for_its_end_and_for_each_other() -> None:
    pausing = EVEN_NS + 100_000_000 * (np.arange(10_000) // 1_000)  # 100 ms after every thousand
    longest = latencies_at(200.0, pausing).max() / 1e6
    assert 100 < longest < 140
    assert np.quantile(latencies_at(200.0, pausing), 0.5) < 2e6


def test_overload_grows_without_end() -> None:
    found = latencies_at(1_500.0, EVEN_NS)
    assert found[-1] > found[len(found) // 2] > found[len(found) // 4] > 100e6


def test_the_rate_is_the_first_of_those_tried_that_holds() -> None:
    assert sustainable_rate(EVEN_NS, limit_ns=20e6, percentile=0.99, most_per_s=500.0) == 500.0
    found = sustainable_rate(EVEN_NS, limit_ns=3e6, percentile=0.99, most_per_s=950.0)
    assert found < 950.0
    assert (
        np.quantile(latencies_at(found, EVEN_NS), 0.99) <= 3e6 < np.quantile(latencies_at(found / 0.85, EVEN_NS), 0.99)
    )


def test_where_nothing_holds_it_is_the_lowest_and_where_nothing_is_known_the_highest() -> None:
    assert sustainable_rate(EVEN_NS, limit_ns=0.5e6, percentile=0.99, most_per_s=100.0) == pytest.approx(
        12.09, abs=0.01
    )
    assert sustainable_rate(EVEN_NS[:1], limit_ns=0.5e6, percentile=0.99, most_per_s=100.0) == 100.0
