"""Samples that are run one by one, from many queries to many workers."""

from __future__ import annotations

import threading

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from levelfield.loadgen.sample_queue import SampleQueue


def complete(*_: object) -> None:
    """Nobody looks."""


def put(queue: SampleQueue, *indices: int) -> bool:
    array = np.array(indices)
    return queue.put(array + 1000, array, complete)  # type: ignore[arg-type]


def taken(queue: SampleQueue) -> int:
    batch = queue.take()
    assert batch is not None
    assert batch.ids.tolist() == [batch.indices.item() + 1000]
    return batch.indices.item()


@given(queries=st.lists(st.integers(1, 9), min_size=1, max_size=20), takes=st.lists(st.booleans(), max_size=60))
def test_each_sample_comes_out_once_and_in_order(queries: list[int], takes: list[bool]) -> None:
    queue = SampleQueue(most_waiting=1000)
    went_in: list[int] = []
    came_out: list[int] = []
    pending = iter(takes)
    for count in queries:
        indices = range(len(went_in), len(went_in) + count)
        assert put(queue, *indices)
        went_in += indices
        while next(pending, False) and len(came_out) < len(went_in):
            came_out.append(taken(queue))
    while len(came_out) < len(went_in):
        came_out.append(taken(queue))
    assert came_out == went_in


def test_workers_share_one_large_query_and_end_when_it_is_closed() -> None:
    queue = SampleQueue(most_waiting=10_000)
    found: list[int] = []
    all_taken = threading.Event()

    def work() -> None:
        while (batch := queue.take()) is not None:
            found.append(batch.indices.item())
            if len(found) == 5000:
                all_taken.set()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    put(queue, *range(5000))
    assert all_taken.wait(10)
    queue.close()
    for worker in workers:
        worker.join(timeout=10)
        assert not worker.is_alive()
    assert sorted(found) == list(range(5000))


def test_a_queue_that_is_full_takes_no_more() -> None:
    queue = SampleQueue(most_waiting=2)
    assert [put(queue, number) for number in range(3)] == [True, True, False]
    taken(queue)
    assert put(queue, 3)


def test_a_closed_queue_drops_what_waits() -> None:
    queue = SampleQueue(most_waiting=2)
    put(queue, 1)
    queue.close()
    assert queue.take() is None
    assert queue.take() is None  # a second worker ends too


def test_the_mean_batch_is_one_once_something_came() -> None:
    queue = SampleQueue(most_waiting=2)
    assert queue.mean_batch is None
    put(queue, 1)
    assert queue.mean_batch == 1
    queue.start_counting()
    assert queue.mean_batch is None
