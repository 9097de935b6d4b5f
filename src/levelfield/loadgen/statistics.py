"""Statistics of one phase, computed from its raw record alone, with the arithmetic of LoadGen.

Source: mlcommons/inference, ``PerformanceSummary`` and ``IssueQueries`` in ``loadgen/loadgen.cc`` at v2.0, and
``loadgen/results.cc`` at b66003e1. "Final query" is the last one issued, not the last to complete.

Where the reference divides by zero and prints ``-nan`` or ``inf``, a rate here is ``None``. What never completed
counts as taking :data:`~levelfield.stats.percentile.NEVER_NS`, where the reference would wait for ever: so
percentiles, maximum and mean can only get worse by it, and a rate over an endless time is 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from levelfield.loadgen.measurement import Measurement
from levelfield.loadgen.ports import IntArray
from levelfield.loadgen.settings import EffectiveSettings
from levelfield.stats.early_stopping import estimate_index
from levelfield.stats.percentile import NEVER_NS, PERCENTILES, SortedLatencies, sort_latencies
from levelfield.terms import Scenario
from levelfield.units import NS_PER_S

__all__ = [
    "MULTI_STREAM_PERCENTILE",
    "Latencies",
    "LatenessStatistics",
    "Statistics",
    "TokenStatistics",
    "last_completion_ns",
    "summarise",
]

PIECE = 1 << 16
"""Queries looked at in one go where wider copies are needed."""
MULTI_STREAM_PERCENTILE = 0.99
"""SingleStream also estimates this percentile, from which MultiStream results may be inferred; fixed in LoadGen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Latencies:
    """A distribution of latencies, integer nanoseconds, without interpolation. All 0 where there are none."""

    count: int
    never_count: int
    """How many never completed; they count as the slowest."""
    min_ns: int
    mean_ns: int
    """Rounded down."""
    max_ns: int
    percentiles_ns: tuple[int, ...]
    """At 50, 90, 95, 97, 99 and 99.9 %."""
    target_ns: int
    """At the scenario's target percentile."""
    over_limit_count: int
    """How many are above the scenario's limit; 0 where it has none."""
    estimate_ns: int | None = None
    """Early-stopping estimate of the target percentile; ``None`` with too few queries, or where it is not made."""
    estimate_99_ns: int | None = None
    """Early-stopping estimate of the 99th percentile (SingleStream)."""

    def at(self, fraction: float) -> int:
        """One of the six percentiles."""
        return self.percentiles_ns[PERCENTILES.index(fraction)]


