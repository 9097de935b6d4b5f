"""The immutable record of one phase of a run: raw values only. Statistics and verdicts are computed from it.

Arrays are relative to the start of the phase, in nanoseconds of a monotonic clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import numpy as np

from levelfield.loadgen.ports import IntArray
from levelfield.loadgen.settings import EffectiveSettings
from levelfield.terms import Mode

__all__ = ["Event", "Issuing", "Measurement", "Severity"]


class Severity(StrEnum):
    """How much an event weighs. Any error makes a run unusable."""

    MESSAGE = "message"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened in a run and goes into its detail log."""

    key: str
    """LoadGen's key: ``generic_message``, ``error_runtime``, ``warning_generic_message`` …"""
    text: str
    severity: Severity = Severity.MESSAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuing:
    """From where queries were issued, and why from there."""

    mode: str
    """``inline``: the calling thread; ``process``: a process of its own."""
    reason: str
    switch_interval_s: float
    """The interpreter's thread switch interval during the run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """Raw values of one phase."""

    effective: EffectiveSettings
    phase: Mode
    """ACCURACY or PERFORMANCE."""
    loaded_set: IntArray
    """(samples of the set,) dataset indices, with MultiStream padding."""
    generated_query_count: int
    generated_samples_per_query: int
    generated_query_duration_ns: int
    scheduled_ns: IntArray
    """(queries,) when each query was due; where a query is due on completion of another: when it was issued."""
    issue_delay_ns: IntArray
    """(queries,) how much later than due it was issued; part of the latency."""
    latency_ns: IntArray
    """(samples,) completion minus due time; -1 where a sample never completed."""
    sample_indices: IntArray
    """(samples,) dataset index of each sample, in order of issue."""
    samples_per_query: int
    """Samples in each query; the last query of an accuracy phase may be shorter."""
    first_token_ns: IntArray | None
    """(samples,) first token minus due time; ``None`` where tokens are not measured."""
    token_counts: IntArray | None
    """(samples,) tokens of each output; ``None`` where tokens are not measured."""
    pickup_delay_ns: IntArray | None
    """(queries,) process issuing only: from issue until the system's process took the query."""
    wall_begin: datetime
    """UTC, for power meters."""
    events: tuple[Event, ...]
    issuing: Issuing
    own_delay_ns: IntArray | None = None
    """(queries,) how much of the issue delay is the load generator's own: later than a perfect one would have issued
    that had to wait for the system's ``issue`` to return just as long. ``None`` = all of it."""
    ended_early: str | None = None
    """Why the phase ended before its natural end; ``None`` if it did not."""

    @property
    def lateness_ns(self) -> IntArray:
        """(queries,) the load generator's own lateness."""
        return self.issue_delay_ns if self.own_delay_ns is None else self.own_delay_ns

    @property
    def query_count(self) -> int:
        """Queries issued."""
        return len(self.scheduled_ns)

    @property
    def sample_count(self) -> int:
        """Samples issued."""
        return len(self.latency_ns)

    @property
    def incomplete_count(self) -> int:
        """Samples that never completed."""
        return int(np.count_nonzero(self.latency_ns < 0))

    @property
    def query_of_sample(self) -> IntArray:
        """(samples,) the query that each sample belongs to."""
        return np.arange(self.sample_count, dtype=np.int64) // max(self.samples_per_query, 1)

    @property
    def query_latency_ns(self) -> IntArray:
        """(queries,) latency of the last sample of each query; -1 if one of them never completed."""
        if self.samples_per_query == 1:
            return self.latency_ns
        starts = np.arange(0, self.sample_count, self.samples_per_query)
        if not len(starts):
            return self.latency_ns
        slowest: IntArray = np.maximum.reduceat(self.latency_ns, starts)
        fastest: IntArray = np.minimum.reduceat(self.latency_ns, starts)
        return np.where(fastest < 0, np.int64(-1), slowest)

    @property
    def errors(self) -> tuple[Event, ...]:
        """The events that are errors."""
        return tuple(event for event in self.events if event.severity is Severity.ERROR)
