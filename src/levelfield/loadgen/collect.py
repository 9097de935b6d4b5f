"""From what a phase left behind to its immutable record, in bounded memory.

The absolute times are turned into latencies in place and moved, a piece at a time, into arrays of the narrowest
type that holds them, while the pages that they came from are given back. So a run takes 16 bytes per query while
it is measured and less afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import repeat

import numpy as np

from levelfield.loadgen.measurement import Issuing, Measurement
from levelfield.loadgen.phase_state import PhaseState
from levelfield.loadgen.ports import IntArray
from levelfield.loadgen.recorder import NEVER_ISSUED, Window
from levelfield.loadgen.schedule import QueryBlock
from levelfield.terms import Mode, Scenario

__all__ = ["collect", "narrow_type"]

CLOSED_LOOP = {Scenario.SINGLE_STREAM, Scenario.MULTI_STREAM}
"""Where a query is due when the previous one is complete."""
PIECE = 1 << 16
"""Samples that are converted at a time."""


def narrow_type(low: int, high: int) -> np.dtype[np.signedinteger]:
    """The narrowest signed integer type that holds both bounds."""
    for kind in (np.int16, np.int32):
        limits = np.iinfo(kind)
        if limits.min <= low and high <= limits.max:
            return np.dtype(kind)
    return np.dtype(np.int64)


def collect(
    state: PhaseState, *, loaded_set: IntArray, wall_begin: datetime, issuing: Issuing, pickup_ns: IntArray | None
) -> Measurement:
    """The record of a phase. The windows of the state are used up."""
    per_query = state.schedule.samples_per_query
    counts = [_issued_samples(window, per_query) for window in state.windows]
    samples = sum(counts)
    tokens = _relative_tokens(state, counts)
    own = _own_delays(state, counts)
    scheduled, delay, latency = _relative(state, counts)
    generated = state.schedule.generated
    queries = len(scheduled)
    outran = max(queries - generated.query_count, 0)
    gap_ns = generated.duration_ns // generated.query_count if generated.query_count else 0
    return Measurement(
        effective=state.effective,
        phase=Mode.PERFORMANCE if state.timed else Mode.ACCURACY,
        loaded_set=loaded_set,
        generated_query_count=generated.query_count + outran,
        generated_samples_per_query=generated.samples_per_query,
        generated_query_duration_ns=generated.duration_ns + outran * gap_ns,
        scheduled_ns=scheduled,
        issue_delay_ns=delay,
        latency_ns=latency,
        sample_indices=_indices(state, samples, loaded_set),
        samples_per_query=per_query,
        first_token_ns=tokens[0] if tokens else None,
        token_counts=tokens[1] if tokens else None,
        pickup_delay_ns=pickup_ns,
        wall_begin=wall_begin,
        events=(*state.events, *state.recorder.events),
        issuing=issuing,
        own_delay_ns=own,
        ended_early=state.ended_early,
    )


def _issued_samples(window: Window, per_query: int) -> int:
    """How many samples of a window were issued: they are its first ones."""
    issued = window.done_ns != NEVER_ISSUED
    # Several issuing threads may have left a gap when they were stopped; what comes after it counts as not issued.
    count = len(issued) if bool(issued.all()) else int(np.argmin(issued))
    # Ctrl-C may fall between the marking of a query and the reading of the clock for it.
    while count and window.issued_ns[count // per_query - 1] == NEVER_ISSUED:
        count -= per_query
    return count


@dataclass(frozen=True, slots=True)
class _Piece:
    """Part of a window: whole queries."""

    window: Window
    samples: slice
    queries: slice

    def due_ns(self, due: _DueTimes | None, start_ns: int) -> IntArray:
        """(queries,) the absolute due time of each; ``due`` is as :func:`_due_times` gives it."""
        if due is None:
            return self.window.issued_ns[self.queries].copy()
        return due.take(self.queries.stop - self.queries.start) + start_ns


def _pieces(state: PhaseState, counts: list[int]) -> Iterator[_Piece]:
    """The issued samples, a piece at a time. A query is never cut."""
    per_query = state.schedule.samples_per_query
    size = max(PIECE // per_query, 1)
    for window, count in zip(state.windows, counts, strict=True):
        for first in range(0, count // per_query, size):
            queries = slice(first, min(first + size, count // per_query))
            yield _Piece(window, slice(first * per_query, queries.stop * per_query), queries)


def _relative(state: PhaseState, counts: list[int]) -> tuple[IntArray, IntArray, IntArray]:
    """Due times, issue delays and latencies relative to the start; the windows are emptied on the way."""
    per_query = state.schedule.samples_per_query
    closed_loop = state.effective.scenario in CLOSED_LOOP
    slowest = latest = longest_delay = 0
    due = _due_times(state)
    for piece in _pieces(state, counts):
        due_ns = piece.due_ns(due, state.start_ns)
        done = piece.window.done_ns[piece.samples].reshape(-1, per_query)
        unanswered = done <= 0
        done -= due_ns[:, np.newaxis]
        done[unanswered] = -1
        slowest = max(slowest, int(done.max()))
        latest = max(latest, int(due_ns[-1]) - state.start_ns)
        issued = piece.window.issued_ns[piece.queries]
        issued -= state.start_ns if closed_loop else due_ns
        longest_delay = max(longest_delay, int(issued.max()))
    samples = sum(counts)
    queries = samples // per_query
    latency = np.empty(samples, narrow_type(-1, slowest))
    scheduled = np.empty(queries, narrow_type(0, latest))
    delay = (
        np.broadcast_to(np.zeros(1, narrow_type(0, 0)), queries)
        if closed_loop
        else np.empty(queries, narrow_type(0, longest_delay))
    )
    due = _due_times(state)
    sample = query = 0
    for piece in _pieces(state, counts):
        window, n = piece.window, piece.queries.stop - piece.queries.start
        latency[sample : sample + n * per_query] = window.done_ns[piece.samples]
        if due is None:
            scheduled[query : query + n] = window.issued_ns[piece.queries]
        else:
            scheduled[query : query + n] = due.take(n)
            delay[query : query + n] = window.issued_ns[piece.queries]
        sample, query = sample + n * per_query, query + n
        window.release(samples=piece.samples.stop, queries=piece.queries.stop)
    state.windows.clear()
    return scheduled, delay, latency


def _own_delays(state: PhaseState, counts: list[int]) -> IntArray | None:
    """(queries,) the load generator's own lateness, where it was recorded apart."""
    if not any(len(window.own_ns) for window in state.windows):
        return None
    (window,) = state.windows  # a schedule is issued from one window
    own = window.own_ns[: counts[0]]
    return own.astype(narrow_type(int(own.min(initial=0)), int(own.max(initial=0))), copy=False)


