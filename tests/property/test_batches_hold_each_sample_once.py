from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from levelfield.loadgen.batch_queue import Batching, BatchQueue


def complete(*_: object) -> None:
    """Nobody looks."""


@given(
    size=st.integers(1, 9),
    queries=st.lists(st.integers(1, 30), min_size=1, max_size=30),
    takes=st.lists(st.booleans(), max_size=60),
)
def test_batches_hold_each_sample_once_in_order_and_are_full_while_samples_wait(
    size: int, queries: list[int], takes: list[bool]
) -> None:
    """However puts and takes alternate, what comes out is what went in, in batches of at most ``size``."""
    queue = BatchQueue(Batching(size=size))
    went_in: list[int] = []
    came_out: list[int] = []

    def take() -> None:
        waiting = len(went_in) - len(came_out)
        batch = queue.take()
        assert batch is not None
        assert len(batch.ids) == min(size, waiting)
        assert (batch.ids - batch.indices == 7).all()
        came_out.extend(batch.indices.tolist())

    pending = iter(takes)
    for count in queries:
        indices = np.arange(len(went_in), len(went_in) + count)
        assert queue.put(indices + 7, indices, complete)  # type: ignore[arg-type]
        went_in += indices.tolist()
        while next(pending, False) and len(came_out) < len(went_in):
            take()
    while len(came_out) < len(went_in):
        take()
    assert came_out == went_in
    assert queue.samples == len(went_in)
