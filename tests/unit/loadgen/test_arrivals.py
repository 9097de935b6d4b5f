from __future__ import annotations

import pytest

from levelfield.errors import SettingsError
from levelfield.loadgen.arrivals import arrivals
from levelfield.loadgen.settings import Settings, SingleStream, derive
from levelfield.stats.arrivals import ConstantArrivals, PoissonArrivals

SCHEDULE_SEED = 12662793979680847247
S = 1_000_000_000


@pytest.mark.parametrize(
    ("per_s", "duration_s", "minimum", "count", "last_ns", "next_ns"),
    [
        (2_000, 1, 100, 2_166, 1_000_839_345, 1_001_680_574),
        (1_000, 8, 100, 8_295, 8_000_947_869, 8_001_742_737),
        (1_000, 600, 270_336, 600_079, 600_000_228_718, 600_000_232_315),
        (10_000, 60, 270_336, 600_082, 60_000_012_397, 60_000_063_790),
    ],
)
def test_poisson_arrivals_cover_the_duration(
    *, per_s: float, duration_s: int, minimum: int, count: int, last_ns: int, next_ns: int
) -> None:
    assert PoissonArrivals(SCHEDULE_SEED, per_s).extent(duration_s * S, minimum, 1) == (count, next_ns)
    assert PoissonArrivals(SCHEDULE_SEED, per_s).take(count)[-1] == last_ns


def test_poisson_arrivals_start_at_zero_and_go_on_across_blocks() -> None:
    poisson = PoissonArrivals(SCHEDULE_SEED, 1_000)
    assert poisson.take(3).tolist() == [0, 686_905, 801_807]
    assert poisson.take(2).tolist() == [1_162_066, 1_330_516]


def test_poisson_arrivals_reach_the_minimum_count() -> None:
    # Gaps 686905, 114902, 360259, 168450: four queries end at 1330516.
    assert PoissonArrivals(SCHEDULE_SEED, 1_000).extent(0, 4, 1) == (4, 1_330_516)
    assert PoissonArrivals(SCHEDULE_SEED, 1_000).extent(1, 4, 1) == (4, 1_330_516)


def test_poisson_arrivals_grow_by_whole_steps() -> None:
    # The third query is due at 801807, the first one after 700000; with steps of 5 there are 5 of them.
    assert PoissonArrivals(SCHEDULE_SEED, 1_000).extent(700_000, 0, 1) == (3, 1_162_066)
    assert PoissonArrivals(SCHEDULE_SEED, 1_000).extent(700_000, 0, 5) == (5, 4_102_634)


def test_a_query_due_exactly_at_the_duration_is_the_last() -> None:
    assert PoissonArrivals(SCHEDULE_SEED, 1_000).extent(801_807, 0, 1) == (3, 1_162_066)
    assert PoissonArrivals(SCHEDULE_SEED, 1_000).extent(801_808, 0, 1) == (4, 1_330_516)
    assert ConstantArrivals(10).extent(100, 0, 1) == (11, 110)
    assert ConstantArrivals(10).extent(101, 0, 1) == (12, 120)


def test_constant_arrivals_are_in_closed_form() -> None:
    assert ConstantArrivals(2_000).extent(8 * S, 100, 1) == (4_000_001, 8_000_002_000)
    assert ConstantArrivals(10).extent(100, 5_000, 1) == (5_000, 50_000)
    assert ConstantArrivals(10).extent(100, 8, 4) == (12, 120)
    assert ConstantArrivals(10).extent(0, 8, 4) == (8, 80)


@pytest.mark.parametrize(("latency_ns", "gap_ns"), [(33_000, 32_999), (49_000, 49_000), (100_000, 100_000)])
def test_constant_gap_is_computed_by_way_of_the_reciprocal(latency_ns: float, gap_ns: int) -> None:
    # One over the rate, then times 1e9: 1e9 over the rate would give 33000 and 48999.
    settings = Settings(load=SingleStream(expected_latency_ns=latency_ns))
    effective = derive(settings, total_sample_count=1, performance_sample_count=1)
    assert arrivals(effective).take(2).tolist() == [0, gap_ns]


def test_constant_arrivals_go_on_across_blocks() -> None:
    constant = ConstantArrivals(7)
    assert [constant.take(2).tolist(), constant.take(3).tolist()] == [[0, 7], [14, 21, 28]]


def test_a_gap_of_zero_without_end_is_refused() -> None:
    assert ConstantArrivals(0).extent(0, 3, 1) == (3, 0)
    with pytest.raises(SettingsError, match="without end"):
        ConstantArrivals(0).extent(1, 3, 1)
