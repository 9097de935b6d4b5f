"""Samples that wait for a worker, and the moment at which a batch of them is closed.

A batch is closed when it is full, when no query will follow, or when its oldest sample may wait no longer. How long
that is: a fixed delay; or with a latency budget, what is left of it after the time that the batch is expected to take,
which follows the times that batches took. Without either, a free worker takes what is there at once.

At most one worker waits for a batch to fill. It is woken when the batch is full, not with every query: a wake-up
costs more than a small model.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from levelfield.loadgen.ports import Completions, IntArray
from levelfield.loadgen.service_times import ServiceTimes
from levelfield.units import NS_PER_S

__all__ = ["MOST_WAITING", "Batch", "BatchQueue", "Batching", "close_ns"]

NEVER_NS = 1 << 62
MOST_WAITING = 1 << 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Batching:
    """How samples are put together."""

    size: int
    """Most samples in a batch. A larger query is cut."""
    delay_ns: int = 0
    """How long a sample waits for a batch to fill up."""
    budget_ns: int = 0
    """How long it may take from a sample's arrival to its answer; 0 = no budget, nothing waits for it."""
    most_waiting: int = MOST_WAITING
    """Queries that may wait at a time."""


@dataclass(slots=True)  # not frozen: one is made for each query, and setting three frozen fields costs a microsecond
class Batch:
    """Samples to be run in one call."""

    ids: IntArray
    """(samples,) int64."""
    indices: IntArray
    """(samples,) int64."""
    complete: Completions


@dataclass(slots=True)
class _Query(Batch):
    arrived_ns: int
    taken: int = 0
    """Samples that are in batches already."""


def close_ns(arrived_ns: int, batching: Batching, expected_ns: float) -> float:
    """When a batch that is not full is closed.

    Args:
        arrived_ns: When its oldest sample came.
        batching: The rule.
        expected_ns: How long the batch will take as it is.
    """
    at: float = NEVER_NS
    if batching.delay_ns:
        at = arrived_ns + batching.delay_ns
    if batching.budget_ns:
        at = min(at, arrived_ns + batching.budget_ns - expected_ns)
    return at if at < NEVER_NS else arrived_ns


class BatchQueue:
    """A bounded queue between the issuing side and the workers."""

    def __init__(self, batching: Batching, clock: Callable[[], int] = time.perf_counter_ns) -> None:
        self._rule = batching
        self._clock = clock
        self._size = batching.size
        self._waits = bool(batching.delay_ns or batching.budget_ns)
        self._queries: deque[_Query] = deque()
        self._samples = 0
        self._lock = threading.Lock()
        self._arrived = threading.Condition(self._lock)
        self._filled = threading.Condition(self._lock)
        self._idle = 0
        """Workers that wait for a sample."""
        self._someone_fills = False
        self._nothing_follows = False
        self._closed = False
        self.times = ServiceTimes()
        """Kept only with a latency budget."""
        self.batches = 0
        """Taken so far."""
        self.samples = 0
        """Taken so far."""

    def put(self, ids: IntArray, indices: IntArray, complete: Completions) -> bool:
        """Queue the samples of a query; False if too many queries wait already."""
        query = _Query(ids, indices, complete, self._clock() if self._waits else 0)
        with self._lock:
            if len(self._queries) >= self._rule.most_waiting:
                return False
            self._queries.append(query)
            self._samples += len(ids)
            self._nothing_follows = False
            if not self._someone_fills:
                if self._idle:
                    self._arrived.notify()
            elif self._samples >= self._size:
                self._filled.notify()
        return True

    def take(self) -> Batch | None:
        """The next batch, as soon as there is one; ``None`` when the queue is closed."""
        with self._lock:
            while True:
                while not self._samples or (self._someone_fills and self._samples < self._size):
                    if self._closed:
                        return None
                    self._idle += 1
                    try:
                        self._arrived.wait()
                    finally:
                        self._idle -= 1
                if self._waits and self._samples < self._size and not self._nothing_follows:
                    self._fill()
                    if not self._samples:  # another worker has taken it all meanwhile
                        continue
                batch = self._cut()
                if self._samples and self._idle:
                    self._arrived.notify()
                return batch

    def note(self, samples: int, took_ns: int) -> None:
        """Learn how long a batch took; only with a latency budget."""
        if self._rule.budget_ns:
            with self._lock:
                self.times.note(samples, took_ns)

    def nothing_follows(self) -> None:
        """Close what waits: it will not become fuller."""
        with self._lock:
            self._nothing_follows = True
            self._filled.notify_all()

    @property
    def mean_batch(self) -> float | None:
        """Samples in a batch, of those taken since :meth:`start_counting`; ``None`` if none was."""
        return self.samples / self.batches if self.batches else None

    def start_counting(self) -> None:
        """Forget which batches were taken before."""
        with self._lock:
            self.batches = self.samples = 0

    def close(self) -> None:
        """Drop what waits and let the workers end."""
        with self._lock:
            self._closed = True
            self._queries.clear()
            self._samples = 0
            self._arrived.notify_all()
            self._filled.notify_all()

    def _fill(self) -> None:
        """Wait until the batch is closed; the lock is held on entry and on return."""
        self._someone_fills = True
        try:
            while 0 < self._samples < self._size and not self._nothing_follows:
                # Anew each time: another worker may have taken the oldest, and a fuller batch takes longer.
                at = close_ns(self._queries[0].arrived_ns, self._rule, self.times.expected_ns(self._samples))
                left_ns = at - self._clock()
                if left_ns <= 0:
                    return
                self._filled.wait(left_ns / NS_PER_S)
        finally:
            self._someone_fills = False

    def _cut(self) -> Batch:
        """Take the oldest samples, as many as fit; some wait, and the lock is held."""
        queries, room = self._queries, self._size
        complete = queries[0].complete
        ids: list[IntArray] = []
        indices: list[IntArray] = []
        while queries and room:
            query = queries[0]
            count = len(query.ids)
            if not query.taken and count <= room:
                ids.append(query.ids)
                indices.append(query.indices)
                room -= count
                queries.popleft()
                continue
            end = min(query.taken + room, count)
            ids.append(query.ids[query.taken : end])
            indices.append(query.indices[query.taken : end])
            room -= end - query.taken
            query.taken = end
            if end == count:
                queries.popleft()
        taken = self._size - room
        self._samples -= taken
        self.batches += 1
        self.samples += taken
        if len(ids) == 1:
            return Batch(ids[0], indices[0], complete)
        return Batch(np.concatenate(ids), np.concatenate(indices), complete)
