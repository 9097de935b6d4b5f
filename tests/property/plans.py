"""Test runs to hold laws against: settings of every kind, small enough to materialise."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

from levelfield.loadgen.schedule import LoadableSet, Schedule, loadable_sets, schedule
from levelfield.loadgen.settings import (
    EffectiveSettings,
    MultiStream,
    Offline,
    Seeds,
    Server,
    Settings,
    SingleStream,
    derive,
)
from levelfield.terms import DrawVariant, Mode, Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One phase over one loadable set."""

    effective: EffectiveSettings
    loadable: LoadableSet
    phase: Mode

    def schedule(self) -> Schedule:
        return schedule(self.effective, self.loadable, self.phase)


seeds = st.integers(0, 2**64 - 1)
loads = st.one_of(
    st.builds(SingleStream, expected_latency_ns=st.floats(100_000.0, 5_000_000.0)),
    st.builds(
        MultiStream,
        expected_latency_ns=st.floats(100_000.0, 5_000_000.0),
        samples_per_query=st.integers(1, 9),
    ),
    st.builds(Server, target_qps=st.floats(100.0, 10_000.0)),
    st.builds(Offline, expected_qps=st.floats(100.0, 10_000.0)),
)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """A phase that LoadGen itself could run: the sizes fit each other, and there is a query."""
    total = draw(st.integers(1, 60))
    performance = draw(st.integers(1, total))
    issue = draw(st.sampled_from(["any", "any", "unique", "same"]))
    load = draw(loads)
    settings = Settings(
        load=load,
        min_duration_ms=draw(st.integers(0, 20)),
        min_query_count=draw(st.integers(1, 150)),
        seeds=draw(st.builds(Seeds, qsl=seeds, sample_index=seeds, schedule=seeds, accuracy_log=seeds)),
        performance_issue_unique=issue == "unique",
        performance_issue_same=issue == "same",
        performance_issue_same_index=draw(st.integers(0, performance - 1)),
        # With both, the reference reads past the end of the unique order in v6 MultiStream.
        sample_concatenate_permutation=draw(st.booleans()) and issue != "unique",
        accuracy_log_probability=draw(st.sampled_from([0.0, 0.4])),
        profile=draw(st.sampled_from(Profile)),
        draw_variant=draw(st.sampled_from(DrawVariant)),
    )
    effective = derive(settings, total_sample_count=total, performance_sample_count=performance)
    phase = draw(st.sampled_from([Mode.ACCURACY, Mode.PERFORMANCE, Mode.PERFORMANCE]))
    sets = loadable_sets(effective, phase)
    # A later set may be shorter than the index of same issue; the first never is.
    last = 0 if phase is Mode.PERFORMANCE or issue == "same" else len(sets) - 1
    return Plan(effective=effective, loadable=sets[draw(st.integers(0, last))], phase=phase)
