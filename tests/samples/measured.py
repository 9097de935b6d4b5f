"""Hand-made raw records of a phase, for tests that need no load generator."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np

from levelfield.loadgen.measurement import Event, Issuing, Measurement
from levelfield.loadgen.settings import Load, MultiStream, Offline, Server, Settings, Tokens, derive
from levelfield.terms import Mode, Profile

WALL_BEGIN = datetime(2022, 2, 25, 0, 23, 55, 84_500, tzinfo=UTC)


def measured(
    load: Load,
    latency_ns: Sequence[int],
    *,
    scheduled_ns: Sequence[int] | None = None,
    issue_delay_ns: Sequence[int] | None = None,
    profile: Profile = Profile.V6,
    phase: Mode = Mode.PERFORMANCE,
    min_duration_ms: int = 0,
    min_query_count: int = 1,
    max_duration_ms: int = 0,
    tokens: Tokens | None = None,
    first_token_ns: Sequence[int] | None = None,
    token_counts: Sequence[int] | None = None,
    events: tuple[Event, ...] = (),
    ended_early: str | None = None,
) -> Measurement:
    """A phase with these latencies; queries are due one after another where nothing else is said."""
    latencies = np.array(latency_ns, dtype=np.int64)
    settings = Settings(
        load=load,
        mode=phase,
        min_duration_ms=min_duration_ms,
        min_query_count=min_query_count,
        max_duration_ms=max_duration_ms,
        tokens=tokens or Tokens(),
        profile=profile,
    )
    effective = derive(settings, total_sample_count=100, performance_sample_count=10)
    per_query = len(latencies) if isinstance(load, Offline) else 1
    if isinstance(load, MultiStream):
        per_query = load.samples_per_query
    queries = len(latencies) // per_query if per_query else 0
    if scheduled_ns is None:
        slowest = latencies.reshape(queries, per_query).max(axis=1) if queries else latencies
        gap = np.int64(1_000_000) if isinstance(load, Server) else np.maximum(slowest, 0)
        scheduled_ns = np.concatenate([[0], np.cumsum(np.broadcast_to(gap, queries))])[:queries].tolist()
    return Measurement(
        effective=effective,
        phase=phase,
        loaded_set=np.arange(10),
        generated_query_count=queries,
        generated_samples_per_query=per_query,
        generated_query_duration_ns=1_000,
        scheduled_ns=np.array(scheduled_ns, dtype=np.int64),
        issue_delay_ns=np.array(issue_delay_ns if issue_delay_ns is not None else [0] * queries, dtype=np.int64),
        latency_ns=latencies,
        sample_indices=np.arange(len(latencies)) % 10,
        samples_per_query=per_query,
        first_token_ns=None if first_token_ns is None else np.array(first_token_ns, dtype=np.int64),
        token_counts=None if token_counts is None else np.array(token_counts, dtype=np.int64),
        pickup_delay_ns=None,
        wall_begin=WALL_BEGIN,
        events=events,
        issuing=Issuing(mode="inline", reason="test", switch_interval_s=0.005),
        ended_early=ended_early,
    )
