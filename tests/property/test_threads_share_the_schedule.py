"""Law: the shares of n issue threads are disjoint, and together they are the schedule."""

from __future__ import annotations

from itertools import islice

from hypothesis import given, settings
from hypothesis import strategies as st
from plans import Plan, plans


@given(plans(), st.integers(1, 7), st.integers(1, 700))
@settings(max_examples=60, deadline=None)
def test_threads_share_the_schedule(plan: Plan, threads: int, queries_per_block: int) -> None:
    made = plan.schedule()
    blocks = 40
    whole = [
        (due, tuple(samples))
        for block in islice(made.blocks(queries_per_block), blocks)
        for due, samples in zip(
            block.scheduled_ns.tolist(), block.indices.reshape(-1, made.samples_per_query).tolist(), strict=True
        )
    ]
    for thread in range(threads):
        share = [
            (due, tuple(samples))
            for block in islice(made.blocks(queries_per_block, first=thread, stride=threads), blocks)
            for due, samples in zip(
                block.scheduled_ns.tolist(), block.indices.reshape(-1, made.samples_per_query).tolist(), strict=True
            )
        ]
        assert share == whole[thread::threads]
