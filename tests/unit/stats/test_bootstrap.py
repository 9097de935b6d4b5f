"""The bootstrap interval of a mean: against the normal approximation and at its ends."""

from __future__ import annotations

import numpy as np
import pytest

from levelfield.stats.bootstrap import mean_interval, olympic_interval


def test_agrees_with_the_normal_approximation_of_a_large_sample() -> None:
    values = np.random.default_rng(1).exponential(2.0, 2_000)
    low, high = mean_interval(values)
    spread = 1.96 * values.std() / np.sqrt(len(values))
    assert low == pytest.approx(values.mean() - spread, abs=0.01)
    assert high == pytest.approx(values.mean() + spread, abs=0.01)


def test_covers_the_truth_as_often_as_it_says() -> None:
    draws = np.random.default_rng(2)
    hits = 0
    for _ in range(100):
        low, high = mean_interval((draws.random(60) < 0.7).astype(float))
        hits += low <= 0.7 <= high
    assert 88 <= hits <= 100


def test_same_items_same_interval_and_none_of_equal_ones() -> None:
    values = np.array([0.0, 1.0, 0.5, 1.0])
    assert mean_interval(values) == mean_interval(values)
    assert mean_interval(np.full(7, 0.25)) == (0.25, 0.25)


def test_no_item_is_refused() -> None:
    with pytest.raises(ValueError, match="found none"):
        mean_interval(np.empty(0))


def test_the_interval_of_an_olympic_mean() -> None:
    times = np.array([10.0, 11.0, 12.0, 13.0, 14.0])
    found = olympic_interval(times, failed=0, dropped=1)
    assert found is not None
    low, high = found
    assert 10 < low < 12 < high < 14
    assert olympic_interval(np.full(5, 7.0), failed=0, dropped=1) == (7.0, 7.0)


def test_the_interval_with_failed_runs() -> None:
    """Of five runs one failed: drawn twice or more, there is no score, and so no upper end."""
    found = olympic_interval(np.array([10.0, 11.0, 12.0, 13.0]), failed=1, dropped=1)
    assert found is not None
    assert found[1] == float("inf")
    assert found[0] > 10
    assert olympic_interval(np.array([10.0, 11.0, 12.0]), failed=2, dropped=1) is None
    assert olympic_interval(np.array([10.0, 11.0]), failed=0, dropped=1) is None