@dataclass(frozen=True, slots=True, kw_only=True)
class LatenessStatistics:
    """How late the load generator issued: part of every measured latency in Server."""

    p50_ns: int
    p99_ns: int
    p999_ns: int
    max_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenStatistics:
    """Token counts and latencies (profile v6)."""

    token_count: int
    first_token: Latencies | None
    """Time to first token; ``None`` in Offline, where it is not measured."""
    per_output_token: Latencies | None
    """Time per output token: (latency - time to first token) / (tokens - 1)."""
    per_s_with_overhead: float | None
    """Tokens over the time of the last issue."""
    per_s_without_overhead: float | None
    """Tokens over the sum of the latencies."""
    completed_per_s: float | None
    """Tokens over the completion time of the final query; in Offline over the greatest latency."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """Statistics of one phase."""

    scenario: Scenario
    query_count: int
    sample_count: int
    incomplete_count: int
    samples: Latencies
    """Per sample."""
    queries: Latencies | None
    """Per query, by its last sample (MultiStream)."""
    lateness: LatenessStatistics
    final_scheduled_ns: int
    """When the final query was due, since the start."""
    final_issue_ns: int
    """When the final query was issued."""
    final_completion_ns: int | None
    """When the final query was complete; ``None`` if it never was."""
    active_ns: int
    """From the start until the last completion of any sample."""
    qps_with_overhead: float | None
    """SingleStream: (n - 1) / time of the last issue."""
    qps_without_overhead: float | None
    """SingleStream: 1 / mean latency."""
    scheduled_samples_per_s: float | None
    """Server: (n - 1) / time the final query was due."""
    completed_samples_per_s: float | None
    """Server: (n - 1) / time the final query was complete."""
    offline_samples_per_s: float | None
    """Offline: n / greatest latency."""
    tokens: TokenStatistics | None

    @property
    def headline(self) -> Latencies:
        """The latencies that the scenario is judged by: per query in MultiStream, else per sample."""
        return self.queries or self.samples

    @property
    def samples_per_s(self) -> float | None:
        """Completed samples over the time until the last completion, in any scenario."""
        return _rate(self.sample_count - self.incomplete_count, self.active_ns)


def summarise(measurement: Measurement) -> Statistics:
    """The statistics of a phase.

    Sorts one copy of the latencies at a time: memory grows by the width of a latency per value and is given back.
    """
    effective = measurement.effective
    scenario = effective.scenario
    per_query = measurement.query_latency_ns
    samples = _latencies(measurement.latency_ns, effective, limit_ns=effective.target_latency_ns)
    queries = _latencies(per_query, effective, limit_ns=0) if scenario is Scenario.MULTI_STREAM else None
    scheduled, delay = measurement.scheduled_ns, measurement.issue_delay_ns
    final_scheduled = int(scheduled[-1]) if len(scheduled) else 0
    final_issue = final_scheduled + int(delay[-1]) if len(scheduled) else 0
    final_latency = int(per_query[-1]) if len(per_query) else -1
    final_completion = final_scheduled + final_latency if final_latency >= 0 else None
    count = measurement.sample_count
    server, single = scenario is Scenario.SERVER, scenario is Scenario.SINGLE_STREAM
    return Statistics(
        scenario=scenario,
        query_count=measurement.query_count,
        sample_count=count,
        incomplete_count=samples.never_count,
        samples=samples,
        queries=queries,
        lateness=_lateness(measurement.lateness_ns),
        final_scheduled_ns=final_scheduled,
        final_issue_ns=final_issue,
        final_completion_ns=final_completion,
        active_ns=last_completion_ns(measurement),
        qps_with_overhead=_rate(count - 1, final_issue) if single else None,
        qps_without_overhead=_rate(1, _ended(samples.mean_ns)) if single else None,
        scheduled_samples_per_s=_rate(count - 1, final_scheduled) if server else None,
        completed_samples_per_s=_rate(count - 1, final_completion) if server else None,
        offline_samples_per_s=_rate(count, _ended(samples.max_ns)) if scenario is Scenario.OFFLINE else None,
        tokens=_tokens(measurement, samples, final_issue, final_completion),
    )


def last_completion_ns(measurement: Measurement) -> int:
    """When the last whole query was complete, ns since the start; 0 if none ever was."""
    per_query, latest = measurement.query_latency_ns, 0
    for first in range(0, len(per_query), PIECE):
        piece = slice(first, first + PIECE)
        # Both may be 32 bits wide, and their sum wider.
        completions = np.add(measurement.scheduled_ns[piece], per_query[piece], dtype=np.int64)
        completions[per_query[piece] < 0] = 0
        latest = max(latest, int(completions.max(initial=0)))
    return latest


def _latencies(values: IntArray, effective: EffectiveSettings, *, limit_ns: int) -> Latencies:
    ordered = sort_latencies(values)
    if not ordered.count:
        return Latencies(
            count=0,
            never_count=0,
            min_ns=0,
            mean_ns=0,
            max_ns=0,
            percentiles_ns=(0,) * len(PERCENTILES),
            target_ns=0,
            over_limit_count=0,
        )
    target = effective.target_latency_percentile
    single = effective.scenario is Scenario.SINGLE_STREAM
    estimated = single or effective.scenario is Scenario.MULTI_STREAM
    return Latencies(
        count=ordered.count,
        never_count=ordered.never_count,
        min_ns=ordered[0],
        mean_ns=ordered.mean(),
        max_ns=ordered[ordered.count - 1],
        percentiles_ns=tuple(ordered.percentile(fraction) for fraction in PERCENTILES),
        target_ns=ordered.percentile(target),
        over_limit_count=ordered.count_above(limit_ns) if limit_ns > 0 else 0,
        estimate_ns=_estimate(ordered, target) if estimated else None,
        estimate_99_ns=_estimate(ordered, MULTI_STREAM_PERCENTILE) if single else None,
    )


def _estimate(ordered: SortedLatencies, fraction: float) -> int | None:
    index = estimate_index(ordered.count, fraction)
    return None if index is None else ordered[index]


def _lateness(delays: IntArray) -> LatenessStatistics:
    if not len(delays):
        return LatenessStatistics(p50_ns=0, p99_ns=0, p999_ns=0, max_ns=0)
    # Nothing is issued before it is due; were it so, it would be in time and not late without end.
    ordered = sort_latencies(delays if delays.min() >= 0 else np.maximum(delays, 0))
    return LatenessStatistics(
        p50_ns=ordered.percentile(0.50),
        p99_ns=ordered.percentile(0.99),
        p999_ns=ordered.percentile(0.999),
        max_ns=ordered[ordered.count - 1],
    )


def _tokens(
    measurement: Measurement, samples: Latencies, final_issue: int, final_completion: int | None
) -> TokenStatistics | None:
    counts = measurement.token_counts
    if counts is None:
        return None
    effective = measurement.effective
    limits = effective.requested.tokens
    total = int(counts[counts > 1].sum())  # one token or none is an error and counts nothing, as in LoadGen
    offline = effective.scenario is Scenario.OFFLINE
    first, first_token, per_token = measurement.first_token_ns, None, None
    if first is not None and not offline:
        first_token = _latencies(first, effective, limit_ns=limits.ttft_latency_ns)
        whole = (measurement.latency_ns >= 0) & (first >= 0) & (counts > 1)
        spent = (measurement.latency_ns - first) // np.maximum(counts - 1, 1)
        per_token = _latencies(np.where(whole, spent, np.int64(-1)), effective, limit_ns=limits.tpot_latency_ns)
    return TokenStatistics(
        token_count=total,
        first_token=first_token,
        per_output_token=per_token,
        per_s_with_overhead=_rate(total, final_issue),
        per_s_without_overhead=_rate(total, None if samples.never_count else samples.mean_ns * samples.count),
        completed_per_s=_rate(total, _ended(samples.max_ns) if offline else final_completion),
    )


def _ended(latency_ns: int) -> int | None:
    """A latency, or ``None`` for one without end."""
    return None if latency_ns >= NEVER_NS else latency_ns


def _rate(count: int, duration_ns: int | None) -> float | None:
    """``count`` per second; 0 over a time without end (``None``), ``None`` over no time at all."""
    if duration_ns is None:
        return 0.0
    if duration_ns <= 0 or count < 0:
        return None
    return count / (duration_ns / NS_PER_S)