class _DueTimes:
    """The due times of the schedule once more, relative to the start, handed out in pieces of any size."""

    def __init__(self, blocks: Iterator[QueryBlock]) -> None:
        self._blocks = blocks
        self._left: IntArray = np.zeros(0, np.int64)

    def take(self, count: int) -> IntArray:
        """The next ``count`` due times."""
        parts = []
        while count:
            if not len(self._left):
                self._left = next(self._blocks).scheduled_ns
            part, self._left = self._left[:count], self._left[count:]
            parts.append(part)
            count -= len(part)
        return np.concatenate(parts) if parts else np.zeros(0, np.int64)


def _due_times(state: PhaseState) -> _DueTimes | None:
    """``None`` where a query is due when it is issued."""
    if state.effective.scenario in CLOSED_LOOP:
        return None
    if state.effective.scenario is Scenario.OFFLINE:
        now = QueryBlock(scheduled_ns=np.zeros(1, np.int64), indices=np.zeros(0, np.int64), logged=None)
        return _DueTimes(repeat(now))
    return _DueTimes(state.schedule.blocks(1 << 14))


def _relative_tokens(state: PhaseState, counts: list[int]) -> tuple[IntArray, IntArray] | None:
    if not state.effective.requested.tokens.use:
        return None
    firsts: list[IntArray] = []
    due = _due_times(state)
    for piece in _pieces(state, counts):
        due_ns = piece.due_ns(due, state.start_ns)
        if piece.window.first_token_ns is not None:
            absolute = piece.window.first_token_ns[piece.samples]
            relative = (absolute.reshape(len(due_ns), -1) - due_ns[:, np.newaxis]).ravel()
            firsts.append(np.where(absolute > 0, relative, -1))
    numbers = [
        window.token_counts[:count]
        for window, count in zip(state.windows, counts, strict=True)
        if window.token_counts is not None
    ]
    empty = [np.zeros(0, np.int64)]
    return np.concatenate(firsts or empty), np.concatenate(numbers or empty)


def _indices(state: PhaseState, samples: int, loaded_set: IntArray) -> IntArray:
    """The dataset index of each issued sample, drawn once more from the schedule."""
    highest = int(loaded_set.max(initial=0))
    indices = np.empty(samples, narrow_type(0, highest))
    filled = 0
    blocks = state.schedule.blocks(1 << 14)
    while filled < samples:
        block = next(blocks).indices[: samples - filled]
        indices[filled : filled + len(block)] = block
        filled += len(block)
    return indices
