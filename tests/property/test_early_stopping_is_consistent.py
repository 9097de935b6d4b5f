"""Law: t* is the largest t whose needed queries fit, so both functions invert each other and rise together."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from levelfield.stats.early_stopping import minimum_queries, most_over_bound, queries_needed

PERCENTILES = st.sampled_from([0.5, 0.9, 0.95, 0.97, 0.99, 0.999])


@given(PERCENTILES, st.integers(0, 2_000_000))
def test_most_over_bound_is_the_largest_that_fits(percentile: float, extra: int) -> None:
    queries = minimum_queries(percentile) + extra
    over_bound = most_over_bound(queries, percentile)
    assert over_bound is not None
    assert queries_needed(over_bound, percentile) <= queries < queries_needed(over_bound + 1, percentile)


@given(PERCENTILES, st.integers(0, 100_000))
def test_one_more_over_the_bound_needs_more_queries(percentile: float, over_bound: int) -> None:
    assert queries_needed(over_bound + 1, percentile) > queries_needed(over_bound, percentile)
