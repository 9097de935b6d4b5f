"""Batches read and augmented by other processes while the device computes, in a fixed order.

Processes, because most of what makes a batch holds the interpreter's lock: sixteen threads decoded photographs for a
quarter of the time of one GPU. They are those of torch's own loader, forked, so that nothing has to be pickled but what
they send back; tensors go through shared memory.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count, islice
from typing import Any, Generic, TypeVar
from weakref import WeakMethod

import torch

from levelfield.errors import LevelfieldError, TrainingError

__all__ = ["EpochReader", "read_ahead"]

Job = TypeVar("Job")
Sample = TypeVar("Sample")
Result = TypeVar("Result")

_EACH_AHEAD = 2
"""Samples that a reader may have ready or at work: bounds the memory."""


def read_ahead(
    read: Callable[[Job], Sample], jobs: Iterable[Job], *, readers: int, device: str = "cpu"
) -> Iterator[Sample]:
    """What ``read`` makes of each job, in their order.

    Args:
        read: Is called in processes of their own, which know what this one knew when the first sample was asked for.
            What is random in a sample must follow from its job alone.
        jobs: What to read; may be without end.
        readers: How many processes; with 0, each is read when it is asked for, in this one.
        device: Where samples will go: for a GPU their tensors are put where it can fetch them from.

    Raises:
        LevelfieldError: What ``read`` or ``jobs`` raised, when its sample is asked for.
        TrainingError: A reader died.
    """
    if not readers:
        yield from map(read, jobs)
        return
    samples = _samples(read, jobs, readers, on_cuda=torch.device(device).type == "cuda")
    try:
        for sample in samples:
            if isinstance(sample, _Failed):
                raise sample.error()
            yield sample
    except RuntimeError as error:
        if not str(error).startswith("DataLoader worker"):
            raise
        raise TrainingError(
            f"A process that reads data died: {str(error).splitlines()[0]}",
            hint="Look for a lack of memory, or of shared memory (/dev/shm), which containers often have little of.",
        ) from error
    finally:
        del samples  # ends the processes now; an error on its way would keep them through its traceback


def _samples(read: Callable[[Any], Any], jobs: Iterable[Any], readers: int, *, on_cuda: bool) -> Iterator[Any]:
    """Start the readers.

    From a thread of its own, because from the main one torch would also handle the signal of a child that ends: for the
    whole process and for good, and deadly where a library gave signals a stack that is too small for the registers of
    newer processors. Without it a dead reader is found by looking, some seconds later.
    """
    with warnings.catch_warnings(), ThreadPoolExecutor(1) as starter:
        # That a process with threads is forked, and that there are more readers than cores: both are meant.
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.filterwarnings("ignore", message="This DataLoader will create")
        loader = torch.utils.data.DataLoader(
            _Reading(read),
            sampler=_until_failure(jobs),
            batch_size=None,
            collate_fn=_as_it_is,
            num_workers=readers,
            prefetch_factor=_EACH_AHEAD,
            multiprocessing_context="fork",
            worker_init_fn=_work_alone,
            pin_memory=on_cuda,
            generator=torch.Generator(),  # else it would draw from the one that dropout draws from
        )
        return starter.submit(iter, loader).result()


class EpochReader(Generic[Job, Sample]):
    """The samples of one epoch after the other; the first ones of the next are read while an epoch ends.

    Whoever asks for samples holds the reader and is held by it weakly only: both go at once when they are no longer
    needed, and the processes end in order. In a circle they would be left to the collector of garbage, which takes
    the queues between processes apart first, and then waits seconds for each of these.

    Args:
        read: Makes a sample of epoch and job, as :func:`read_ahead` asks for; a method of the holder.
        jobs: The jobs of an epoch, in their order; a method of the holder, and no generator, which would hold it.
        steps: How many of them an epoch takes.
        readers: As :func:`read_ahead`.
        device: As :func:`read_ahead`.
    """

    def __init__(
        self,
        read: Callable[[int, Job], Sample],
        jobs: Callable[[int], Iterable[Job]],
        *,
        steps: int,
        readers: int,
        device: str,
    ) -> None:
        self._read, self._jobs, self._steps = _weakly(read), _weakly(jobs), steps
        self.readers, self._device = readers, device
        self._samples: Iterator[Sample] = iter(())
        self._at: tuple[int, int] | None = None
        self.epoch = 0
        """The present one; 0 before the first."""
        self.done = 0
        """Samples of it that were taken."""

    def begin(self, epoch: int, *, done: int = 0) -> None:
        """Take the samples of an epoch from now on, without its first ``done``."""
        if self._at != (epoch, done):  # else the stream is there already
            jobs = _of_epochs(self._jobs, epoch, done, self._steps)
            self._samples = read_ahead(_of_pair(self._read), jobs, readers=self.readers, device=self._device)
        self.epoch, self.done, self._at = epoch, done, (epoch, done)

    def __next__(self) -> Sample:
        """The next sample."""
        self._at = None  # after an error there is no stream to go on with
        sample = next(self._samples)
        self.done += 1
        self._at = (self.epoch, self.done) if self.done < self._steps else (self.epoch + 1, 0)
        return sample


def _weakly(method: Callable[..., Result]) -> Callable[..., Result]:
    """A method that does not keep its object alive."""
    held = WeakMethod(method)

    def call(*arguments: Any) -> Result:
        found = held()
        assert found is not None, "its object is gone"
        return found(*arguments)

    return call


def _of_pair(read: Callable[[int, Job], Sample]) -> Callable[[tuple[int, Job]], Sample]:
    return lambda job: read(*job)


def _of_epochs(jobs: Callable[[int], Iterable[Job]], first: int, done: int, steps: int) -> Iterator[tuple[int, Job]]:
    """The jobs of all epochs from one on, without its first ``done``, each with its epoch."""
    for epoch in count(first):
        for job in islice(jobs(epoch), done if epoch == first else 0, steps):
            yield epoch, job


@dataclass(frozen=True, slots=True)
class _Failed:
    """An error of a reader in a form that can be sent: whatever its class asks for when it is made."""

    kind: type[LevelfieldError]
    said: str
    attributes: dict[str, Any]

    @classmethod
    def of(cls, error: LevelfieldError) -> _Failed:
        """What must be sent of it."""
        return cls(type(error), str(error), dict(vars(error)))

    def error(self) -> LevelfieldError:
        """As it was raised."""
        found = self.kind.__new__(self.kind, self.said)
        vars(found).update(self.attributes)
        return found


class _Reading(torch.utils.data.Dataset[Any]):
    """What a reader does; torch asks for its samples by an index, which here is the job."""

    def __init__(self, read: Callable[[Any], Any]) -> None:
        self._read = read

    def __getitem__(self, job: Any) -> Any:
        try:
            return job if isinstance(job, _Failed) else self._read(job)
        except LevelfieldError as error:
            return _Failed.of(error)


def _until_failure(jobs: Iterable[Any]) -> Iterator[Any]:
    """Jobs are asked for ahead; an error among them waits for its turn."""
    try:
        yield from jobs
    except LevelfieldError as error:
        yield _Failed.of(error)


def _as_it_is(sample: Any) -> Any:
    return sample


def _work_alone(_number: int) -> None:
    """One core for each reader; torch sees to its own threads."""
    opencv = sys.modules.get("cv2")
    if opencv is not None:
        opencv.setNumThreads(0)
