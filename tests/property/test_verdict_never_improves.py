"""Law: a verdict never improves when a sample gets slower or is lost, or when an error is logged.

Durations are left out: a slower system fills the minimum duration sooner, and may.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from measured import measured

from levelfield.loadgen.measurement import Event, Measurement, Severity
from levelfield.loadgen.settings import Load, MultiStream, Offline, Server, SingleStream
from levelfield.loadgen.statistics import summarise
from levelfield.loadgen.verdict import judge
from levelfield.terms import Validity

RANK = {Validity.VALID: 0, Validity.WITH_ERRORS: 1, Validity.INVALID: 2}
LOADS = st.sampled_from(
    [
        SingleStream(),
        MultiStream(samples_per_query=2, target_latency_percentile=0.5),
        Server(target_latency_ns=100, target_latency_percentile=0.9),
        Offline(),
    ]
)


@st.composite
def runs(draw: st.DrawFn) -> Measurement:
    load: Load = draw(LOADS)
    latencies = draw(st.lists(st.integers(1, 120), min_size=40, max_size=100))
    latencies = latencies[: len(latencies) // 2 * 2]
    events = draw(st.sampled_from([(), (Event(key="error_runtime", text="e", severity=Severity.ERROR),)]))
    return measured(load, latencies, min_query_count=draw(st.integers(1, 60)), events=events)


def rank(run: Measurement) -> tuple[int, bool]:
    outcome = judge(run, summarise(run))
    return RANK[outcome.validity], not outcome.compatible_valid


@settings(max_examples=150)
@given(runs(), st.data())
def test_slower_or_lost_sample(run: Measurement, data: st.DataObject) -> None:
    which = data.draw(st.integers(0, run.sample_count - 1))
    before = int(run.latency_ns[which])
    after = data.draw(st.one_of(st.just(-1), st.integers(before, 10**9)))
    latency_ns = np.array(run.latency_ns)
    latency_ns[which] = after
    assert rank(replace(run, latency_ns=latency_ns)) >= rank(run)


@given(runs())
def test_error(run: Measurement) -> None:
    error = Event(key="error_runtime", text="another", severity=Severity.ERROR)
    worse = replace(run, events=(*run.events, error))
    assert rank(worse) >= rank(run)
    assert rank(worse)[0] > 0
