"""Law: making one right answer wrong takes exactly one from ``good``, and leaves ``total`` alone."""

from __future__ import annotations

import struct

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from levelfield.metrics.top1 import ClassType, top1


@given(st.lists(st.integers(0, 999), min_size=1, max_size=40), st.data(), st.sampled_from([*ClassType]))
def test_one_more_mistake_costs_one(labels: list[int], data: st.DataObject, class_type: ClassType) -> None:
    code = {ClassType.FLOAT32: "<f", ClassType.INT32: "<i", ClassType.INT64: "<q"}[class_type]
    entries = [(index, struct.pack(code, label)) for index, label in enumerate(labels)]
    spoilt = data.draw(st.integers(0, len(labels) - 1))
    wrong = [*entries]
    wrong[spoilt] = (spoilt, struct.pack(code, labels[spoilt] + 1))
    before = top1(entries, np.array(labels), class_type)
    after = top1(wrong, np.array(labels), class_type)
    assert (before.good, before.total) == (len(labels), len(labels))
    assert (after.good, after.total) == (len(labels) - 1, len(labels))
