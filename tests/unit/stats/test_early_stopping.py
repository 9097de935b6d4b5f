"""Early stopping against the published tables and an independent incomplete beta function."""

from __future__ import annotations

import pytest
from scipy.special import betainc

from levelfield.stats.early_stopping import (
    estimate_index,
    minimum_queries,
    most_over_bound,
    probability_of_at_most,
    queries_needed,
    successes_needed,
)

SUCCESSES = {
    0.90: (44, 63, 79, 94, 109, 122),
    0.95: (90, 129, 163, 195, 225, 254),
    0.97: (152, 218, 275, 329, 379, 428),
    0.99: (459, 661, 836, 998, 1153, 1302),
    0.999: (4603, 6635, 8401, 10039, 11597, 13100),
}
TIMES = (0, 1, 2, 3, 5, 10, 20, 50, 100, 1000)
QUERIES = {
    0.90: (44, 64, 81, 97, 127, 197, 325, 681, 1246, 10722),
    0.95: (90, 130, 165, 198, 259, 398, 656, 1372, 2504, 21483),
    0.97: (152, 219, 277, 332, 433, 667, 1097, 2293, 4182, 35831),
    0.99: (459, 662, 838, 1001, 1307, 2010, 3304, 6898, 12571, 107569),
    0.999: (4603, 6636, 8403, 10042, 13105, 20140, 33097, 69058, 125826, 1076032),
}
ESTIMATES = [
    (64, 0.9, 1, 63),
    (100, 0.9, 3, 97),
    (1000, 0.9, 78, 922),
    (1024, 0.9, 80, 944),
    (10000, 0.9, 930, 9070),
    (24576, 0.9, 2348, 22228),
    (100000, 0.9, 9779, 90221),
    (1347950, 0.9, 133984, 1213966),
    (662, 0.99, 1, 661),
    (1000, 0.99, 2, 998),
    (10000, 0.99, 77, 9923),
    (100000, 0.99, 927, 99073),
    (270336, 0.99, 2583, 267753),
    (842083, 0.99, 8208, 833875),
    (6636, 0.999, 1, 6635),
    (100000, 0.999, 77, 99923),
]


@pytest.mark.parametrize("percentile", SUCCESSES)
def test_successes_needed(percentile: float) -> None:
    assert tuple(successes_needed(t, percentile) for t in range(6)) == SUCCESSES[percentile]


@pytest.mark.parametrize("percentile", QUERIES)
def test_queries_needed(percentile: float) -> None:
    assert tuple(queries_needed(t, percentile) for t in TIMES) == QUERIES[percentile]


@pytest.mark.parametrize(("queries", "percentile", "over_bound", "index"), ESTIMATES)
def test_estimate(queries: int, percentile: float, over_bound: int, index: int) -> None:
    assert most_over_bound(queries, percentile) == over_bound
    assert estimate_index(queries, percentile) == index


@pytest.mark.parametrize(("percentile", "minimum"), [(0.9, 64), (0.99, 662), (0.999, 6636)])
def test_no_estimate_below_the_minimum(percentile: float, minimum: int) -> None:
    assert minimum_queries(percentile) == minimum
    assert estimate_index(minimum - 1, percentile) is None
    assert estimate_index(minimum, percentile) == minimum - 1


@pytest.mark.parametrize("percentile", [0.5, 0.9, 0.97, 0.99, 0.999])
@pytest.mark.parametrize("trials", [1, 2, 7, 15, 16, 17, 200, 5_000, 842_083])
@pytest.mark.parametrize("spreads", [-5, -2.3, -0.5, 0, 0.7, 3])
def test_binomial_tail_agrees_with_scipy(percentile: float, trials: int, spreads: float) -> None:
    mean = trials * (1 - percentile)
    failures = round(mean + spreads * (mean * percentile) ** 0.5)
    failures = min(max(failures, 0), trials - 1)
    expected = betainc(trials - failures, failures + 1, percentile)
    assert probability_of_at_most(failures, trials, percentile) == pytest.approx(expected, rel=1e-11)


def test_tail_at_the_mean_of_very_many_trials() -> None:
    # The denominators of the fraction cancel to nothing here.
    assert probability_of_at_most(10**12 // 10, 10**12, 0.9) == pytest.approx(0.5, abs=1e-5)


def test_tail_ends() -> None:
    assert probability_of_at_most(5, 5, 0.9) == 1.0
    assert probability_of_at_most(0, 2, 0.9) == pytest.approx(0.81, rel=1e-15)


def test_long_runs_are_searched_not_scanned() -> None:
    # Ten thousand million queries: a scan of t would not end within a test.
    assert queries_needed(10**8, 0.99) == 10_002_314_933
    assert most_over_bound(10_002_314_933, 0.99) == 10**8
    assert most_over_bound(10_002_314_932, 0.99) == 10**8 - 1


@pytest.mark.parametrize("percentile", [0.0, 1.0, 99.0, float("nan")])
def test_percentile_out_of_range_is_refused(percentile: float) -> None:
    with pytest.raises(ValueError, match="percentile: found"):
        most_over_bound(1000, percentile)


def test_negative_count_is_refused() -> None:
    with pytest.raises(ValueError, match="over_bound: found -1"):
        queries_needed(-1, 0.9)
