"""The verdict on a performance phase: conditions, what was required and measured, and what would help.

The four conditions of LoadGen decide ``result_validity``; errors do not enter it there, and a run may be "VALID" with
errors that a submission checker then refuses. Here such a run is VALID-WITH-ERRORS. Two conditions are our own: that
every sample completed (LoadGen waits for ever), and that the load generator itself was on time (Server).

Source: mlcommons/inference, ``PerformanceSummary`` in ``loadgen/loadgen.cc`` at v2.0, ``loadgen/results.cc`` at
b66003e1.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from levelfield.loadgen.advice import (
    early_stopping_advice,
    lateness_advice,
    min_duration_advice,
    min_queries_advice,
    percentile_advice,
)
from levelfield.loadgen.early_stopping import EarlyStopping, early_stopping_of
from levelfield.loadgen.measurement import Event, Measurement, Severity
from levelfield.loadgen.settings import EffectiveSettings
from levelfield.loadgen.statistics import Latencies, Statistics
from levelfield.stats.percentile import NEVER_NS
from levelfield.terms import Mode, Scenario, Validity
from levelfield.units import NS_PER_MS, format_ns, percentile_name

__all__ = [
    "Condition",
    "ConditionName",
    "Outcome",
    "closing_events",
    "default_lateness_bound_ns",
    "judge",
]

LATENESS_FLOOR_NS = NS_PER_MS
"""A desktop kernel wakes a thread within a fraction of this; later is contention, not scheduling noise."""
LATENESS_SHARE = 100
"""The load generator may take up a hundredth of the latency that it measures against."""

TTFT = "time to first token"
TPOT = "time per output token"

ENDED_EARLY = "The test exited early, before enough queries were issued."


class ConditionName(StrEnum):
    """What a run must meet."""

    PERF_CONSTRAINTS = "performance constraints"
    MIN_DURATION = "minimum duration"
    MIN_QUERIES = "minimum queries"
    EARLY_STOPPING = "early stopping"
    COMPLETE = "every sample completed"
    LATENESS = "load generator on time"


COMPATIBLE = (
    ConditionName.PERF_CONSTRAINTS,
    ConditionName.MIN_DURATION,
    ConditionName.MIN_QUERIES,
    ConditionName.EARLY_STOPPING,
    ConditionName.COMPLETE,
)
"""The conditions that enter ``result_validity``. Completeness is among them because LoadGen never ends without it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One condition: what was required and what was measured, in words."""

    name: ConditionName
    met: bool
    required: str
    measured: str
    advice: str | None = None
    """What would help, with numbers, where the condition is not met."""
    clause: str | None = None
    """The rule that it comes from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The verdict on one phase."""

    validity: Validity
    compatible_valid: bool
    """What ``result_validity`` in the log says: LoadGen's conditions, whatever errors there are."""
    conditions: tuple[Condition, ...]
    """Those that the scenario has."""
    early_stopping: EarlyStopping
    recommendations: tuple[str, ...]
    """LoadGen's advice, as its summary words it; empty where it has none."""
    invalid_reason: str
    """The same as the detail log words it."""
    events: tuple[Event, ...]
    """What the verdict adds to the log."""
    errors: tuple[str, ...]
    """Every error of the phase; any makes the run unusable."""
    summary: str
    """One sentence for a person."""

    def met(self, name: ConditionName) -> bool:
        """Whether a condition is met; one that the scenario does not have is."""
        return all(condition.met for condition in self.conditions if condition.name is name)


