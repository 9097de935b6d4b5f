from __future__ import annotations

import numpy as np
import pytest

from levelfield.inference.report.series import bands_of, histogram_of, quantile, rates_of, tail_of


@pytest.mark.parametrize(("fraction", "expected"), [(0.0, 1), (0.5, 6), (0.9, 10), (0.99, 10)])
def test_quantile_is_loadgen_s_index_without_interpolation(fraction: float, expected: int) -> None:
    assert quantile(np.arange(1, 11), fraction) == expected


def test_histogram_counts_every_value_once_however_far_out() -> None:
    values = np.sort(np.array([0, 1, 10, 1_000, 10**12] + [5_000] * 995))
    found = histogram_of(values)
    assert found.counts.sum() == 1_000
    assert found.edges_ns[0] == pytest.approx(1)
    assert found.edges_ns[-1] == pytest.approx(1e12)
    assert len(found.edges_ns) == len(found.counts) + 1


def test_histogram_of_equal_values_has_one_full_bin() -> None:
    found = histogram_of(np.full(100, 7_000))
    assert sorted(found.counts)[-2:] == [0, 100]


def test_tail_ends_at_the_maximum_and_never_falls() -> None:
    values = np.sort(np.random.default_rng(0).exponential(1e6, 10_000)).astype(np.int64)
    found = tail_of(values)
    assert found.latencies_ns[-1] == values[-1]
    assert found.fractions[0] == 0
    assert found.most_nines == pytest.approx(4)
    assert (np.diff(found.latencies_ns) >= 0).all()
    assert len(found.fractions) <= 120


def test_tail_of_one_value_is_that_value() -> None:
    found = tail_of(np.array([5]))
    assert (list(found.fractions), list(found.latencies_ns), found.most_nines) == ([0.0], [5], 0.0)


def test_bands_cover_every_value_and_keep_the_outlier() -> None:
    values = np.full(10_000, 100)
    values[4_321] = 9_999
    found = bands_of(np.arange(10_000) * 10, values)
    assert found.counts.sum() == 10_000
    assert len(found.counts) == 50
    assert found.max_ns.max() == 9_999
    assert set(found.p99_ns) == {100}


def test_bands_are_at_most_a_hundred() -> None:
    assert len(bands_of(np.arange(100_000), np.ones(100_000, np.int64)).counts) == 100


def test_bands_leave_out_empty_stretches() -> None:
    times = np.concatenate([np.arange(400), np.arange(400) + 1_000_000])
    found = bands_of(times, np.ones(800, np.int64))
    assert list(found.counts) == [400, 400]


def test_rates_add_up_to_the_number_of_events() -> None:
    times = np.random.default_rng(0).integers(0, 10**9, 5_000)
    found = rates_of(times, end_ns=10**9)
    assert (found.per_s * found.width_ns / 1e9).sum() == pytest.approx(5_000)
    assert len(found.per_s) == 100


def test_rates_count_what_is_past_the_end_into_the_last_stretch() -> None:
    found = rates_of(np.array([0, 5, 11]), end_ns=10)
    assert list(found.per_s) == [3e8]


def test_rates_without_events_are_zero() -> None:
    assert list(rates_of(np.zeros(0, np.int64), end_ns=0).per_s) == [0.0]


def test_ten_million_values_become_a_few_hundred() -> None:
    values = np.random.default_rng(0).integers(1_000, 10**7, 2_000_000)
    times = np.arange(len(values)) * 1_000
    assert len(bands_of(times, values).counts) == 100
    assert len(histogram_of(np.sort(values)).counts) == 80
