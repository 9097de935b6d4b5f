"""Law: queries, samples and which of them are logged are the same however many come at a time, and every time."""

from __future__ import annotations

from itertools import islice

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from plans import Plan, plans

from levelfield.loadgen.ports import IntArray
from levelfield.loadgen.schedule import Schedule


def first(made: Schedule, queries: int, queries_per_block: int) -> list[IntArray]:
    blocks = list(islice(made.blocks(queries_per_block), -(-queries // queries_per_block)))
    due = np.concatenate([block.scheduled_ns for block in blocks])
    indices = np.concatenate([block.indices for block in blocks])
    logged = np.concatenate([[] if block.logged is None else block.logged for block in blocks])
    assert logged.size in {0, indices.size}
    per_query = made.samples_per_query
    return [due[:queries], indices[: queries * per_query], logged[: queries * per_query]]


@given(plans(), st.integers(1, 1_200), st.integers(1, 1_200))
@settings(max_examples=60, deadline=None)
def test_blocks_do_not_depend_on_their_size(plan: Plan, one_size: int, other_size: int) -> None:
    made = plan.schedule()
    queries = made.generated.query_count if made.finite else 1_500
    expected = first(made, queries, one_size)
    for size in (other_size, one_size):
        for found, wanted in zip(first(made, queries, size), expected, strict=True):
            assert np.array_equal(found, wanted)