def default_lateness_bound_ns(target_latency_ns: int) -> int:
    """The bound of the load generator's own lateness (99th percentile): 1 ms, or 1 % of the target latency if more."""
    return max(LATENESS_FLOOR_NS, target_latency_ns // LATENESS_SHARE)


def closing_events(measurement: Measurement) -> tuple[Event, ...]:
    """The errors that follow from how a phase ended and that its events do not hold already."""
    found = []
    said = "Encountered incomplete samples"
    if measurement.incomplete_count and not any(event.text.startswith(said) for event in measurement.events):
        found.append(f"{said} at the end of a series of queries. count: {measurement.incomplete_count}")
    if measurement.ended_early and not measurement.errors:
        found.append(f"Ending early: {measurement.ended_early}")
    return tuple(Event(key="error_runtime", text=text, severity=Severity.ERROR) for text in found)


def judge(measurement: Measurement, statistics: Statistics, *, lateness_bound_ns: int | None = None) -> Outcome:
    """Judge a phase. An accuracy phase has only to be complete.

    Args:
        measurement: The raw record.
        statistics: What :func:`~levelfield.loadgen.statistics.summarise` made of it.
        lateness_bound_ns: Above this 99th percentile of its own lateness in Server a run is INVALID;
            ``None`` = :func:`default_lateness_bound_ns` of the target latency.
    """
    early = early_stopping_of(measurement.effective, statistics)
    conditions = [_complete(statistics)]
    events: list[Event] = []
    if measurement.phase is not Mode.ACCURACY:
        conditions = [
            *_perf_constraints(measurement, statistics),
            _min_duration(measurement, statistics),
            _min_queries(measurement, statistics),
            *_early_stopping(measurement, statistics, early),
            *conditions,
        ]
        if statistics.scenario is Scenario.SERVER:
            bound = lateness_bound_ns
            if bound is None:
                bound = default_lateness_bound_ns(measurement.effective.target_latency_ns)
            lateness = _lateness(statistics, bound)
            conditions.append(lateness)
            if not lateness.met:
                events.append(_lateness_event(lateness))
    errors = tuple(
        event.text
        for event in (*measurement.events, *closing_events(measurement), *events)
        if event.severity is Severity.ERROR
    )
    unmet = [condition for condition in conditions if not condition.met]
    validity = Validity.INVALID if unmet else Validity.WITH_ERRORS if errors else Validity.VALID
    recommendations, reason = _recommendations(measurement, statistics, conditions)
    return Outcome(
        validity=validity,
        compatible_valid=not any(condition.name in COMPATIBLE for condition in unmet),
        conditions=tuple(conditions),
        early_stopping=early,
        recommendations=recommendations,
        invalid_reason=reason,
        events=tuple(events),
        errors=errors,
        summary=_summary(validity, conditions, errors),
    )


def _perf_constraints(measurement: Measurement, statistics: Statistics) -> list[Condition]:
    effective = measurement.effective
    if effective.scenario is not Scenario.SERVER:
        return []
    name = percentile_name(effective.target_latency_percentile)
    judged = _limited(effective, statistics)
    over = _over_limit(effective, statistics)
    return [
        Condition(
            name=ConditionName.PERF_CONSTRAINTS,
            met=not over,
            required="; ".join(f"{name} {what} <= {format_ns(limit)}" for what, _, limit in judged),
            measured="; ".join(f"{name} {what} {_span(found)}" for what, found, _ in judged),
            advice=percentile_advice(effective, statistics, over) if over else None,
            clause="LoadGen PerfConstraintsMet; inference rules, Scenarios (Server)",
        )
    ]


def _limited(effective: EffectiveSettings, statistics: Statistics) -> list[tuple[str, Latencies, int]]:
    """The kinds of latency that Server limits, what was measured, and the limits in ns."""
    limits, tokens = effective.requested.tokens, statistics.tokens
    if not limits.use or tokens is None or tokens.first_token is None or tokens.per_output_token is None:
        return [("latency", statistics.samples, effective.target_latency_ns)]
    return [
        (TTFT, tokens.first_token, limits.ttft_latency_ns),
        (TPOT, tokens.per_output_token, limits.tpot_latency_ns),
    ]


def _over_limit(effective: EffectiveSettings, statistics: Statistics) -> list[str]:
    """The kinds of latency that are above their limit at the target percentile."""
    return [what for what, found, limit in _limited(effective, statistics) if found.target_ns > limit]


def _min_duration(measurement: Measurement, statistics: Statistics) -> Condition:
    effective = measurement.effective
    required = effective.min_duration_ms * NS_PER_MS
    match effective.scenario:
        case Scenario.OFFLINE:
            what, found = "greatest latency", statistics.samples.max_ns
        case Scenario.SERVER:
            what, found = "last query due", statistics.final_scheduled_ns
        case Scenario.SINGLE_STREAM | Scenario.MULTI_STREAM:
            what, found = "last query issued", statistics.final_issue_ns
    met = found >= required
    return Condition(
        name=ConditionName.MIN_DURATION,
        met=met,
        required=f"{what} at {format_ns(required)} or later",
        measured="never" if found >= NEVER_NS else format_ns(found, digits=4),
        advice=None if met else min_duration_advice(measurement, statistics, found),
        clause="LoadGen MinDurationMet; inference rules, Benchmarks (minimum duration)",
    )


def _min_queries(measurement: Measurement, statistics: Statistics) -> Condition:
    effective = measurement.effective
    met = statistics.query_count >= effective.min_query_count and statistics.sample_count >= effective.min_sample_count
    return Condition(
        name=ConditionName.MIN_QUERIES,
        met=met,
        required=f"{effective.min_query_count:,} queries with {effective.min_sample_count:,} samples, or more",
        measured=f"{statistics.query_count:,} queries with {statistics.sample_count:,} samples",
        advice=None if met else min_queries_advice(measurement),
        clause="LoadGen MinQueriesMet, MinSamplesMet",
    )


def _early_stopping(measurement: Measurement, statistics: Statistics, early: EarlyStopping) -> list[Condition]:
    if not early.tests:
        return []
    return [
        Condition(
            name=ConditionName.EARLY_STOPPING,
            met=early.met,
            required="; ".join(test.required for test in early.tests),
            measured="; ".join(dict.fromkeys(test.measured for test in early.tests)),
            advice=None if early.met else early_stopping_advice(measurement, statistics, early),
            clause="LoadGen EarlyStopping; inference rules, Early stopping",
        )
    ]


def _complete(statistics: Statistics) -> Condition:
    missing = statistics.incomplete_count
    return Condition(
        name=ConditionName.COMPLETE,
        met=not missing,
        required=f"{statistics.sample_count:,} samples",
        measured=f"{statistics.sample_count - missing:,} samples",
        advice=f"{missing:,} samples were never reported complete: the system lost them, or stopped."
        if missing
        else None,
        clause="LoadGen GetLatenciesBlocking",
    )


def _lateness(statistics: Statistics, bound_ns: int) -> Condition:
    found = statistics.lateness.p99_ns
    return Condition(
        name=ConditionName.LATENESS,
        met=found <= bound_ns,
        required=f"p99 of issue lateness <= {format_ns(bound_ns)}",
        measured=format_ns(found),
        advice=lateness_advice(statistics) if found > bound_ns else None,
        clause="levelfield's own bound",
    )


def _lateness_event(condition: Condition) -> Event:
    # An error, because the log's result_validity keeps LoadGen's meaning: so official checkers refuse the run too.
    return Event(
        key="error_runtime",
        text=(
            "levelfield: the load generator itself was late, so the measured latencies are not the system's alone. "
            f"Required: {condition.required}. Measured: {condition.measured}."
        ),
        severity=Severity.ERROR,
    )


def _recommendations(
    measurement: Measurement, statistics: Statistics, conditions: list[Condition]
) -> tuple[tuple[str, ...], str]:
    """LoadGen's advice in its order and words: the lines of the summary, and the one line of the detail log."""
    unmet = {condition.name for condition in conditions if not condition.met}
    lines: list[str] = []
    reason = ""
    if ConditionName.PERF_CONSTRAINTS in unmet:
        text = _perf_recommendation(measurement.effective, statistics)
        lines.append(f" * {text}")
        reason += text.replace("\n", " ") + " "
    if ConditionName.MIN_DURATION in unmet:
        text = _DURATION_RECOMMENDATIONS[measurement.effective.scenario]
        lines.append(f" * {text}")
        reason += text + " "
    if ConditionName.MIN_QUERIES in unmet:
        lines.append(f" * {ENDED_EARLY}\n   See the detailed log for why this may have occurred.")
        reason += ENDED_EARLY
    if ConditionName.COMPLETE in unmet:
        text = f"{measurement.incomplete_count} samples never completed."
        lines.append(f" * {text}")
        reason += text
    return tuple(lines), reason


def _perf_recommendation(effective: EffectiveSettings, statistics: Statistics) -> str:
    reduce = "Reduce target QPS to improve latency."
    short = {TTFT: "TTFT", TPOT: "TPOT"}
    # Sic "constrain": LoadGen's words.
    return "\n * ".join(
        f"{short[what]} constrain not met: {reduce}" if what in short else reduce
        for what in _over_limit(effective, statistics)
    )


_DURATION_RECOMMENDATIONS = {
    # LoadGen says to pre-generate more queries; here none are pre-generated, and only an early end leads here.
    Scenario.SINGLE_STREAM: "The test exited early, before the minimum duration.",
    Scenario.MULTI_STREAM: "The test exited early, before the minimum duration.",
    Scenario.SERVER: "Increase the target QPS so the loadgen pre-generates more queries.",
    Scenario.OFFLINE: "Increase expected QPS so the loadgen pre-generates a larger (coalesced) query.",
}


def _summary(validity: Validity, conditions: list[Condition], errors: tuple[str, ...]) -> str:
    match validity:
        case Validity.VALID:
            return f"VALID: all {len(conditions)} conditions are met."
        case Validity.INVALID:
            return f"INVALID: not met: {', '.join(c.name for c in conditions if not c.met)}."
        case Validity.WITH_ERRORS:
            what = "1 error makes" if len(errors) == 1 else f"{len(errors)} errors make"
            return f"VALID-WITH-ERRORS: every condition is met, but {what} the run unusable."


def _span(latencies: Latencies) -> str:
    return "never" if latencies.target_ns >= NEVER_NS else format_ns(latencies.target_ns, digits=4)
