"""The judgement of an audit: the round's rule on two scores, and what the raw records say about how sure that is.

Two questions are kept apart. *Official*: do the two scores, as logged, keep the round's threshold? That decides what
the official files say. *Ours*: is the ratio of the two inside or outside of it beyond noise? The interval of the ratio
is taken from the inside of both runs first; where it lies on both sides of a bound, pairs of runs by turns settle it.

Server needs a third look. Its score is the rate at which queries were sent, which seed and target fix: no cheat changes
it, and two seeds give two rates however honest the system is. So there the work shows in the median latency.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from levelfield.inference.audit.record import Allowed, AuditVerdict, Confirmation, Estimate, ScoreComparison
from levelfield.inference.audit.score import AuditLogs, is_latency, score_value
from levelfield.loadgen.measurement import Measurement
from levelfield.rules.model import Thresholds
from levelfield.stats.ratio import (
    Interval,
    chance_outside,
    paired_ratio,
    quantile_interval,
    rate_interval,
    ratio_interval,
)
from levelfield.terms import Scenario

__all__ = ["Compared", "allowed_ratio", "compare_scores", "confirm", "settled", "work_ratio"]

WORDS = {
    Scenario.SINGLE_STREAM: "p90 latency",
    Scenario.MULTI_STREAM: "p99 latency per query",
    Scenario.SERVER: "median latency",
    Scenario.OFFLINE: "samples/s",
}
"""What shows the work of a system, by scenario: the score itself, but in Server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One of the two runs of a comparison."""

    logs: AuditLogs
    record: Measurement


def allowed_ratio(thresholds: Thresholds, scenario: Scenario, reference: float) -> Allowed:
    """The bounds of ``test / reference``.

    Args:
        thresholds: Of the audit.
        scenario: Decides which side is the fast one.
        reference: The reference score; very short latencies get the relaxed share.
    """
    share = thresholds.performance_fraction or thresholds.faster_fraction or 0.0
    relaxed = is_latency(scenario) and thresholds.relaxed(scenario, reference)
    if relaxed and thresholds.relaxed_fraction is not None:
        share = thresholds.relaxed_fraction
    low, high = 1 - share, 1 + share
    if thresholds.faster_fraction is not None:
        # Being slower is no sign of a cache. The official script takes MultiStream for a rate, and passes a faster run.
        low, high = (low, math.inf) if is_latency(scenario) else (0.0, high)
    return Allowed(low=low, high=high, fraction=share, relaxed=relaxed)


def compare_scores(test: Compared, reference: Compared, thresholds: Thresholds) -> ScoreComparison:
    """Judge two scores by the round's rule, and by what their records say."""
    scenario = test.logs.scenario
    allowed = allowed_ratio(thresholds, scenario, reference.logs.value)
    ratio = test.logs.value / reference.logs.value
    passed = allowed.holds(ratio)
    one_sided = thresholds.faster_fraction is not None
    return ScoreComparison(
        reference_score=reference.logs.score,
        test_score=test.logs.score,
        allowed=allowed,
        official_pass=passed,
        note=_note(scenario, ratio, allowed, test, reference, one_sided=one_sided),
        within_runs=_within_runs(test.record, reference.record, allowed, one_sided=one_sided),
        confirmation=None,
    )


def confirm(
    pairs: Sequence[tuple[Measurement, Measurement]], allowed: Allowed, *, one_sided: bool
) -> Confirmation | None:
    """What pairs of (audit, reference) say that were run by turns; ``None`` for fewer than two with a score."""
    ratios = [ratio for test, reference in pairs if (ratio := work_ratio(test, reference)) is not None]
    interval = paired_ratio(ratios)
    if interval is None:
        return None
    scenario = pairs[0][0].effective.scenario
    spread = interval.log_sd * math.sqrt(len(ratios))
    bounds = _bounds_of_work(scenario, allowed, one_sided=one_sided)
    estimate = Estimate(
        what=WORDS[scenario],
        ratio=interval.value,
        interval=interval,
        verdict=bounds.decide(interval),
        chance_of_failing=_chance(scenario, spread, allowed, pairs[0]),
    )
    return Confirmation(ratios=tuple(ratios), estimate=estimate)


