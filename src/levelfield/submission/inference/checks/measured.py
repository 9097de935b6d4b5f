"""Checks of the numbers of the performance run against each other: nothing LoadGen computed may contradict another.

A double in the log has six digits, so two numbers agree where they differ by no more than their last digit allows.
"""

from __future__ import annotations

from collections.abc import Iterator

from levelfield.submission.check import Check, Remark
from levelfield.submission.finding import Severity
from levelfield.submission.inference.checks.run_settings import at, ran_under
from levelfield.submission.inference.records import RunLog
from levelfield.submission.inference.subjects import ResultSubject
from levelfield.submission.report import CheckText
from levelfield.terms import Scenario
from levelfield.units import NS_PER_MS, NS_PER_S, format_ns

__all__ = ["MEASURED_CHECKS", "PERCENTILES", "SIX_DIGITS"]

SIX_DIGITS = 5.1e-6
"""How far, relatively, a double with six digits may be off: half a unit of the sixth, and our own rounding."""
PERCENTILES = ("50.00", "90.00", "95.00", "97.00", "99.00", "99.90")
CLOCK_NS = 2 * NS_PER_MS
"""The times of power measurement are given in whole milliseconds."""
LONGEST_GAP = 60
"""No gap of a Poisson process is so many mean gaps long in any run that anybody could make."""
COMPUTED = "loadgen/loadgen.cc, PerformanceSummary (mlcommons/inference v2.0)"


def _duration(result: ResultSubject) -> Iterator[Remark]:
    log = result.performance
    least_ns = ran_under(result).min_duration_ns
    key, derived_ns = _derived_duration(log)
    if derived_ns < least_ns * (1 - SIX_DIGITS):
        yield at(
            log, key, found=f"{format_ns(derived_ns)} from count and rate", expected=f"{format_ns(least_ns)} or more"
        )
    if "power_end" in log.scan:
        clock_ns = result.power_duration_s * NS_PER_S
        if clock_ns < least_ns - CLOCK_NS:
            found = f"{format_ns(clock_ns)} between power_begin and power_end"
            yield at(log, "power_end", found=found, expected=f"{format_ns(least_ns)} or more")


def _derived_duration(log: RunLog) -> tuple[str, float]:
    """The time that the rules mean, ns, and the key of the number that gives it."""
    queries = log.query_count
    match log.scenario:
        case Scenario.SINGLE_STREAM:
            return "result_qps_with_loadgen_overhead", _quotient(queries - 1, log.rate_with_overhead)
        case Scenario.SERVER:
            return "result_scheduled_samples_per_sec", _quotient(queries - 1, log.scheduled_rate)
        case Scenario.MULTI_STREAM:
            # Its rate is not logged. No query is longer than the longest, so this is the most that it can have been,
            # the time between queries aside, for which a tenth is plenty.
            return "result_mean_query_latency_ns", 1.1 * queries * log.mean_query_latency_ns
        case _:
            return "result_max_latency_ns", float(log.max_latency_ns)


def _quotient(count: int, rate: float) -> float:
    return count / rate * NS_PER_S if rate > 0 else 0.0


DURATION = Check(
    text=CheckText(
        code="INF061",
        title="The run lasted ten minutes by its own numbers",
        why="The setting says what was wanted; counts, rates and the clock say what happened.",
        clause="inference_rules.adoc, Scenarios (inference_policies cbf38b90)",
        example="closed/…/run_1/mlperf_log_detail.txt:71: found 60.0 s from count and rate, expected 600 s or more",
        fix="Hand in the log of a run of full length.",
        official=False,
    ),
    severity=Severity.VOID,
    look=_duration,
)


