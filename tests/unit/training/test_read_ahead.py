"""Samples that threads read: their order, how far ahead, and errors."""

from __future__ import annotations

import threading

import pytest

from levelfield.training.read_ahead import read_ahead


@pytest.mark.parametrize("threads", [0, 1, 4])
def test_samples_come_in_the_order_of_the_jobs(threads: int) -> None:
    assert list(read_ahead(lambda job: job * job, range(50), threads=threads, ahead=7)) == [n * n for n in range(50)]
    assert list(read_ahead(str, [], threads=threads, ahead=7)) == []


def test_no_more_than_asked_for_are_read_ahead() -> None:
    read: list[int] = []
    samples = read_ahead(lambda job: read.append(job) or job, range(100), threads=2, ahead=5)
    assert next(samples) == 0
    assert next(samples) == 1
    samples.close()  # waits for what was begun
    assert len(read) <= 7


def test_error_of_a_reader_reaches_the_caller_in_its_place() -> None:
    def read(job: int) -> int:
        if job == 3:
            raise OSError("gone")
        return job

    before = set(threading.enumerate())
    samples = read_ahead(read, range(10), threads=2, ahead=4)
    assert [next(samples) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(OSError, match="gone"):
        next(samples)
    assert set(threading.enumerate()) <= before
