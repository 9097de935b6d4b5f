"""Law: a higher percentile is never faster, and no percentile falls when one latency grows or never completes."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from levelfield.stats.percentile import PERCENTILES, sort_latencies

LATENCIES = st.lists(st.integers(-1, 2**62), min_size=1, max_size=200)


@given(LATENCIES, st.lists(st.floats(0, 0.9999), min_size=2, max_size=8))
def test_percentiles_rise_with_p(latencies: list[int], fractions: list[float]) -> None:
    ordered = sort_latencies(np.array(latencies))
    values = [ordered.percentile(fraction) for fraction in sorted(fractions)]
    assert values == sorted(values)


@given(LATENCIES, st.data())
def test_no_percentile_falls_when_a_sample_gets_slower(latencies: list[int], data: st.DataObject) -> None:
    which = data.draw(st.integers(0, len(latencies) - 1))
    before = latencies[which]
    after = -1 if before < 0 else data.draw(st.one_of(st.just(-1), st.integers(before, 2**63 - 1)))
    slower = [*latencies[:which], after, *latencies[which + 1 :]]
    old, new = sort_latencies(np.array(latencies)), sort_latencies(np.array(slower))
    assert all(new.percentile(p) >= old.percentile(p) for p in PERCENTILES)
    assert new.mean() >= old.mean()
