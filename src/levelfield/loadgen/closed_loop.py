"""SingleStream and MultiStream: the next query as soon as the previous one is complete."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from levelfield.loadgen.phase_state import NO_INDICES, PhaseLimits, PhaseState, await_completed
from levelfield.loadgen.ports import IntArray
from levelfield.loadgen.recorder import PENDING
from levelfield.loadgen.schedule import QueryBlock

__all__ = ["issue_one_after_another"]

CLOSED_LOOP_BLOCK = 16_384
"""Queries per window."""


def _rows(first_id: int, block: QueryBlock, per_query: int) -> Iterator[tuple[IntArray, IntArray]]:
    """The ids and dataset indices of each query of a block, without a copy."""
    ids = np.arange(first_id, first_id + len(block.indices), dtype=np.int64)
    return zip(ids.reshape(-1, per_query), block.indices.reshape(-1, per_query), strict=True)


def issue_one_after_another(state: PhaseState) -> None:
    """SingleStream and MultiStream: the next query as soon as the last sample of the previous is complete."""
    per_query = state.schedule.samples_per_query
    recorder, complete, issue, now = state.recorder, state.recorder.complete, state.system.issue, state.keeper.now
    limits = PhaseLimits.of(state)
    blocks = state.schedule.blocks(CLOSED_LOOP_BLOCK)
    block = next(blocks)
    window = state.open(state.first_id, queries=len(block.scheduled_ns), block=block)
    queries_before = 0
    state.start_ns = start = now()
    while True:
        look_at = start + limits.first_look_ns(queries_before + len(block.scheduled_ns))
        done, issued = window.done, window.issued
        done_rows = window.done_ns.reshape(-1, per_query)
        completed = queries_before * per_query
        last = limits.max_queries - queries_before - 1
        for k, (ids, indices) in enumerate(_rows(window.base, block, per_query)):
            if per_query == 1:
                done[k] = PENDING
            else:
                done_rows[k] = PENDING
            issued[k] = shown = now()
            issue(ids, indices, complete)
            completed += per_query
            if shown >= look_at or k >= last or state.stop:
                state.queries_issued = queries_before + k + 1
                if limits.reached(state, shown - start):
                    return
            if recorder.completed < completed:
                await_completed(state, completed)
                if recorder.completed < completed:
                    return
        queries_before += len(block.scheduled_ns)
        state.queries_issued = queries_before
        following = next(blocks, None)
        if following is None:
            if state.timed:
                state.error(
                    "Ending early: Ran out of generated queries to issue before the minimum query count "
                    "and test duration were reached."
                )
            return
        block = following
        window.indices = NO_INDICES
        window = state.open(window.base + len(window.done_ns), queries=len(block.scheduled_ns), block=block)
