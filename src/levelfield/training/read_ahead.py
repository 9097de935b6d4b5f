"""Samples read and augmented by threads while the device computes, in a fixed order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

__all__ = ["read_ahead"]

Job = TypeVar("Job")
Sample = TypeVar("Sample")


def read_ahead(read: Callable[[Job], Sample], jobs: Iterable[Job], *, threads: int, ahead: int) -> Iterator[Sample]:
    """What ``read`` makes of each job, in their order; up to ``ahead`` of them are read before they are asked for.

    Threads, because numpy lets others run while it works on large arrays, and no process has to be started anew in
    every epoch. What is random in a sample must follow from its job alone.

    Args:
        read: Is called by several threads at a time.
        jobs: What to read.
        threads: 0 to read when asked, in the caller's own thread.
        ahead: Bounds the memory.
    """
    if not threads:
        yield from map(read, jobs)
        return
    left = iter(jobs)
    with ThreadPoolExecutor(threads, thread_name_prefix="levelfield-read") as pool:
        waiting: deque[Future[Sample]] = deque(pool.submit(read, job) for job in islice(left, max(1, ahead)))
        try:
            while waiting:
                sample = waiting.popleft().result()
                waiting.extend(pool.submit(read, job) for job in islice(left, 1))
                yield sample
        finally:  # an error, or a caller that stops in the middle of an epoch
            for future in waiting:
                future.cancel()
