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
from dataclasses import dataclass, replace

import numpy as np

from levelfield.inference.audit.record import Allowed, AuditVerdict, Estimate, ScoreComparison
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

__all__ = ["Compared", "allowed_ratio", "compare_scores", "settled", "with_pairs"]

MEDIAN = "median latency"
SCORES = {
    Scenario.SINGLE_STREAM: "p90 latency",
    Scenario.MULTI_STREAM: "p99 latency per query",
    Scenario.OFFLINE: "samples/s",
}
"""Scores that show the work of a system. Server's does not: it is the rate at which queries were sent."""


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
    one_sided = thresholds.faster_fraction is not None
    ratio = test.logs.value / reference.logs.value
    estimates = tuple(
        _within_runs(what, test.record, reference.record, _bounds_of_work(scenario, allowed, one_sided=one_sided))
        for what in _quantities(scenario)
    )
    noise = estimates[0].interval.log_sd if estimates[0].interval is not None else None
    return ScoreComparison(
        reference_score=reference.logs.score,
        test_score=test.logs.score,
        allowed=allowed,
        official_pass=allowed.holds(ratio),
        note=_note(scenario, ratio, allowed, test, reference, one_sided=one_sided),
        within_runs=estimates,
        chance_of_failing=_chance(noise, allowed, (test.record, reference.record)),
    )


def with_pairs(
    score: ScoreComparison, pairs: Sequence[tuple[Measurement, Measurement]], *, one_sided: bool
) -> ScoreComparison:
    """The comparison with what pairs of (test, reference) say that were run by turns.

    Args:
        score: What the two runs of the audit say.
        pairs: One or more.
        one_sided: Whether only a faster run fails.
    """
    scenario = pairs[0][0].effective.scenario
    bounds = _bounds_of_work(scenario, score.allowed, one_sided=one_sided)
    estimates = []
    for what in _quantities(scenario):
        found = [ratio for pair in pairs if (ratio := _ratio(what, *pair)) is not None]
        interval = paired_ratio(found)
        estimates.append(
            Estimate(
                what=what,
                ratio=None if interval is None else interval.value,
                interval=interval,
                verdict=bounds.decide(interval),
                pairs=tuple(found),
            )
        )
    spread = None
    if len(estimates[0].pairs) > 1:
        spread = float(np.log(estimates[0].pairs).std(ddof=1))
    return replace(score, by_turns=tuple(estimates), chance_of_failing=_chance(spread, score.allowed, pairs[0]))


def settled(score: ScoreComparison) -> bool:
    """Whether nothing more needs to be run: the rule is kept, and the intervals say so too."""
    return score.official_pass and score.verdict is AuditVerdict.PASS


def _quantities(scenario: Scenario) -> tuple[str, ...]:
    """What is compared: the score where it shows work, and the median, which a few slow queries cannot hide.

    A cache shows in MultiStream's TEST04 only there: of its few queries the first is a miss, and that is the 99th
    percentile.
    """
    score = (SCORES[scenario],) if scenario in SCORES else ()
    return (*score, MEDIAN) if scenario is not Scenario.OFFLINE else score


def _value(what: str, measurement: Measurement) -> float | None:
    if measurement.incomplete_count or not measurement.sample_count:
        return None
    value = float(np.median(measurement.query_latency_ns)) if what == MEDIAN else score_value(measurement)
    return value if value is not None and 0 < value < math.inf else None


def _ratio(what: str, test: Measurement, reference: Measurement) -> float | None:
    first, second = _value(what, test), _value(what, reference)
    return None if first is None or second is None else first / second


def _interval(what: str, measurement: Measurement) -> Interval | None:
    if measurement.incomplete_count or not measurement.sample_count:
        return None
    if measurement.effective.scenario is Scenario.OFFLINE:
        return rate_interval(measurement.latency_ns)
    fraction = 0.5 if what == MEDIAN else measurement.effective.target_latency_percentile
    return quantile_interval(measurement.query_latency_ns, fraction)


def _within_runs(what: str, test: Measurement, reference: Measurement, bounds: Allowed) -> Estimate:
    one, other = _interval(what, test), _interval(what, reference)
    interval = None if one is None or other is None else ratio_interval(one, other)
    return Estimate(what=what, ratio=_ratio(what, test, reference), interval=interval, verdict=bounds.decide(interval))


def _bounds_of_work(scenario: Scenario, allowed: Allowed, *, one_sided: bool) -> Allowed:
    """The bounds for what shows the work: in Server that is a latency, whereas the score is a rate."""
    if scenario is not Scenario.SERVER or not one_sided:
        return allowed
    return Allowed(low=1 - allowed.fraction, high=math.inf, fraction=allowed.fraction, relaxed=allowed.relaxed)


def _chance(log_sd: float | None, allowed: Allowed, runs: tuple[Measurement, Measurement]) -> float | None:
    """How likely an honest system fails the official rule in one try."""
    if runs[0].effective.scenario is Scenario.SERVER:
        log_sd = _schedule_sd(*runs)
    return None if log_sd is None else chance_outside(log_sd, allowed.low, allowed.high)


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
