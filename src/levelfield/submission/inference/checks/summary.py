"""Check of the summary against the detail log: both were written by one run."""

from __future__ import annotations

from collections.abc import Iterator

from levelfield.formats.loadgen_summary import Summary
from levelfield.submission.check import Check, Remark
from levelfield.submission.finding import Severity
from levelfield.submission.inference.records import RunLog
from levelfield.submission.inference.subjects import SUMMARY, ResultSubject
from levelfield.submission.report import CheckText

__all__ = ["SUMMARY_CHECKS", "disagreements"]

TEXTS = {"SUT name": "sut_name", "Scenario": "effective_scenario", "Mode": "effective_test_mode"}
VALIDITY = {"Result is": "result_validity"}
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
LATENCIES = {"Min": "min_{}latency_ns", "Max": "max_{}latency_ns", "Mean": "mean_{}latency_ns"}
PERCENTILES = ("50.00", "90.00", "95.00", "97.00", "99.00", "99.90")


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
    for label, key in (*TEXTS.items(), *VALIDITY.items()):
        if key in log.scan and said.get(label) != log.scan.text(key):
            yield _differs(path, label, said.get(label), log.scan.text(key), log, key)
    for label, key in (*COUNTS.items(), *_latency_keys(log)):
        if key in log.scan and said.get(label) != str(log.scan.integer(key)):
            yield _differs(path, label, said.get(label), str(log.scan.integer(key)), log, key)
    for label, key in RATES.items():
        if key in log.scan and not _same_rate(said.get(label, ""), log.scan.number(key)):
            yield _differs(path, label, said.get(label), f"{log.scan.number(key):g}", log, key)
    for what, count, events in (
        ("warnings", summary.warning_count, log.scan.warnings),
        ("errors", summary.error_count, log.scan.errors),
    ):
        if count is not None and count != len(events):
            yield Remark(path=path, found=f"{count} {what}", expected=f"{len(events)}, as in the detail log")


def _values(summary: Summary) -> dict[str, str]:
    """The text behind each label, the first where one is repeated."""
    said: dict[str, str] = {}
    for section in summary.sections:
        for line in section.lines:
            label, colon, value = line.partition(":")
            if colon:
                said.setdefault(label.strip(), value.strip())
    return said


def _latency_keys(log: RunLog) -> Iterator[tuple[str, str]]:
    """Labels of latencies, and the keys of the same in the detail log: of queries in MultiStream."""
    per_query = "result_99.00_percentile_per_query_latency_ns" in log.scan
    for label, key in LATENCIES.items():
        yield f"{label} latency (ns)", "result_" + key.format("query_" if per_query else "")
    for label in PERCENTILES:
        yield f"{label} percentile latency (ns)", log.latency_key(label, of_queries=per_query)


def _same_rate(text: str, rate: float) -> bool:
    """The summary prints two decimals or six digits, the detail log six digits."""
    try:
        said = float(text)
    except ValueError:
        return False
    return abs(said - rate) <= 0.0051 + 1.1e-5 * abs(rate)


def _differs(path: str, label: str, said: str | None, logged: str, log: RunLog, key: str) -> Remark:
    found = f"no {label}" if said is None else f"{label}: {said}"
    return Remark(path=path, found=found, expected=f"{logged}, as in line {log.scan.line(key)} of the detail log")


def _agrees(result: ResultSubject) -> Iterator[Remark]:
    log = result.performance
    yield from disagreements(result.summary, log, path=f"{result.performance_path}/{SUMMARY}")


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
