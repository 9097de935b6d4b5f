"""Laws: a shuffle is a permutation; shuffling again composes; a skipped shuffle consumes what a shuffle does."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from levelfield.stats.randomness import RandomStream
from levelfield.terms import DrawVariant

seeds = st.integers(0, 2**32 - 1)
variants = st.sampled_from(DrawVariant)
lengths = st.one_of(st.integers(0, 300), st.sampled_from([65_535, 65_536]))


@given(seeds, variants, lengths)
@settings(max_examples=60, deadline=None)
def test_shuffle_is_a_permutation(seed: int, variant: DrawVariant, length: int) -> None:
    shuffled = RandomStream(seed, variant).shuffled(np.arange(length))
    assert np.array_equal(np.sort(shuffled), np.arange(length))


@given(seeds, variants, st.integers(0, 80), st.integers(0, 120))
@settings(max_examples=60, deadline=None)
def test_repeated_shuffles_go_on_from_each_other(seed: int, variant: DrawVariant, length: int, times: int) -> None:
    together, one_by_one, skipping = (RandomStream(seed, variant) for _ in range(3))
    order = np.arange(length)
    for row in together.permutations(length, times):
        order = one_by_one.shuffled(order)
        assert row.tolist() == order.tolist()
    skipping.skip_shuffles(length, times)
    ahead = together.raw(3).tolist()
    assert one_by_one.raw(3).tolist() == ahead
    assert skipping.raw(3).tolist() == ahead
