"""When a batch is closed, by a clock that the test moves."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from levelfield.loadgen.batch_queue import Batching, BatchQueue, close_ns

MS = 1_000_000


def complete(ids: np.ndarray, *_: object) -> None:
    """Nobody looks."""


class Clock:
    now = 0

    def __call__(self) -> int:
        return self.now


def put(queue: BatchQueue, *indices: int) -> bool:
    array = np.array(indices)
    return queue.put(array + 1000, array, complete)  # type: ignore[arg-type]


def taken(queue: BatchQueue) -> list[int]:
    batch = queue.take()
    assert batch is not None
    assert (batch.ids - 1000).tolist() == batch.indices.tolist()
    return batch.indices.tolist()


def test_without_waiting_a_free_worker_takes_what_is_there() -> None:
    queue = BatchQueue(Batching(size=4))
    for number in range(6):
        put(queue, number)
    assert [taken(queue), taken(queue)] == [[0, 1, 2, 3], [4, 5]]


def test_large_queries_are_cut_and_small_ones_put_together_in_order() -> None:
    queue = BatchQueue(Batching(size=4))
    put(queue, *range(9))
    put(queue, 9, 10)
    put(queue, 11)
    assert [taken(queue) for _ in range(3)] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]
    assert (queue.batches, queue.samples) == (3, 12)
    queue.start_counting()
    assert (queue.batches, queue.samples) == (0, 0)


@pytest.mark.parametrize(
    ("batching", "expected_ns", "closed_at"),
    [
        (Batching(size=4), 5 * MS, 100 * MS),
        (Batching(size=4, delay_ns=2 * MS), 5 * MS, 102 * MS),
        (Batching(size=4, budget_ns=15 * MS), 5 * MS, 110 * MS),
        (Batching(size=4, budget_ns=15 * MS), 0.0, 115 * MS),
        (Batching(size=4, budget_ns=15 * MS), 20 * MS, 95 * MS),
        (Batching(size=4, delay_ns=2 * MS, budget_ns=15 * MS), 5 * MS, 102 * MS),
    ],
    ids=["at once", "delay", "budget", "budget, nothing known", "budget already spent", "the earlier of both"],
)
def test_oldest_sample_says_when_a_batch_is_closed(batching: Batching, expected_ns: float, closed_at: int) -> None:
    assert close_ns(100 * MS, batching, expected_ns) == closed_at


def test_a_batch_whose_budget_is_spent_is_closed_at_once() -> None:
    clock = Clock()
    queue = BatchQueue(Batching(size=4, budget_ns=10 * MS), clock)
    queue.note(1, 4 * MS)
    put(queue, 7)
    clock.now = 6 * MS  # 4 of 10 ms are left, and that is what the batch takes
    assert taken(queue) == [7]


def test_a_fuller_batch_that_takes_longer_is_closed_earlier() -> None:
    clock = Clock()
    queue = BatchQueue(Batching(size=8, budget_ns=10 * MS), clock)
    queue.note(1, 1 * MS)
    queue.note(4, 7 * MS)
    for number in range(3):
        put(queue, number)
    clock.now = 3 * MS
    assert taken(queue) == [0, 1, 2]


def test_when_nothing_follows_nothing_waits() -> None:
    queue = BatchQueue(Batching(size=4, delay_ns=1000 * 1000 * MS), Clock())
    put(queue, 1)
    queue.nothing_follows()
    assert taken(queue) == [1]


def test_a_full_batch_does_not_wait() -> None:
    queue = BatchQueue(Batching(size=2, budget_ns=10**15), Clock())
    put(queue, 1)
    put(queue, 2)
    assert taken(queue) == [1, 2]


@pytest.fixture
def worker() -> Iterator[Callable[[BatchQueue], list[list[int]]]]:
    """Starts workers; each adds its batches to the list that is returned."""
    threads: list[threading.Thread] = []
    queues: list[BatchQueue] = []

    def start(queue: BatchQueue, workers: int = 1) -> list[list[int]]:
        found: list[list[int]] = []

        def work() -> None:
            while (batch := queue.take()) is not None:
                found.append(batch.indices.tolist())

        queues.append(queue)
        for _ in range(workers):
            threads.append(threading.Thread(target=work))
            threads[-1].start()
        return found

    yield start  # type: ignore[misc]
    for queue in queues:
        queue.close()
    for thread in threads:
        thread.join(timeout=10)
        assert not thread.is_alive()


def wait_for(found: list[list[int]], samples: int) -> None:
    bound = threading.Event()
    for _ in range(5000):
        if sum(map(len, found)) >= samples:
            return
        bound.wait(0.002)
    raise AssertionError(found)


def test_a_worker_that_waits_is_woken_by_a_full_batch(worker: Callable[..., list[list[int]]]) -> None:
    queue = BatchQueue(Batching(size=3, budget_ns=10**15), Clock())
    found = worker(queue, 2)
    for number in range(6):
        put(queue, number)
    wait_for(found, 6)
    assert sorted(map(len, found)) == [3, 3]


def test_a_worker_that_waits_is_woken_when_nothing_follows(worker: Callable[..., list[list[int]]]) -> None:
    queue = BatchQueue(Batching(size=3, budget_ns=10**15), Clock())
    found = worker(queue)
    put(queue, 1)
    queue.nothing_follows()
    wait_for(found, 1)
    put(queue, 2)  # something follows all the same: it waits again
    queue.nothing_follows()
    wait_for(found, 2)
    assert found == [[1], [2]]


def test_one_large_query_keeps_all_workers_busy(worker: Callable[..., list[list[int]]]) -> None:
    queue = BatchQueue(Batching(size=5))
    found = worker(queue, 4)
    put(queue, *range(5000))
    wait_for(found, 5000)
    assert sorted(number for batch in found for number in batch) == list(range(5000))


def test_a_queue_that_is_full_takes_no_more() -> None:
    queue = BatchQueue(Batching(size=1, most_waiting=2))
    assert [put(queue, number) for number in range(3)] == [True, True, False]
    taken(queue)
    assert put(queue, 3)


def test_a_closed_queue_drops_what_waits() -> None:
    queue = BatchQueue(Batching(size=1))
    put(queue, 1)
    queue.close()
    assert queue.take() is None