def _metric(result: ResultSubject) -> Iterator[Remark]:
    log = result.performance
    match log.scenario:
        case Scenario.SINGLE_STREAM:
            expected = NS_PER_S / log.mean_latency_ns if log.mean_latency_ns > 0 else 0.0
            key = "result_qps_without_loadgen_overhead"
            yield from _contradiction(log, key, log.rate_without_overhead, expected, "1 s / mean latency")
            if log.rate_with_overhead > log.rate_without_overhead * (1 + 2 * SIX_DIGITS + 1 / max(1, log.query_count)):
                found = f"{log.rate_with_overhead:g}/s with overhead"
                key = "result_qps_with_loadgen_overhead"
                yield at(log, key, found=found, expected=f"no more than {log.rate_without_overhead:g}/s without it")
        case Scenario.OFFLINE:
            samples = log.query_count * log.generated_samples_per_query
            expected = samples * NS_PER_S / log.max_latency_ns if log.max_latency_ns > 0 else 0.0
            yield from _contradiction(
                log, "result_samples_per_second", log.offline_rate, expected, "samples / longest latency"
            )
        case Scenario.SERVER:
            yield from _server_rates(log)
        case _:
            pass


def _contradiction(log: RunLog, key: str, found: float, expected: float, formula: str) -> Iterator[Remark]:
    if not abs(found - expected) <= SIX_DIGITS * abs(expected):
        yield at(log, key, found=f"{found:g}", expected=f"{expected:.6g} = {formula}")


def _server_rates(log: RunLog) -> Iterator[Remark]:
    """The last query is due between the minimum duration and the time of the query that was not generated."""
    scheduled_ns = _quotient(log.query_count - 1, log.scheduled_rate)
    end_ns = log.generated_duration_ns
    last_gap_ns = LONGEST_GAP * NS_PER_S / log.target_qps if log.target_qps > 0 else 0.0
    if not end_ns * (1 - SIX_DIGITS) - last_gap_ns <= scheduled_ns <= end_ns * (1 + SIX_DIGITS):
        expected = f"{(log.query_count - 1) / end_ns * NS_PER_S:.6g}" if end_ns else "a rate"
        yield at(
            log,
            "result_scheduled_samples_per_sec",
            found=f"{log.scheduled_rate:g}",
            expected=f"{expected} = queries / time of the last one",
        )
    completed_ns = _quotient(log.query_count - 1, log.completed_rate)
    latest_ns = scheduled_ns * (1 + 2 * SIX_DIGITS) + log.max_latency_ns
    if not scheduled_ns * (1 - 2 * SIX_DIGITS) <= completed_ns <= latest_ns:
        yield at(
            log,
            "result_completed_samples_per_sec",
            found=f"{log.completed_rate:g}",
            expected=f"{log.scheduled_rate:g}, or less by the longest latency",
        )


METRIC = Check(
    text=CheckText(
        code="INF065",
        title="The rates follow from counts and latencies",
        why="A headline that was edited no longer fits the numbers that it was computed from.",
        clause=COMPUTED,
        example="closed/…/run_1/mlperf_log_detail.txt:69: found 2500, expected 220.607 = samples / longest latency",
        fix="Hand in the log as LoadGen wrote it.",
        official=False,
    ),
    severity=Severity.VOID,
    look=_metric,
)


def _order(result: ResultSubject) -> Iterator[Remark]:
    log = result.performance
    yield from _ascending(log, "result_min_latency_ns", "result_max_latency_ns", of_queries=False)
    yield from _mean(log, "result_mean_latency_ns", log.min_latency_ns, log.mean_latency_ns, log.max_latency_ns)
    if log.scenario == Scenario.MULTI_STREAM:
        yield from _ascending(log, "result_min_query_latency_ns", "result_max_query_latency_ns", of_queries=True)
        shortest = log.scan.integer("result_min_query_latency_ns")
        mean, longest = log.mean_query_latency_ns, log.max_query_latency_ns
        yield from _mean(log, "result_mean_query_latency_ns", shortest, mean, longest)


def _ascending(log: RunLog, first: str, last: str, *, of_queries: bool) -> Iterator[Remark]:
    keys = [first, *(log.latency_key(label, of_queries=of_queries) for label in PERCENTILES), last]
    values = [log.scan.integer(key) for key in keys]
    for key, before, value in zip(keys[1:], values, values[1:], strict=False):
        if value < before:
            yield at(log, key, found=format_ns(value), expected=f"{format_ns(before)} or more, as the one before")