def work_ratio(test: Measurement, reference: Measurement) -> float | None:
    """Audit over reference in what shows the work of a system; ``None`` where one of them has none."""
    values = [_work(measurement) for measurement in (test, reference)]
    if any(value is None or not 0 < value < math.inf for value in values):
        return None
    first, second = values
    assert first is not None
    assert second is not None
    return first / second


def _work(measurement: Measurement) -> float | None:
    if measurement.incomplete_count or not measurement.sample_count:
        return None
    if measurement.effective.scenario is Scenario.SERVER:
        interval = quantile_interval(measurement.latency_ns, 0.5)
        return None if interval is None else interval.value
    return score_value(measurement)


def _within_runs(test: Measurement, reference: Measurement, allowed: Allowed, *, one_sided: bool) -> Estimate:
    scenario = test.effective.scenario
    ratio = work_ratio(test, reference)
    interval = None
    intervals = [_work_interval(measurement) for measurement in (test, reference)]
    if intervals[0] is not None and intervals[1] is not None and ratio is not None:
        interval = ratio_interval(intervals[0], intervals[1])
    bounds = _bounds_of_work(scenario, allowed, one_sided=one_sided)
    return Estimate(
        what=WORDS[scenario],
        ratio=0.0 if ratio is None else ratio,
        interval=interval,
        verdict=bounds.decide(interval),
        chance_of_failing=None
        if interval is None and scenario is not Scenario.SERVER
        else _chance(scenario, 0.0 if interval is None else interval.log_sd, allowed, (test, reference)),
    )


def _work_interval(measurement: Measurement) -> Interval | None:
    if measurement.incomplete_count or not measurement.sample_count:
        return None
    effective = measurement.effective
    match effective.scenario:
        case Scenario.SINGLE_STREAM | Scenario.MULTI_STREAM:
            return quantile_interval(measurement.query_latency_ns, effective.target_latency_percentile)
        case Scenario.SERVER:
            return quantile_interval(measurement.latency_ns, 0.5)
        case Scenario.OFFLINE:
            return rate_interval(measurement.latency_ns)


def _bounds_of_work(scenario: Scenario, allowed: Allowed, *, one_sided: bool) -> Allowed:
    """The bounds for what shows the work: in Server that is a latency, whereas the score is a rate."""
    if scenario is not Scenario.SERVER or not one_sided:
        return allowed
    return Allowed(low=1 - allowed.fraction, high=math.inf, fraction=allowed.fraction, relaxed=allowed.relaxed)


def _chance(scenario: Scenario, log_sd: float, allowed: Allowed, runs: tuple[Measurement, Measurement]) -> float:
    """How likely an honest system fails the official rule in one try."""
    if scenario is Scenario.SERVER:
        log_sd = _schedule_sd(*runs)
    return chance_outside(log_sd, allowed.low, allowed.high)


def _schedule_sd(test: Measurement, reference: Measurement) -> float:
    """How much the rates of two Poisson schedules differ by their seeds alone; 0 for the same schedule."""
    if test.effective.seeds.schedule == reference.effective.seeds.schedule:
        return 0.0
    return math.sqrt(1 / max(test.query_count, 1) + 1 / max(reference.query_count, 1))


def _note(
    scenario: Scenario, ratio: float, allowed: Allowed, test: Compared, reference: Compared, *, one_sided: bool
) -> str:
    """What a reader of the official files must know besides."""
    outside = not allowed.holds(ratio)
    if scenario is Scenario.SERVER and outside:
        spread = _schedule_sd(test.record, reference.record)
        if spread:
            enough = math.ceil(2 * (3 / allowed.fraction) ** 2)
            return (
                f"The two schedules alone differ by {abs(ratio - 1):.1%} (standard deviation {spread:.1%}): the score "
                f"is the rate at which queries were sent. From {enough:,} queries on this is rare; run longer."
            )
    if scenario is Scenario.MULTI_STREAM and one_sided and (outside or ratio >= 1 + allowed.fraction):
        return (
            "The official script takes MultiStream's latency for a rate and would say the opposite: "
            f"{'PASS' if outside else 'FAIL'}."
        )
    return ""


def settled(score: ScoreComparison) -> bool:
    """Whether nothing more needs to be run: the rule is kept, and the interval says so too."""
    return score.official_pass and score.within_runs.verdict is AuditVerdict.PASS
