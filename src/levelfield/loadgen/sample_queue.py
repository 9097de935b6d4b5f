"""Samples that wait for a worker where each is run alone; of batches, see :mod:`levelfield.loadgen.batch_queue`.

After a call of a model its caller's code has left the processor's caches, and each step of it costs several times what
it costs in a loop: beside a model of 0.3 ms the general queue takes 2 % of the throughput. Here a sample is put and
taken by one call into C each.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from queue import SimpleQueue

from levelfield.loadgen.batch_queue import Batch
from levelfield.loadgen.ports import Completions, IntArray

__all__ = ["SampleQueue"]


@dataclass(slots=True)
class _Query(Batch):
    """Of several samples; it waits once for each of them."""

    taken: int = 0


class SampleQueue:
    """A bounded queue between the issuing side and the workers, of samples that nothing is put together with.

    Args:
        most_waiting: Samples that may wait when a query is put; a query is put whole.
    """

    def __init__(self, most_waiting: int) -> None:
        self._most_waiting = most_waiting
        self._waiting: SimpleQueue[Batch | None] = SimpleQueue()
        self._cutting = threading.Lock()
        self._closed = False
        self.mean_batch: float | None = None
        """1 as soon as something was put since :meth:`start_counting`."""

    def put(self, ids: IntArray, indices: IntArray, complete: Completions) -> bool:
        """Queue the samples of a query; False if too many wait already."""
        waiting = self._waiting
        if waiting.qsize() >= self._most_waiting:
            return False
        self.mean_batch = 1.0
        if len(ids) == 1:
            waiting.put(Batch(ids, indices, complete))
            return True
        query = _Query(ids, indices, complete)
        for _ in range(len(ids)):
            waiting.put(query)
        return True

    def take(self) -> Batch | None:
        """The next sample, as soon as there is one; ``None`` when the queue is closed."""
        found = self._waiting.get()
        if self._closed or found is None:
            self._waiting.put(None)  # for the next worker
            return None
        return self._cut(found) if isinstance(found, _Query) else found

    def _cut(self, query: _Query) -> Batch:
        with self._cutting:
            at = query.taken
            query.taken += 1
        return Batch(query.ids[at : at + 1], query.indices[at : at + 1], query.complete)

    def note(self, samples: int, took_ns: int) -> None:
        """Nothing is learnt: a sample that is run alone waits for no other."""

    def nothing_follows(self) -> None:
        """Nothing is held back that this would let go."""

    def start_counting(self) -> None:
        """Forget what was put before."""
        self.mean_batch = None

    def close(self) -> None:
        """Drop what waits and let the workers end."""
        self._closed = True
        self._waiting.put(None)
