"""Law: top-1 does not depend on the order of the entries, nor on entries that repeat one exactly."""

from __future__ import annotations

import struct

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from levelfield.metrics.top1 import ClassType, top1

CLASSES = st.integers(0, 9)


@given(st.lists(st.tuples(CLASSES, CLASSES), min_size=1, max_size=40), st.data())
def test_score_of_a_reordered_log_with_repeats_is_the_same(pairs: list[tuple[int, int]], data: st.DataObject) -> None:
    labels = np.array([label for label, _ in pairs], np.int64)
    entries = [(index, struct.pack("<f", found)) for index, (_, found) in enumerate(pairs)]
    repeats = data.draw(st.lists(st.sampled_from(entries), max_size=10))
    reordered = data.draw(st.permutations([*entries, *repeats]))
    assert top1(reordered, labels, ClassType.FLOAT32) == top1(entries, labels, ClassType.FLOAT32)
