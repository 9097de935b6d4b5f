"""Percentiles without interpolation, and means that cannot overflow."""

from __future__ import annotations

import numpy as np
import pytest

from levelfield.stats.percentile import NEVER_NS, integer_mean, percentile_index, sort_latencies


@pytest.mark.parametrize(
    ("count", "fraction", "index"),
    [
        (64, 0.9, 57),
        (100, 0.9, 90),
        (1024, 0.9, 921),
        (24576, 0.9, 22118),
        (1347950, 0.9, 1213155),
        (662, 0.99, 655),
        (270336, 0.99, 267632),
        (842083, 0.99, 833662),
        (6636, 0.999, 6629),
        (100000, 0.999, 99900),
        (1, 0.999, 0),
        # 100 * 0.29 is 28.999999999999996 in double precision; the reference truncates it too.
        (100, 0.29, 28),
        (10, 1 - 2**-53, 9),
    ],
)
def test_percentile_index_is_the_truncated_double_product(count: int, fraction: float, index: int) -> None:
    assert percentile_index(count, fraction) == index


@pytest.mark.parametrize(("count", "fraction"), [(0, 0.5), (10, 1.0), (10, -0.1), (10, float("nan"))])
def test_percentile_index_refuses_what_has_no_percentile(count: int, fraction: float) -> None:
    with pytest.raises(ValueError, match="expected"):
        percentile_index(count, fraction)


def test_percentiles_of_four_latencies() -> None:
    latencies = sort_latencies(np.array([40, 10, 30, 20]))
    assert [latencies.percentile(p) for p in (0.0, 0.25, 0.5, 0.9)] == [10, 20, 30, 40]
    assert (latencies.count, latencies.never_count, latencies.mean()) == (4, 0, 25)


def test_sorting_leaves_the_measurement_untouched() -> None:
    raw = np.array([3, 1, 2])
    sort_latencies(raw)
    assert raw.tolist() == [3, 1, 2]


def test_what_never_completed_is_the_slowest() -> None:
    latencies = sort_latencies(np.array([5, -1, 7]))
    assert [latencies[i] for i in range(3)] == [5, 7, NEVER_NS]
    assert latencies.never_count == 1
    assert latencies.mean() == NEVER_NS
    assert latencies.count_above(6) == 2


def test_over_latency_is_strictly_above_the_limit() -> None:
    latencies = sort_latencies(np.array([99, 100, 100, 101]))
    assert [latencies.count_above(limit) for limit in (98, 99, 100, 101)] == [4, 3, 1, 0]


def test_index_out_of_range_is_refused() -> None:
    with pytest.raises(IndexError, match="expected 0 to 0"):
        sort_latencies(np.array([1]))[1]


def test_mean_does_not_wrap_where_the_sum_exceeds_64_bits() -> None:
    values = np.full(3, (1 << 63) - 1)
    assert integer_mean(values) == (1 << 63) - 1


def test_mean_is_rounded_down_over_several_blocks() -> None:
    values = np.zeros((1 << 20) + 3, dtype=np.int64)
    values[-1] = (1 << 20) + 2
    assert integer_mean(values) == 0
    values[0] = 1
    assert integer_mean(values) == 1


@pytest.mark.parametrize("kind", [np.int16, np.int32, np.int64])
def test_latencies_of_any_width_give_the_same(kind: type[np.signedinteger]) -> None:
    ordered = sort_latencies(np.array([30_000, -1, 7, 32_767, 7], dtype=kind))
    assert [ordered[i] for i in range(5)] == [7, 7, 30_000, 32_767, NEVER_NS]
    assert ordered.never_count == 1
    assert ordered.count_above(7) == 3
    assert ordered.count_above(10**12) == 1
    assert ordered.mean() == NEVER_NS
    assert sort_latencies(np.array([32_767, 32_767, 1], dtype=kind)).mean() == 21_845
