from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from scipy.signal import lfilter

from levelfield.stats.ratio import (
    Interval,
    chance_outside,
    paired_ratio,
    quantile_interval,
    rate_interval,
    ratio_interval,
    student_t_975,
)


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 5, 7, 10, 19, 29, 100, 10_000])
def test_quantile_of_students_t(freedom: int) -> None:
    assert student_t_975(freedom) == pytest.approx(stats.t.ppf(0.975, freedom), rel=2e-3)


def test_quantile_of_students_t_needs_a_degree_of_freedom() -> None:
    with pytest.raises(ValueError, match="freedom: found 0, expected 1 or more"):
        student_t_975(0)


def test_interval_of_values_that_do_not_vary_has_no_width() -> None:
    found = quantile_interval(np.full(500, 1_000, np.int32), 0.9)
    assert found == Interval(value=1000.0, low=1000.0, high=1000.0)
    assert found.log_sd == 0


def test_interval_needs_values() -> None:
    assert quantile_interval(np.arange(1, 30), 0.5) is None
    assert quantile_interval(np.arange(1, 60), 0.99) is None  # no value lies above the 99th percentile
    assert rate_interval(np.zeros(0, np.int64)) is None
    assert rate_interval(np.array([5, 5, 5, 5])) is None
    assert paired_ratio([1.0]) is None


def test_quantile_interval_covers_the_truth_though_values_depend_on_each_other() -> None:
    generator = np.random.default_rng(11)
    truth = 1e6 * math.exp(0.2 * stats.norm.ppf(0.9) / 0.6)
    hits = narrow = 0
    for _ in range(200):
        slow_spells = lfilter([1], [1, -0.8], generator.normal(size=4_000))
        values = (np.exp(0.2 * slow_spells) * 1e6).astype(np.int64)
        found = quantile_interval(values, 0.9)
        assert found is not None
        hits += found.low <= truth <= found.high
        narrow += found.high / found.low < 1.15
    assert hits >= 180  # 190 are to be expected, 180 or fewer happen in 1 of 600 tries
    assert narrow == 200


def test_rate_interval_covers_the_truth_though_samples_complete_together() -> None:
    generator = np.random.default_rng(12)
    hits = 0
    for _ in range(200):
        ends = np.cumsum(generator.gamma(20, 5e4, size=200))
        found = rate_interval(np.repeat(ends, 32).astype(np.int64))
        assert found is not None
        hits += found.low <= 32_000 <= found.high
    assert hits >= 180


def test_ratio_combines_the_distances_of_both_ends() -> None:
    found = ratio_interval(Interval(value=2.0, low=1.0, high=4.0), Interval(value=1.0, low=1.0, high=1.0))
    assert (found.value, found.low, found.high) == pytest.approx((2.0, 1.0, 4.0))
    both = ratio_interval(Interval(value=1.0, low=0.8, high=1.1), Interval(value=1.0, low=0.8, high=1.1))
    assert both.low == pytest.approx(math.exp(-math.hypot(math.log(0.8), math.log(1.1))))
    assert both.high == pytest.approx(1 / both.low)


def test_pairs_give_a_geometric_mean_with_students_interval() -> None:
    found = paired_ratio([1.1, 1 / 1.1, 1.1, 1 / 1.1])
    assert found is not None
    half = math.log(1.1) * math.sqrt(4 / 3) / 2 * 3.182446
    assert found.value == pytest.approx(1.0)
    assert (found.low, found.high) == pytest.approx((math.exp(-half), math.exp(half)), rel=1e-3)


def test_chance_that_an_honest_ratio_falls_outside() -> None:
    assert chance_outside(0.0, 0.95, 1.05) == 0.0
    assert chance_outside(math.log(1.05), 0.0, 1.05) == pytest.approx(0.158655, rel=1e-5)
    assert chance_outside(math.log(1 / 0.9), 0.9, math.inf) == pytest.approx(0.158655, rel=1e-5)
    both = chance_outside(0.05, 0.95, 1.05)
    assert both == pytest.approx(0.15249 + 0.16458, abs=2e-4)
