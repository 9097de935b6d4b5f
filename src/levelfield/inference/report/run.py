"""What the report is made from: a result, and the raw values behind it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from levelfield.inference.result import InferenceResult
from levelfield.loadgen.measurement import Measurement
from levelfield.loadgen.ports import IntArray

__all__ = ["ReportedRun", "completed_queries", "completion_times_ns"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedRun:
    """One run: what ``result.json`` says, and the record of its performance phase that the plots are drawn from.

    Arrays are nanoseconds relative to the start of the phase, as in
    :class:`~levelfield.loadgen.measurement.Measurement`.
    """

    result: InferenceResult
    scheduled_ns: IntArray
    """(queries,) when each query was due."""
    issue_delay_ns: IntArray
    """(queries,) how late the load generator was with it, of its own."""
    latency_ns: IntArray
    """(samples,) completion minus due time; -1 where a sample never completed."""
    samples_per_query: int = 1

    @classmethod
    def of(cls, result: InferenceResult, measurement: Measurement) -> ReportedRun:
        """The run of a measurement."""
        return cls(
            result=result,
            scheduled_ns=measurement.scheduled_ns,
            issue_delay_ns=measurement.lateness_ns,
            latency_ns=measurement.latency_ns,
            samples_per_query=measurement.samples_per_query,
        )


def completed_queries(run: ReportedRun) -> tuple[IntArray, IntArray]:
    """When each query that completed was due, and its latency: that of its last sample. Both are (queries,) int64."""
    latencies = run.latency_ns
    if run.samples_per_query > 1 and len(latencies):
        starts = np.arange(0, len(latencies), run.samples_per_query)
        slowest = np.maximum.reduceat(latencies, starts)
        latencies = np.where(np.minimum.reduceat(latencies, starts) < 0, np.int64(-1), slowest)
    done = latencies >= 0
    return run.scheduled_ns[: len(latencies)][done].astype(np.int64), latencies[done].astype(np.int64)


def completion_times_ns(run: ReportedRun) -> IntArray:
    """(completed samples,) when each sample completed, in order of issue."""
    done = run.latency_ns >= 0
    due = np.repeat(run.scheduled_ns, run.samples_per_query)[: len(run.latency_ns)]
    # A record holds narrow integers; their sum may not fit.
    return due[done].astype(np.int64) + run.latency_ns[done]
