"""How a task is served to the load generator: threads, workers and batches, by scenario."""

from __future__ import annotations

import os
from dataclasses import dataclass

from levelfield.loadgen.function_system import FunctionSystem
from levelfield.terms import Scenario
from levelfield.workloads.task import InferenceTask, OfManyLengths

__all__ = ["Serving", "default_serving", "serve"]


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
