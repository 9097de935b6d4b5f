"""What a system takes when it is never without work, measured for a moment: what expected rates are taken from."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

import numpy as np

from levelfield.errors import LevelfieldError, SystemUnderTestError
from levelfield.loadgen.function_system import FunctionSystem
from levelfield.loadgen.ports import IntArray, Payloads
from levelfield.stats.queue import sustainable_rate
from levelfield.terms import Scenario
from levelfield.units import NS_PER_S
from levelfield.workloads.task import InferenceTask

__all__ = ["Capacity", "capacity_seconds", "measure_capacity", "with_slow_moments"]

CAPACITY_S = 0.3
SERVER_CAPACITY_S = 2.5
"""In Server the worst moments count, so it is looked at for longer."""
ANSWER_BOUND_S = 60.0
SERVER_SHARE = 0.3
"""Of the capacity: a rate at which a queue rarely forms on a system that keeps its pace."""
LIMIT_SHARE = 0.7
"""Of the latency limit that a queue past the measured times may take: the run will see other moments."""
SLOW_EVERY_NS, SLOW_WORK_NS, SLOWED = 1_000_000_000, 4_000_000, 10
"""Slow moments that a shared host may have at any time, whether or not they were seen: once a second, the work of four
milliseconds takes ten times as long (docs/design/0007)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Capacity:
    """How fast a system was."""

    per_s: float
    """Samples per second, on average."""
    finished_ns: IntArray
    """(samples,) ascending: when each was complete, from the start of the measurement."""

    @property
    def best_per_s(self) -> float:
        """Samples per second in the faster half of the measurement: without most slow moments of the machine."""
        half = len(self.finished_ns) // 2
        if not half:
            return self.per_s
        least_ns = int((self.finished_ns[half:] - self.finished_ns[: len(self.finished_ns) - half]).min())
        return max(self.per_s, half * NS_PER_S / least_ns) if least_ns else self.per_s

    def server_rate(self, limit_ns: float | None, percentile: float | None) -> float:
        """Queries per second at which a first Server run is usually VALID.

        Args:
            limit_ns: The latency limit, if the rules have one.
            percentile: The share of queries that has to keep it, as a fraction.
        """
        most = SERVER_SHARE * self.per_s
        if limit_ns is None or percentile is None:
            return most
        strict = 1 - (1 - percentile) / 2  # early stopping asks for more than the share itself
        slowed = with_slow_moments(self.finished_ns)
        return sustainable_rate(slowed, limit_ns=LIMIT_SHARE * limit_ns, percentile=strict, most_per_s=most)


def with_slow_moments(finished_ns: IntArray) -> IntArray:
    """The times of completions, with a slow moment at the start of each second."""
    turn, within = np.divmod(finished_ns, SLOW_EVERY_NS)
    slowed = np.minimum(within, SLOW_WORK_NS)
    times: IntArray = turn * (SLOW_EVERY_NS + (SLOWED - 1) * SLOW_WORK_NS) + within + (SLOWED - 1) * slowed
    return times


def capacity_seconds(scenario: Scenario) -> float:
    """How long the capacity is measured for a scenario."""
    return SERVER_CAPACITY_S if scenario is Scenario.SERVER else CAPACITY_S


def measure_capacity(
    system: FunctionSystem, task: InferenceTask, *, seconds: float = CAPACITY_S, stall_s: float | None = None
) -> Capacity:
    """Keep a system busy for a moment.

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
        return _keep_busy(system, loaded, seconds, ANSWER_BOUND_S if stall_s is None else stall_s)
    finally:
        dataset.unload(loaded)


def _keep_busy(system: FunctionSystem, loaded: IntArray, seconds: float, bound_s: float) -> Capacity:
    """Issue the loaded samples again and again."""
    # Samples may differ in length, and neighbours be alike: in any order.
    mixed = np.random.default_rng(len(loaded)).permutation(loaded)
    size = min(system.batch_size * max(system.workers, 1), len(mixed))
    issued = 0
    completions = _Completions()
    began_ns = time.perf_counter_ns()
    until_ns = began_ns + round(seconds * NS_PER_S)
    while time.perf_counter_ns() < until_ns and completions.failure is None:
        piece = mixed.take(range(issued, issued + size), mode="wrap")
        system.issue(piece, piece, completions)
        issued += size
        # Two pieces ahead, so that no worker waits for the next one.
        completions.wait_for(issued - 2 * size, bound_s=bound_s)
    completions.wait_for(issued, bound_s=bound_s)
    took_s = (time.perf_counter_ns() - began_ns) / NS_PER_S
    return Capacity(per_s=issued / took_s, finished_ns=completions.finished_ns() - began_ns)


class _Completions:
    """Notes when samples were complete; stands where a recorder would be."""

    def __init__(self) -> None:
        self.completed = 0
        self._noted: list[tuple[int, int]] = []
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
            self._noted.append((time.perf_counter_ns(), len(ids)))
            self.completed += len(ids)

    def finished_ns(self) -> IntArray:
        """(samples,) when each was complete, by the clock."""
        at_ns, counts = np.array(self._noted, dtype=np.int64).reshape(-1, 2).T
        return np.repeat(at_ns, counts)

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
