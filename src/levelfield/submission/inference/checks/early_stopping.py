"""Checks of early stopping: the condition, and every number that LoadGen derives from the count of queries."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from levelfield.stats.early_stopping import minimum_queries, most_over_bound, queries_needed
from levelfield.submission.check import CannotLook, Check, Remark
from levelfield.submission.finding import Severity
from levelfield.submission.inference.checks.measured import PERCENTILES
from levelfield.submission.inference.checks.run_settings import at, ran_under
from levelfield.submission.inference.records import RunLog
from levelfield.submission.inference.subjects import ResultSubject
from levelfield.submission.report import CheckText
from levelfield.terms import Scenario

__all__ = ["EARLY_STOPPING_CHECKS"]

PROCESSED = re.compile(r" \* Processed at least (\d+) queries \((\d+)\)\.")
DISCARDED = re.compile(r" \* Would discard (\d+) highest latency queries\.")
TOO_FEW = re.compile(r" \* Only processed (\d+) queries\.\s+\* Need to process at least (\d+) queries")
ESTIMATES = re.compile(r"Early stopping (\d+)th percentile estimate: (\d+)")

MOST_QUERIES = 10**9
"""Three times what the fastest published run had; the work grows with the root."""

_most_over_bound = cache(most_over_bound)
_queries_needed = cache(queries_needed)


def _met(result: ResultSubject) -> Iterator[Remark]:
    log = result.performance
    if ran_under(result).early_stopping and not log.early_stopping_met:
        yield at(
            log, "early_stopping_met", found="false", expected="true", hint=log.early_stopping_text.strip(" *")[:200]
        )


MET = Check(
    text=CheckText(
        code="INF058",
        title="The early-stopping condition is met",
        why="Without it the tail of the latencies is not known with 99 % confidence.",
        clause="inference_rules.adoc, Early Stopping (inference_policies cbf38b90)",
        example="closed/…/run_1/mlperf_log_detail.txt:69: found false, expected true",
        fix="Run longer, so that more queries are processed.",
        official=True,
    ),
    severity=Severity.VOID,
    look=_met,
)


def _recomputed(result: ResultSubject) -> Iterator[Remark]:
    log = result.performance
    if not 0 < log.query_count <= MOST_QUERIES or not 0 < log.target_percentile < 1:
        raise CannotLook(f"{log.path}: {log.query_count} queries at {log.target_percentile} cannot be recomputed")
    match log.scenario:
        case Scenario.SERVER:
            remarks = _server(log)
        case Scenario.SINGLE_STREAM:
            remarks = _single_stream(log)
        case Scenario.MULTI_STREAM:
            remarks = _stream(log, log.early_stopping_ms_ns, "early_stopping_latency_ms")
        case _:
            return
    prototype = any(log.commit.startswith(one) for one in result.reader.rules.early_stopping_prototypes)
    for remark in remarks:
        yield _lighter(remark) if prototype else remark


def _lighter(remark: Remark) -> Remark:
    """The same, for a revision of LoadGen that computed otherwise."""
    return Remark(
        path=remark.path,
        line=remark.line,
        found=remark.found,
        expected=remark.expected,
        hint="This revision of LoadGen had a prototype of early stopping.",
        lighter=Severity.NOTE,
    )


def _single_stream(log: RunLog) -> Iterator[Remark]:
    yield from _stream(log, log.early_stopping_ss_ns, "early_stopping_latency_ss")
    over_bound = _most_over_bound(log.query_count, 0.99)
    estimate = log.early_stopping_ms_ns
    if over_bound is None:
        if estimate:
            found = f"{estimate} from {log.query_count} queries"
            yield at(log, "early_stopping_latency_ms", found=found, expected=f"0 below {minimum_queries(0.99)} queries")
        return
    yield from _between_percentiles(log, estimate, "early_stopping_latency_ms", log.query_count - over_bound)
    said = dict(ESTIMATES.findall(log.early_stopping_text)).get("99")
    if said is not None and int(said) != estimate:
        yield at(log, "early_stopping_latency_ms", found=f"{estimate}", expected=f"{said}, as in the text")


def _stream(log: RunLog, estimate: int, key: str) -> Iterator[Remark]:
    """SingleStream and MultiStream: how many queries may be discarded follows from their number alone."""
    queries, percentile, text = log.query_count, log.target_percentile, log.early_stopping_text
    over_bound = _most_over_bound(queries, percentile)
    if log.early_stopping_met != (over_bound is not None):
        found = f"{str(log.early_stopping_met).lower()} for {queries} queries"
        yield at(log, "early_stopping_met", found=found, expected=f"true from {minimum_queries(percentile)} queries on")
        return
    if over_bound is None:
        numbers = TOO_FEW.search(text)
        if not numbers or int(numbers[1]) != queries:
            yield at(log, "early_stopping_result", found=text[:60], expected=f"only {queries} queries processed")
        return
    processed, discarded = PROCESSED.search(text), DISCARDED.search(text)
    if not processed or int(processed[2]) != queries:
        found = processed[0].strip(" *") if processed else text[:60]
        yield at(log, "early_stopping_result", found=found, expected=f"{queries} queries, as counted")
    if not discarded or int(discarded[1]) != over_bound - 1:
        found = discarded[0].strip(" *") if discarded else text[:60]
        yield at(log, "early_stopping_result", found=found, expected=f"{over_bound - 1} for {queries} queries")
    said = dict(ESTIMATES.findall(text)).get(f"{percentile * 100:.0f}")
    if said is None or int(said) != estimate:
        yield at(log, key, found=f"{estimate}", expected=f"{said or 'an estimate'}, as in the text")
    yield from _between_percentiles(log, estimate, key, queries - over_bound)


def _between_percentiles(log: RunLog, estimate: int, key: str, index: int) -> Iterator[Remark]:
    """The estimate is one of the ascending latencies, so it lies between the logged percentiles around it."""
    queries, of_queries = log.query_count, log.scenario == Scenario.MULTI_STREAM
    for label in PERCENTILES:
        value = log.latency_ns(label, of_queries=of_queries)
        at_index = int(queries * (float(label) / 100))
        if at_index <= index and value > estimate:
            yield at(log, key, found=f"{estimate}", expected=f"{value} or more, which is p{label}")
        if at_index >= index and value < estimate:
            yield at(log, key, found=f"{estimate}", expected=f"{value} or less, which is p{label}")


def _server(log: RunLog) -> Iterator[Remark]:
    queries, over = log.query_count, log.over_latency_count
    if not 0 <= over <= queries:
        yield at(log, "result_overlatency_query_count", found=f"{over}", expected=f"0 to {queries}")
        return
    needed = _queries_needed(over, log.target_percentile)
    if log.early_stopping_met != (queries >= needed):
        found = f"{str(log.early_stopping_met).lower()} for {queries} queries, {over} of them over the limit"
        yield at(log, "early_stopping_met", found=found, expected=f"true from {needed} queries on")
    for label in PERCENTILES:
        index = int(queries * (float(label) / 100))
        is_over = log.latency_ns(label) > log.target_latency_ns
        if is_over != (over >= queries - index):
            found = f"{over} queries over the limit"
            expected = f"{'at least' if is_over else 'fewer than'} {queries - index}, as p{label} says"
            yield at(log, "result_overlatency_query_count", found=found, expected=expected)
            return


RECOMPUTED = Check(
    text=CheckText(
        code="INF066",
        title="Early stopping computed again gives the log's numbers",
        why="The published latency of SingleStream and MultiStream is its estimate; it depends on the count alone.",
        clause="loadgen/early_stopping.cc, PerformanceSummary::EarlyStopping (mlcommons/inference v2.0)",
        example="closed/…/run_1/mlperf_log_detail.txt:70: found Would discard 0, expected 728 for 7914 queries",
        fix="Hand in the log as LoadGen wrote it, made by a released revision.",
        official=False,
    ),
    severity=Severity.VOID,
    look=_recomputed,
)

EARLY_STOPPING_CHECKS = (MET, RECOMPUTED)
