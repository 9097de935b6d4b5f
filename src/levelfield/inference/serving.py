"""How a task is served to the load generator: threads, workers and batches, by scenario."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass

import numpy as np

from levelfield.errors import LevelfieldError, SystemUnderTestError
from levelfield.loadgen.function_system import FunctionSystem
from levelfield.loadgen.ports import Completions, IntArray, Payloads
from levelfield.terms import Scenario
from levelfield.workloads.task import InferenceTask, OfManyLengths

__all__ = ["Serving", "capacity_per_s", "default_serving", "serve"]

CAPACITY_S = 0.3
"""How long the capacity is measured."""
ANSWER_BOUND_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """Threads, workers and batches of a system under test."""

    threads: int
    """Of the runtime, in each call."""
    workers: int
    """Threads that call the runtime; 0 = the issuing thread."""
    batch_size: int
    batch_delay_ns: int = 0
    latency_budget_ns: int = 0
    """From the arrival of a sample to its answer: how long a batch may wait to become fuller; 0 = it does not."""

    @property
    def instances(self) -> int:
        """Calls of the runtime at the same time."""
        return max(self.workers, 1)

    def describe(self) -> dict[str, str]:
        """For the result."""
        return {
            "workers": str(self.workers) if self.workers else "0 (the issuing thread)",
            "batch_size": str(self.batch_size),
            "batch_delay_ns": str(self.batch_delay_ns),
            "latency_budget_ns": str(self.latency_budget_ns),
        }


def default_serving(scenario: Scenario, *, offline_batch: int, samples_per_query: int = 8) -> Serving:
    """What suits a scenario on this machine, when the user says nothing.

    Latency scenarios run in the issuing thread, where nothing arrives meanwhile; Server leaves a core to the load
    generator; Offline uses every core.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    match scenario:
        case Scenario.SINGLE_STREAM:
            return Serving(threads=1, workers=0, batch_size=1)
        case Scenario.MULTI_STREAM:
            return Serving(threads=1, workers=0, batch_size=samples_per_query)
        case Scenario.SERVER:
            return Serving(threads=1, workers=max(1, cores - 1), batch_size=1)
        case Scenario.OFFLINE:
            return Serving(threads=1, workers=cores, batch_size=offline_batch)


def serve(task: InferenceTask, serving: Serving, *, name: str) -> FunctionSystem:
    """The task as a system under test."""
    size = serving.batch_size if task.max_batch is None else min(serving.batch_size, task.max_batch)
    return FunctionSystem(
        task.infer,
        name=name,
        workers=serving.workers,
        batch_size=size,
        batch_delay_ns=serving.batch_delay_ns,
        latency_budget_ns=serving.latency_budget_ns,
        lengths=task.lengths if isinstance(task, OfManyLengths) else None,
    )


class _Counter:
    """Counts completions; stands where a recorder would be."""

    def __init__(self) -> None:
        self.completed = 0
        self._lock = threading.Lock()
        self.failure: BaseException | None = None
        self.wants_payloads = False

    def __call__(
        self,
        ids: IntArray,
        payloads: Payloads | None = None,  # noqa: ARG002 - the port's signature
        token_counts: IntArray | None = None,  # noqa: ARG002
    ) -> None:
        with self._lock:  # += alone loses counts of other workers
            self.completed += len(ids)

    def wait_for(self, count: int, *, bound_s: float) -> None:
        """Wait until so many samples are complete.

        Raises:
            SystemUnderTestError: The system raised, or does not answer.
        """
        deadline = time.monotonic() + bound_s
        while self.completed < count and self.failure is None:
            if time.monotonic() > deadline:
                raise SystemUnderTestError(
                    f"The system under test did not answer: {count - self.completed} samples outstanding for "
                    f"{bound_s:g} s, before anything was measured.",
                    hint="If one sample takes longer than that: --stall with more seconds.",
                )
            time.sleep(0.0002)
        if isinstance(self.failure, LevelfieldError):
            raise self.failure
        if self.failure is not None:
            raise SystemUnderTestError.of(self.failure)

    def first_token(self, ids: IntArray, payloads: Payloads | None = None) -> None:
        """Not counted."""

    def fail(self, error: BaseException) -> None:
        self.failure = error


def capacity_per_s(
    system: FunctionSystem, task: InferenceTask, *, seconds: float = CAPACITY_S, stall_s: float | None = None
) -> float:
    """Samples per second that the system takes when it is never without work, measured for a moment.

    Only a starting point for the expected rate: what is published is measured in the run itself.

    Args:
        system: What runs the samples.
        task: Whose dataset they are from.
        seconds: How long.
        stall_s: How long to wait for an answer; a scan of gigabytes takes minutes without an accelerator.

    Raises:
        SystemUnderTestError: The system raised, or did not answer.
    """
    dataset = task.dataset
    loaded = np.arange(min(dataset.performance_sample_count, dataset.total_sample_count), dtype=np.int64)
    dataset.load(loaded)
    try:
        try:
            system.warm_up(loaded)
        except LevelfieldError:
            raise
        except Exception as error:
            raise SystemUnderTestError.of(error) from error
        counter: _Counter = _Counter()
        complete: Completions = counter
        at_once = max(system.workers, 1)
        bound_s = ANSWER_BOUND_S if stall_s is None else stall_s
        # Samples may differ in length, and neighbours be alike: in any order, again and again.
        mixed = np.random.default_rng(len(loaded)).permutation(loaded)
        size = min(system.batch_size * at_once, len(mixed))
        issued = 0
        began = time.perf_counter()
        while time.perf_counter() - began < seconds and counter.failure is None:
            piece = mixed.take(range(issued, issued + size), mode="wrap")
            system.issue(piece, piece, complete)
            issued += size
            # Two pieces ahead, so that no worker waits for the next one.
            counter.wait_for(issued - 2 * size, bound_s=bound_s)
        counter.wait_for(issued, bound_s=bound_s)
        return issued / (time.perf_counter() - began)
    finally:
        dataset.unload(loaded)
