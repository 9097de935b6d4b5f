"""SingleStream and MultiStream: the next query as soon as the previous one is complete."""

from __future__ import annotations

from functools import partial

from levelfield.loadgen.phase_state import NO_INDICES, PhaseLimits, PhaseState, await_completed
from levelfield.loadgen.recorder import PENDING, Window
from levelfield.loadgen.schedule import QueryBlock
from levelfield.loadgen.single_slot import fits_single_slot, single_slot_issuer

__all__ = ["issue_one_after_another"]

CLOSED_LOOP_BLOCK = 16_384
"""Queries per window."""


def issue_one_after_another(state: PhaseState) -> None:
    """Issue until a limit is reached, block by block."""
    blocks = state.schedule.blocks(CLOSED_LOOP_BLOCK)
    block = next(blocks)
    limits = PhaseLimits.of(state)
    issue_block = single_slot_issuer(state) if fits_single_slot(state) else partial(_issue_block, state)
    window = state.open(state.first_id, queries=len(block.scheduled_ns), block=block)
    queries_before = 0
    state.start_ns = state.keeper.now()
    while True:
        if not issue_block(limits, window, block, queries_before):
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


def _issue_block(
    state: PhaseState, limits: PhaseLimits, window: Window, block: QueryBlock, queries_before: int
) -> bool:
    """Issue the queries of one window; False if the phase ends in it."""
    per_query = state.schedule.samples_per_query
    recorder, complete, issue, now = state.recorder, state.recorder.complete, state.system.issue, state.keeper.now
    start = state.start_ns
    look_at = start + limits.first_look_ns(queries_before + len(block.scheduled_ns))
    done, issued = window.done, window.issued
    done_rows = window.done_ns.reshape(-1, per_query)
    completed = queries_before * per_query
    last = limits.max_queries - queries_before - 1
    for k, (ids, indices) in enumerate(block.rows(window.base, per_query)):
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
                return False
        if recorder.completed < completed:
            await_completed(state, completed)
            if recorder.completed < completed:
                return False
    return True
