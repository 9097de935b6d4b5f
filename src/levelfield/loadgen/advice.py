"""What would help a run that does not hold: next steps with numbers, from what was measured."""

from __future__ import annotations

import math

from levelfield.loadgen.early_stopping import EarlyStopping
from levelfield.loadgen.measurement import Measurement
from levelfield.loadgen.settings import EffectiveSettings
from levelfield.loadgen.statistics import Statistics
from levelfield.stats.percentile import NEVER_NS
from levelfield.terms import Scenario
from levelfield.units import NS_PER_MS, NS_PER_S, format_ns, format_rate

__all__ = [
    "early_stopping_advice",
    "lateness_advice",
    "min_duration_advice",
    "min_queries_advice",
    "percentile_advice",
    "sustainable_qps",
]


def sustainable_qps(effective: EffectiveSettings, statistics: Statistics) -> float | None:
    """About the rate at which a Server run would meet its latency, from one run that does not.

    Takes the system for one queue with exponential service, where a fraction ``p`` of the queries stays within
    ``ln(1 / (1 - p)) / (service rate - arrival rate)``. The arrival rate put in is the completed one: in an overloaded
    run the queue grows, and the system completes what it can.

    Returns:
        Queries per second, or ``None`` where even a low rate would not do, or nothing can be said.
    """
    completed, latency = statistics.completed_samples_per_s, statistics.samples.target_ns
    if not completed or latency <= 0 or latency >= NEVER_NS or effective.target_latency_ns <= 0:
        return None
    spread = math.log(1 / (1 - effective.target_latency_percentile)) * NS_PER_S
    found = completed + spread / latency - spread / effective.target_latency_ns
    return min(found, completed) if found > 0 else None


def percentile_advice(effective: EffectiveSettings, statistics: Statistics, over: list[str]) -> str:
    """What helps where latencies at the target percentile are above their limits (Server).

    Args:
        effective: The settings in force.
        statistics: What was measured.
        over: The kinds of latency that are above.
    """
    text = f"Lower the target QPS ({effective.target_qps:g}): {' and '.join(over)} above the limit."
    if effective.requested.tokens.use:
        return text
    found = sustainable_qps(effective, statistics)
    if found is None:
        return f"{text} By this run the system does not reach the target latency at any rate."
    return f"{text} About {format_rate(found, 'queries/s', digits=3)} may be sustainable (estimated as a single queue)."


def min_duration_advice(measurement: Measurement, statistics: Statistics, found_ns: int) -> str:
    """What helps where a run was too short."""
    effective = measurement.effective
    match effective.scenario:
        case Scenario.OFFLINE:
            rate = statistics.offline_samples_per_s
            if not rate:
                return "Raise the expected QPS so that the one query lasts long enough."
            return (
                f"Raise the expected QPS from {effective.target_qps:g} to {rate * 1.1:.6g} or more: "
                f"the system did {format_rate(rate)}."
            )
        case Scenario.SERVER:
            reason = measurement.ended_early or "too few queries were scheduled"
            return f"The last query was due at {format_ns(found_ns, digits=4)}; {reason}."
        case Scenario.SINGLE_STREAM | Scenario.MULTI_STREAM:
            return f"The run ended early: {_what_ended(measurement)}."


def min_queries_advice(measurement: Measurement) -> str:
    """What helps where too few queries were issued: the limit that ended the run."""
    return f"The run ended early: {_what_ended(measurement)}."


def early_stopping_advice(measurement: Measurement, statistics: Statistics, early: EarlyStopping) -> str:
    """What helps where early stopping is not met: how many more queries, and about how much longer that takes."""
    missing = max(test.missing_queries for test in early.tests)
    count = statistics.query_count
    seconds = max(statistics.final_issue_ns, 1) / NS_PER_S
    rate = count / seconds if count else 0.0
    text = f"At least {missing:,} more queries are needed"
    if rate:
        text += f", about {format_ns(missing / rate * NS_PER_S)} more at the rate of this run"
    if statistics.scenario is not Scenario.SERVER:
        return f"{text}."
    share = max(test.over_limit_count for test in early.tests) / count if count else 0.0
    allowed = 1 - measurement.effective.target_latency_percentile
    if share >= allowed:
        return (
            f"{text}, all of them within the limit. A longer run alone will not help: {share:.3%} of the queries were "
            f"over the limit, and fewer than {allowed:.3%} may be."
        )
    return f"{text}, all of them within the limit ({share:.3%} of this run's were not)."


def lateness_advice(statistics: Statistics) -> str:
    """What helps where the load generator was late."""
    found = statistics.lateness
    return (
        f"Queries were issued up to {format_ns(found.max_ns)} late (p50 {format_ns(found.p50_ns)}). Give the load "
        "generator a core of its own, issue from a process of its own, or let the system's issue() return at once."
    )


def _what_ended(measurement: Measurement) -> str:
    if measurement.ended_early:
        return measurement.ended_early.rstrip(".")
    if measurement.errors:
        return measurement.errors[0].text.rstrip(".")
    duration = measurement.effective.max_duration_ms * NS_PER_MS
    return f"the limit of {format_ns(duration)} was reached" if duration else "no limit was recorded"
