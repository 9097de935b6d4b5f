"""A plain function as a system under test: ``infer(indices) -> outputs``. Workers and batches are made here."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Self

import numpy as np

from levelfield.errors import SettingsError, SystemUnderTestError
from levelfield.loadgen.batch_queue import MOST_WAITING, Batch, Batching, BatchQueue
from levelfield.loadgen.ports import Completions, IntArray, Payloads
from levelfield.loadgen.sample_queue import SampleQueue
from levelfield.units import NS_PER_S, format_ns

__all__ = ["FunctionSystem", "Infer", "checked"]

Infer = Callable[[IntArray], Payloads | None]
"""Takes (samples,) dataset indices, gives the output of each: buffers, an array, or ``None`` for no payload."""

LEAST_WARM_UP_CALLS = 5
WARM_UP_S = 1.0
"""Enough: a call that takes longer than this has no start worth speaking of."""


def checked(outputs: Payloads | None, samples: int) -> Payloads | None:
    """The outputs of one call, which must be one for each sample.

    Raises:
        SystemUnderTestError: They are not.
    """
    if outputs is not None and not callable(outputs) and len(outputs) != samples:
        raise SystemUnderTestError(f"infer returned {len(outputs)} outputs for {samples} samples; expected one each.")
    return outputs


class FunctionSystem:
    """Calls a function with the samples of queries, in batches, from worker threads or from the issuing thread.

    Args:
        infer: The function. With several workers it is called from several threads at once.
        name: The name in the logs.
        workers: Threads that call it; 0 = the issuing thread itself, which suits SingleStream and MultiStream,
            where nothing arrives meanwhile.
        batch_size: Most samples per call. A larger query is cut.
        batch_delay_ns: How long a sample waits for a batch to fill up.
        latency_budget_ns: How long it may take from the arrival of a sample to its answer. A batch that is not full
            waits for more samples as long as its oldest one can still be answered in time, by what batches of its size
            took so far. 0 = no budget, and no waiting for it.
        lengths: Of samples, by their dataset indices, where a batch costs as much as its longest: a query of more than
            one batch is then cut into batches of like lengths, the longest first.
        most_waiting: Queries that may wait for a worker. One more ends the run, since a queue that long only grows.

    A call that raises ends the run; so does an output whose length is not the number of samples.
    """

    def __init__(
        self,
        infer: Infer,
        *,
        name: str = "function",
        workers: int = 1,
        batch_size: int = 1,
        batch_delay_ns: int = 0,
        latency_budget_ns: int = 0,
        lengths: Callable[[IntArray], IntArray] | None = None,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        problems = [
            f"{what}: found {value}, expected {least} or more."
            for what, value, least in (
                ("workers", workers, 0),
                ("batch_size", batch_size, 1),
                ("batch_delay_ns", batch_delay_ns, 0),
                ("latency_budget_ns", latency_budget_ns, 0),
                ("most_waiting", most_waiting, 1),
            )
            if value < least
        ]
        if problems:
            raise SettingsError("This system under test cannot be made.", problems=problems)
        self.name = name
        self._infer = infer
        self.batch_size = batch_size
        """Most samples per call."""
        self.workers = workers
        """Threads that call the function; 0 = the issuing thread."""
        self._lengths = lengths
        self._batching = Batching(
            size=batch_size, delay_ns=batch_delay_ns, budget_ns=latency_budget_ns, most_waiting=most_waiting
        )
        self._queue: BatchQueue | SampleQueue = (
            BatchQueue(self._batching) if batch_size > 1 else SampleQueue(most_waiting)
        )
        self._warm_up = "none"
        self._threads = [
            threading.Thread(target=self._work, name=f"levelfield-worker-{number}", daemon=True)
            for number in range(workers)
        ]
        for thread in self._threads:
            thread.start()

    def issue(self, ids: IntArray, indices: IntArray, complete: Completions) -> None:
        """Run the samples at once (no workers), or queue them."""
        size = self.batch_size
        if self._lengths is not None and len(ids) > size:
            order = np.argsort(-self._lengths(indices), kind="stable")
            ids, indices = ids[order], indices[order]
        if self._threads:
            if not self._queue.put(ids, indices, complete):
                complete.fail(self._overflow())
            return
        if len(ids) <= size:
            self._run(Batch(ids, indices, complete))
            return
        for at in range(0, len(ids), size):
            self._run(Batch(ids[at : at + size], indices[at : at + size], complete))

    def flush(self) -> None:
        """No query follows: nothing waits for a fuller batch any longer."""
        self._queue.nothing_follows()

    def warm_up(self, indices: IntArray) -> None:
        """Call the function a few times, untimed, so that the first query does not pay for its start.

        Once with each power of two below the batch size, because many runtimes prepare for each shape apart; then with
        whole batches, at least one for each worker. A second of it is enough.
        """
        most = min(self.batch_size, max(len(indices), 1))
        smaller = [1 << step for step in range((most - 1).bit_length())]
        sizes = [*smaller, *[most] * max(LEAST_WARM_UP_CALLS, self.workers)]
        took: list[int] = []
        for size in sizes:
            began = time.perf_counter_ns()
            self._infer(indices[:size])
            took.append(time.perf_counter_ns() - began)
            self._queue.note(size, took[-1])
            if sum(took) > WARM_UP_S * NS_PER_S:
                break
        up_to = f" of 1 to {most} samples" if most > 1 else ""
        self._warm_up = f"{len(took)} calls{up_to}, the first {format_ns(took[0])}, the last {format_ns(took[-1])}"
        self._queue.start_counting()

    def describe(self) -> dict[str, str]:
        """What was done before the last performance phase, and which batches came about since."""
        found = {"warm_up": self._warm_up}
        if self._lengths is not None:
            found["order"] = "queries of several batches by length, longest first"
        if self._queue.mean_batch is not None:
            found["mean_batch"] = f"{self._queue.mean_batch:.4g}"
        return found

    def close(self) -> None:
        """Let the workers end. What still waits is dropped: a run that is over wants no more answers."""
        self._queue.close()
        for thread in self._threads:
            thread.join(timeout=1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _work(self) -> None:
        learns = self._batching.budget_ns > 0 and self.batch_size > 1
        while (batch := self._queue.take()) is not None:
            began = time.perf_counter_ns() if learns else 0
            self._run(batch)
            if learns:
                self._queue.note(len(batch.ids), time.perf_counter_ns() - began)

    def _run(self, batch: Batch) -> None:
        """Infer and report; whatever goes wrong is reported too, since a worker has no caller to raise to."""
        try:
            batch.complete(batch.ids, checked(self._infer(batch.indices), len(batch.ids)))
        except Exception as error:  # noqa: BLE001 - the user's code
            batch.complete.fail(error)

    def _overflow(self) -> SystemUnderTestError:
        return SystemUnderTestError(
            f"The system under test does not keep up: {self._batching.most_waiting:,} queries wait for a worker.",
            hint="Lower the target rate, or give it more workers or larger batches.",
        )