def _mean(log: RunLog, key: str, shortest: int, mean: int, longest: int) -> Iterator[Remark]:
    if shortest <= mean <= longest:
        return
    samples = log.query_count * log.generated_samples_per_query
    overflow = samples * longest >= 1 << 63
    yield Remark(
        path=log.path,
        line=log.scan.line(key),
        found=f"a mean of {format_ns(mean)}",
        expected=f"between {format_ns(shortest)} and {format_ns(longest)}",
        hint="LoadGen's own sum overflows at so many samples." if overflow else "",
        lighter=Severity.NOTE if overflow else None,
    )


ORDER = Check(
    text=CheckText(
        code="INF067",
        title="Latencies ascend from the shortest over the percentiles to the longest",
        why="Percentiles of one list are in order; numbers of two lists often are not.",
        clause=COMPUTED,
        example="closed/…/run_1/mlperf_log_detail.txt:80: found 12 ms, expected 14 ms or more, as the one before",
        fix="Hand in the log as LoadGen wrote it.",
        official=False,
    ),
    severity=Severity.VOID,
    look=_order,
)


def _flags(result: ResultSubject) -> Iterator[Remark]:
    log = result.performance
    if log.validity != "VALID":
        return
    flags = [("result_min_duration_met", log.min_duration_met), ("result_min_queries_met", log.min_queries_met)]
    if log.scenario == Scenario.SERVER:
        flags.append(("result_perf_constraints_met", log.latency_met))
        tail_ns = log.latency_ns("99.00")
        if log.target_percentile == 0.99 and tail_ns > log.target_latency_ns:
            found = f"p99 {format_ns(tail_ns)}"
            key = log.latency_key("99.00")
            yield at(log, key, found=found, expected=f"{format_ns(log.target_latency_ns)} or less in a VALID run")
    for key, is_met in flags:
        if not is_met:
            yield at(log, key, found="false", expected="true in a VALID run")


FLAGS = Check(
    text=CheckText(
        code="INF068",
        title="A VALID run met its conditions",
        why="VALID means that all conditions hold; one that does not was not written by LoadGen.",
        clause="loadgen/loadgen.cc, PerformanceSummary::LogDetail (mlcommons/inference v2.0)",
        example="closed/…/run_1/mlperf_log_detail.txt:67: found false, expected true in a VALID run",
        fix="Hand in the log as LoadGen wrote it.",
        official=False,
    ),
    severity=Severity.VOID,
    look=_flags,
)


def _generated(result: ResultSubject) -> Iterator[Remark]:
    log = result.performance
    generated, issued = log.generated_query_count, log.query_count
    whole = log.scenario in {Scenario.SERVER, Scenario.OFFLINE}
    if issued > generated or (whole and issued != generated):
        expected = f"{generated}, as generated" if whole else f"{generated} or fewer, as generated"
        yield at(log, "result_query_count", found=f"{issued} queries", expected=expected)
    set_per_query, made_per_query = log.samples_per_query, log.generated_samples_per_query
    rounded = ran_under(result).equal_issue and log.scenario == Scenario.OFFLINE
    if made_per_query < set_per_query or (made_per_query > set_per_query and not rounded):
        found = f"{made_per_query} samples per query"
        yield at(log, "generated_samples_per_query", found=found, expected=f"{set_per_query}, as was set")


GENERATED = Check(
    text=CheckText(
        code="INF069",
        title="No more queries were counted than generated",
        why="LoadGen generates all queries before the run; in Server and Offline all of them are issued.",
        clause="loadgen/loadgen.cc, GenerateQueries (mlcommons/inference v2.0)",
        example="closed/…/run_1/mlperf_log_detail.txt:69: found 90000 queries, expected 78000, as generated",
        fix="Hand in the log as LoadGen wrote it.",
        official=False,
    ),
    severity=Severity.VOID,
    look=_generated,
)

MEASURED_CHECKS = (DURATION, METRIC, ORDER, FLAGS, GENERATED)
