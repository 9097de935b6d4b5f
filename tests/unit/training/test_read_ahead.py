"""Samples that other processes read: their order, how far ahead, errors, and epochs that follow each other."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from levelfield.errors import DatasetError, TrainingError  # noqa: E402
from levelfield.training.read_ahead import EpochReader, read_ahead  # noqa: E402
from levelfield.training.readers import default_readers  # noqa: E402


@pytest.mark.parametrize("readers", [0, 1, 3])
def test_samples_come_in_the_order_of_the_jobs(readers: int) -> None:
    assert list(read_ahead(lambda job: job * job, range(20), readers=readers)) == [n * n for n in range(20)]
    assert list(read_ahead(str, [], readers=readers)) == []


def test_samples_arrive_as_they_are() -> None:
    """Arrays are not made into tensors, nor numbers."""
    sample = (np.arange(3), torch.arange(4), ["text", 5], None)
    (found,) = read_ahead(lambda _: sample, [0], readers=1)
    assert isinstance(found[0], np.ndarray)
    assert found[0].tolist() == [0, 1, 2]
    assert torch.equal(found[1], sample[1])
    assert found[2:] == sample[2:]


def test_readers_are_processes_and_are_gone_afterwards() -> None:
    samples = read_ahead(lambda _: os.getpid(), range(100), readers=2)
    found = {next(samples) for _ in range(4)}
    assert len(found) == 2
    assert os.getpid() not in found
    samples.close()
    for process in found:
        assert not Path(f"/proc/{process}/cmdline").exists() or not Path(f"/proc/{process}/cmdline").read_bytes()


def test_no_more_than_two_for_each_reader_are_read_ahead(tmp_path: Path) -> None:
    def read(job: int) -> int:
        (tmp_path / str(job)).touch()
        return job

    samples = read_ahead(read, range(100), readers=2)
    assert [next(samples), next(samples)] == [0, 1]
    samples.close()
    assert len(list(tmp_path.iterdir())) <= 6


def test_jobs_without_end() -> None:
    def numbers():
        number = 0
        while True:
            yield number
            number += 1

    samples = read_ahead(lambda job: -job, numbers(), readers=2)
    assert [next(samples) for _ in range(30)] == [-n for n in range(30)]
    samples.close()


@pytest.mark.parametrize("readers", [0, 2])
def test_error_of_a_reader_reaches_the_caller_in_its_place(readers: int) -> None:
    def read(job: int) -> int:
        if job == 3:
            raise DatasetError("x.jpg cannot be read.", problems=["found 3 bytes"], hint="Unpack it again.")
        return job

    samples = read_ahead(read, range(10), readers=readers)
    assert [next(samples) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(DatasetError) as caught:
        next(samples)
    assert str(caught.value) == "x.jpg cannot be read.\n  - found 3 bytes\n  Unpack it again."


@pytest.mark.parametrize("readers", [0, 2])
def test_error_among_the_jobs_waits_for_its_turn(readers: int) -> None:
    def jobs():
        yield from range(3)
        raise DatasetError("part-00003 is cut off.")

    samples = read_ahead(abs, jobs(), readers=readers)
    assert [next(samples) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(DatasetError, match="part-00003 is cut off"):
        next(samples)


def test_a_mistake_in_a_reader_is_shown_with_its_place() -> None:
    with pytest.raises(ZeroDivisionError, match=r"test_read_ahead\.py"):
        list(read_ahead(lambda job: 1 // job, range(3), readers=1))


def test_a_reader_that_dies_is_told() -> None:
    def read(job: int) -> int:
        if job == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        return job

    with pytest.raises(TrainingError, match="A process that reads data died") as caught:
        list(read_ahead(read, range(10), readers=1))
    assert "/dev/shm" in (caught.value.hint or "")


def test_signals_of_children_are_left_alone() -> None:
    before = signal.getsignal(signal.SIGCHLD)
    assert list(read_ahead(abs, range(5), readers=2)) == [0, 1, 2, 3, 4]
    assert signal.getsignal(signal.SIGCHLD) is before


def test_nothing_is_drawn_from_the_generator_of_the_network() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    assert list(read_ahead(abs, [-1], readers=1)) == [1]
    assert torch.equal(torch.rand(3), expected)


class Holder:
    """Has three samples an epoch, of five jobs."""

    def __init__(self, readers: int) -> None:
        self.asked: list[int] = []
        self.reader = EpochReader(self.read, self.jobs, steps=3, readers=readers, device="cpu")

    def read(self, epoch: int, job: int) -> tuple[int, int]:
        return epoch, job

    def jobs(self, epoch: int) -> list[int]:
        self.asked.append(epoch)
        return [10 * epoch + place for place in range(5)]


@pytest.mark.parametrize("readers", [0, 2])
def test_epochs_follow_each_other(readers: int) -> None:
    holder = Holder(readers)
    reader = holder.reader
    found = []
    for epoch in (1, 2):
        reader.begin(epoch)
        found += [next(reader) for _ in range(3)]
        assert (reader.epoch, reader.done) == (epoch, 3)
    assert found == [(1, 10), (1, 11), (1, 12), (2, 20), (2, 21), (2, 22)]


@pytest.mark.parametrize("readers", [0, 2])
def test_going_on_within_an_epoch_and_leaving_one(readers: int) -> None:
    holder = Holder(readers)
    reader = holder.reader
    reader.begin(4, done=2)
    assert next(reader) == (4, 42)
    reader.begin(5)
    assert next(reader) == (5, 50)
    reader.begin(5)  # again from its start
    assert next(reader) == (5, 50)
    reader.begin(9, done=1)
    assert next(reader) == (9, 91)


def test_the_order_of_an_epoch_is_made_once() -> None:
    holder = Holder(0)
    for epoch in (1, 2, 3):
        holder.reader.begin(epoch)
        for _ in range(3):
            next(holder.reader)
    assert holder.asked == [1, 2, 3]


def test_processes_end_with_the_last_who_needs_them() -> None:
    """Without the collector of garbage, which would have them waited for."""
    gc.collect()
    gc.disable()
    try:
        holder = Holder(2)
        holder.reader.begin(1)
        next(holder.reader)
        assert len(multiprocessing.active_children()) == 2
        del holder
        assert multiprocessing.active_children() == []
    finally:
        gc.enable()


@pytest.mark.parametrize(("local", "cores", "expected"), [("1", 8, 8), ("2", 8, 4), ("16", 8, 1), ("1", 64, 16)])
def test_readers_share_the_cores_of_a_host(
    monkeypatch: pytest.MonkeyPatch, local: str, cores: int, expected: int
) -> None:
    monkeypatch.setenv("LOCAL_WORLD_SIZE", local)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)), raising=False)
    assert default_readers() == expected
