"""Law: sets that were drawn with a variant and spelled one index after the other are known again as that variant's."""

from __future__ import annotations

import hashlib

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from levelfield.stats.randomness import RandomStream
from levelfield.stats.sample_sets import cut_into_sets
from levelfield.submission.inference.claims import SetsClaim
from levelfield.submission.inference.redraw import SetsUnit, draw
from levelfield.terms import DrawVariant

libraries = st.one_of(st.integers(1, 30), st.integers(390, 1100), st.integers(9_990, 10_010))
sizes = st.one_of(st.integers(20, 50), st.integers(390, 1200))


@given(
    seed=st.integers(0, 2**64 - 1),
    variant=st.sampled_from(DrawVariant),
    library=libraries,
    size=sizes,
    padding=st.integers(0, 7),
    whole=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_sets_are_known_again(
    *, seed: int, variant: DrawVariant, library: int, size: int, padding: int, whole: bool
) -> None:
    order = RandomStream(seed, variant).shuffled(np.arange(library))
    sets = [
        f"[{','.join(map(str, one.tolist()))}]\n".encode() for one in cut_into_sets(order, size=size, padding=padding)
    ]
    loaded = sets if whole else sets[:1]
    claim = SetsClaim(
        is_of_accuracy=whole, seed=seed, library_count=library, set_size=size, padding=padding, set_count=len(loaded),
        sha256=hashlib.sha256(b"".join(loaded)).hexdigest(), line=1,
    )  # fmt: skip
    for first_tried in DrawVariant:
        assert variant in draw([SetsUnit(first_tried, (claim,))]).variants[claim]
    other = SetsClaim(**{name: getattr(claim, name) for name in claim.__slots__} | {"sha256": "0" * 64})
    assert draw([SetsUnit(variant, (other,))]).variants == {other: ()}
