"""Law: many draws at once are the same as one by one, and leave the generator at the same place."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from levelfield.stats.randomness import RandomStream
from levelfield.terms import DrawVariant

bounds = st.one_of(st.integers(1, 100_000), st.integers(1, 2**32 - 1))
seeds = st.integers(0, 2**32 - 1)
variants = st.sampled_from(DrawVariant)


@given(seeds, variants, bounds, st.integers(0, 300))
@settings(max_examples=150, deadline=None)
def test_draws_with_one_bound(seed: int, variant: DrawVariant, bound: int, count: int) -> None:
    together, one_by_one = RandomStream(seed, variant), RandomStream(seed, variant)
    drawn = together.integers(bound, count).tolist()
    assert drawn == [one_by_one.integer(bound) for _ in range(count)]
    assert all(0 <= value < bound for value in drawn)
    assert together.raw(3).tolist() == one_by_one.raw(3).tolist()


@given(seeds, variants, st.lists(bounds, max_size=100))
@settings(max_examples=150, deadline=None)
def test_draws_with_a_bound_each(seed: int, variant: DrawVariant, each: list[int]) -> None:
    together, one_by_one = RandomStream(seed, variant), RandomStream(seed, variant)
    drawn = together.integers_each(np.array(each, np.int64)).tolist()
    assert drawn == [one_by_one.integer(bound) for bound in each]
    assert together.raw(3).tolist() == one_by_one.raw(3).tolist()
