"""A plain function as a system under test: ``infer(indices) -> outputs``. Workers and batches are made here."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np

from levelfield.errors import SettingsError, SystemUnderTestError
from levelfield.loadgen.ports import Completions, IntArray, Payloads

__all__ = ["FunctionSystem", "Infer", "checked"]

Infer = Callable[[IntArray], Payloads | None]
"""Takes (samples,) dataset indices, gives the output of each: buffers, an array, or ``None`` for no payload."""

MOST_WARM_UP_CALLS = 5
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


@dataclass(frozen=True, slots=True)
class _Work:
    ids: IntArray
    indices: IntArray
    complete: Completions


class FunctionSystem:
    """Calls a function with the samples of queries, in batches, from worker threads or from the issuing thread.

    Args:
        infer: The function. With several workers it is called from several threads at once.
        name: The name in the logs.
        workers: Threads that call it; 0 = the issuing thread itself, which suits SingleStream and MultiStream,
            where nothing arrives meanwhile.
        batch_size: Most samples per call. A larger query is cut into such pieces.
        batch_delay_ns: How long a worker waits for a batch to fill up once it has its first sample.

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
    ) -> None:
        problems = [
            f"{what}: found {value}, expected {least} or more."
            for what, value, least in (
                ("workers", workers, 0),
                ("batch_size", batch_size, 1),
                ("batch_delay_ns", batch_delay_ns, 0),
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
        self._delay_s = batch_delay_ns / 1e9
        self._waiting: deque[_Work] = deque()
        self._waiting_samples = 0
        self._arrived = threading.Condition()
        self._closed = False
        self._threads = [
            threading.Thread(target=self._work, name=f"levelfield-worker-{number}", daemon=True)
            for number in range(workers)
        ]
        for thread in self._threads:
            thread.start()

    def issue(self, ids: IntArray, indices: IntArray, complete: Completions) -> None:
        """Run the samples at once (no workers), or queue them."""
        size = self.batch_size
        pieces = (
            [_Work(ids, indices, complete)]
            if len(ids) <= size
            else [_Work(ids[at : at + size], indices[at : at + size], complete) for at in range(0, len(ids), size)]
        )
        if not self._threads:
            for piece in pieces:
                self._run([piece])
            return
        with self._arrived:
            self._waiting.extend(pieces)
            self._waiting_samples += len(ids)
            self._arrived.notify(min(len(pieces), len(self._threads)))

    def flush(self) -> None:
        """Nothing to do: a worker never waits longer than the batch delay."""

    def warm_up(self, indices: IntArray) -> None:
        """Call the function a few times, untimed, so that the first query does not pay for its start."""
        deadline = time.monotonic() + WARM_UP_S
        for _ in range(MOST_WARM_UP_CALLS):
            self._infer(indices[: self.batch_size])
            if time.monotonic() > deadline:
                return

    def close(self) -> None:
        """Let the workers end. What still waits is dropped: a run that is over wants no more answers."""
        with self._arrived:
            self._closed = True
            self._waiting.clear()
            self._waiting_samples = 0
            self._arrived.notify_all()
        for thread in self._threads:
            thread.join(timeout=1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _work(self) -> None:
        while batch := self._take():
            self._run(batch)

    def _take(self) -> list[_Work]:
        """The next batch: what waits, up to the batch size; nothing when the system is closed."""
        with self._arrived:
            while True:
                while not self._waiting:
                    if self._closed:
                        return []
                    self._arrived.wait()
                self._fill()
                if self._waiting:  # another worker may have taken it all meanwhile
                    break
            batch: list[_Work] = []
            room = self.batch_size
            while self._waiting and len(self._waiting[0].ids) <= room:
                work = self._waiting.popleft()
                room -= len(work.ids)
                self._waiting_samples -= len(work.ids)
                batch.append(work)
            return batch

    def _fill(self) -> None:
        """Wait for a full batch, at most the batch delay; the lock is held on entry and on return."""
        deadline = time.monotonic() + self._delay_s
        while 0 < self._waiting_samples < self.batch_size and not self._closed:
            left = deadline - time.monotonic()
            if left <= 0 or not self._arrived.wait(left):
                return

    def _run(self, batch: list[_Work]) -> None:
        """Infer and report; whatever goes wrong is reported too, since a worker has no caller to raise to."""
        complete = batch[0].complete
        try:
            if len(batch) == 1:
                ids, indices = batch[0].ids, batch[0].indices
            else:
                ids = np.concatenate([work.ids for work in batch])
                indices = np.concatenate([work.indices for work in batch])
            outputs = self._infer(indices)
            complete(ids, checked(outputs, len(ids)))
        except Exception as error:  # noqa: BLE001 - the user's code
            complete.fail(error)
