"""Check of the summary against the detail log: both were written by one run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from levelfield.submission.check import CannotLook, Check, Remark
from levelfield.submission.finding import Severity
from levelfield.submission.inference.records import RunLog
from levelfield.submission.inference.subjects import SUMMARY, ResultSubject
from levelfield.submission.report import CheckText

if TYPE_CHECKING:
    from levelfield.formats.loadgen_summary import Summary

__all__ = ["SUMMARY_CHECKS", "disagreements"]

TEXTS = {
    "SUT name": "sut_name",
    "Scenario": "effective_scenario",
    "Mode": "effective_test_mode",
    "Result is": "result_validity",
}
COUNTS = {
    "samples_per_query": "effective_samples_per_query",
    "target_latency (ns)": "effective_target_latency_ns",
    "min_duration (ms)": "effective_min_duration_ms",
    "min_query_count": "effective_min_query_count",
    "qsl_rng_seed": "effective_qsl_rng_seed",
    "sample_index_rng_seed": "effective_sample_index_rng_seed",
    "schedule_rng_seed": "effective_schedule_rng_seed",
    "accuracy_log_sampling_target": "effective_accuracy_log_sampling_target",
    "performance_sample_count": "effective_performance_sample_count",
}
RATES = {
    "Samples per second": "result_samples_per_second",
    "Scheduled samples per second": "result_scheduled_samples_per_sec",
    "Completed samples per second": "result_completed_samples_per_sec",
    "QPS w/ loadgen overhead": "result_qps_with_loadgen_overhead",
    "QPS w/o loadgen overhead": "result_qps_without_loadgen_overhead",
}
PERCENTILES = ("50.00", "90.00", "95.00", "97.00", "99.00", "99.90")
OF_QUERIES = RunLog.latency_key("99.00", of_queries=True)
"""In logs of MultiStream, whose summary has the latencies of queries under the same labels."""
LATENCIES_OF_SAMPLES = {
    f"{word} latency (ns)": f"result_{word.lower()}_latency_ns" for word in ("Min", "Max", "Mean")
} | {f"{label} percentile latency (ns)": RunLog.latency_key(label) for label in PERCENTILES}
LATENCIES_OF_QUERIES = {
    f"{word} latency (ns)": f"result_{word.lower()}_query_latency_ns" for word in ("Min", "Max", "Mean")
} | {f"{label} percentile latency (ns)": RunLog.latency_key(label, of_queries=True) for label in PERCENTILES}


def disagreements(summary: Summary, log: RunLog, *, path: str) -> Iterator[Remark]:
    """What the summary says otherwise than the detail log.

    Args:
        summary: Of the same run, or so it claims.
        log: The detail log.
        path: The summary's file.
    """
    said = _values(summary)
    if summary.error_count is None:
        yield Remark(path=path, found="no totals of warnings and errors", expected="a summary written to its end")
    for label, key in _compared(log):
        logged = log.scan.spelled(key)
        if logged is None:
            continue
        value = said.get(label, "")
        if value.encode() == logged.strip(b'"') or (label in RATES and _same_rate(value, log.scan.number(key))):
            continue
        if label not in TEXTS or value != log.scan.text(key):
            found = f"{label}: {value}" if label in said else f"no {label}"
            expected = f"{log.scan.spelling(key)}, as in line {log.scan.line(key)} of the detail log"
            yield Remark(path=path, found=found, expected=expected)
    for what, count, events in (
        ("warnings", summary.warning_count, log.scan.warnings),
        ("errors", summary.error_count, log.scan.errors),
    ):
        if count is not None and count != len(events):
            yield Remark(path=path, found=f"{count} {what}", expected=f"{len(events)}, as in the detail log")


def _values(summary: Summary) -> dict[str, str]:
    """The text behind each label, the first where one is repeated."""
    parts = [line.partition(":") for section in summary.sections for line in section.lines]
    return {label.strip(): value.strip() for label, colon, value in reversed(parts) if colon}


def _compared(log: RunLog) -> Iterator[tuple[str, str]]:
    """Labels, and the keys of the same in the detail log."""
    for table in (TEXTS, COUNTS, RATES, LATENCIES_OF_QUERIES if OF_QUERIES in log.scan else LATENCIES_OF_SAMPLES):
        yield from table.items()


def _same_rate(text: str, rate: float) -> bool:
    """The summary prints two decimals or six digits, the detail log six digits."""
    try:
        said = float(text)
    except ValueError:
        return False
    return abs(said - rate) <= 0.0051 + 1.1e-5 * abs(rate)


def _agrees(result: ResultSubject) -> Iterator[Remark]:
    log, path = result.performance, f"{result.performance_path}/{SUMMARY}"
    try:
        summary = result.summary
    except CannotLook as problem:
        if not result.reader.has(path):
            raise
        yield Remark(path=path, found=f"no summary: {problem}", expected="LoadGen's summary of the run")
        return
    yield from disagreements(summary, log, path=path)


AGREES = Check(
    text=CheckText(
        code="INF070",
        title="Summary and detail log say the same",
        why="People read the summary and tools the detail log; they differ only where one was edited or swapped.",
        clause="loadgen/loadgen.cc, PerformanceSummary (mlcommons/inference v2.0)",
        example="closed/…/run_1/mlperf_log_summary.txt: found Result is: VALID, expected INVALID, as in line 66",
        fix="Hand in both files of the same run, as LoadGen wrote them.",
        official=False,
    ),
    severity=Severity.VOID,
    look=_agrees,
)

SUMMARY_CHECKS = (AGREES,)
