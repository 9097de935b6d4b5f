"""Checks of the performance log as a log: every line readable, every value there, no error, and a verdict."""

from __future__ import annotations

from collections.abc import Iterator

from levelfield.errors import FormatError
from levelfield.submission.check import Check, Remark
from levelfield.submission.finding import Severity
from levelfield.submission.inference.records import RunLog
from levelfield.submission.inference.subjects import ResultSubject
from levelfield.submission.report import CheckText
from levelfield.terms import Scenario

__all__ = ["RUN_LOG_CHECKS", "broken_lines", "missing_values"]

CLAUSE = "log_parser.py (mlcommons/inference v2.0)"
SHOWN_LINES = 3
SETTINGS = (
    "version", "system_name", "library_count", "scenario", "mode", "samples_per_query", "target_qps",
    "target_latency_ns", "target_percentile", "min_duration_ms", "min_query_count", "min_sample_count", "qsl_seed",
    "sample_index_seed", "schedule_seed", "accuracy_log_seed", "accuracy_log_sampling_target", "issue_unique",
    "issue_same", "issue_same_index", "performance_sample_count",
)  # fmt: skip
RESULTS = (
    "generated_query_count", "generated_samples_per_query", "generated_duration_ns", "validity", "query_count",
    "min_duration_met", "min_queries_met", "min_latency_ns", "mean_latency_ns", "max_latency_ns",
)  # fmt: skip
BY_SCENARIO: dict[str, tuple[str, ...]] = {
    Scenario.SINGLE_STREAM: (
        "early_stopping_met", "early_stopping_text", "early_stopping_ss_ns", "early_stopping_ms_ns",
        "rate_with_overhead", "rate_without_overhead",
    ),
    Scenario.MULTI_STREAM: (
        "early_stopping_met", "early_stopping_text", "early_stopping_ms_ns", "mean_query_latency_ns",
        "max_query_latency_ns",
    ),
    Scenario.SERVER: (
        "early_stopping_met", "early_stopping_text", "over_latency_count", "scheduled_rate", "completed_rate",
        "latency_met",
    ),
    Scenario.OFFLINE: ("offline_rate",),
}  # fmt: skip
PERCENTILES = ("50.00", "90.00", "95.00", "97.00", "99.00", "99.90")


def broken_lines(log: RunLog) -> Iterator[Remark]:
    """Lines that are no events, and bytes that are no UTF-8."""
    problems = {damaged.number: damaged.problem for damaged in log.scan.damaged}
    for number in log.scan.not_json:
        problems.setdefault(number, "a value that is not JSON")
    for number in sorted(problems)[:SHOWN_LINES]:
        yield Remark(path=log.path, line=number, found=problems[number], expected="an event as LoadGen writes it")
    if len(problems) > SHOWN_LINES:
        more = len(problems) - SHOWN_LINES
        yield Remark(path=log.path, found=f"{more} more such lines", expected="events as LoadGen writes them")
    if not log.scan.is_utf8:
        yield Remark(path=log.path, found="bytes that are not UTF-8", expected="UTF-8")


def missing_values(log: RunLog, names: tuple[str, ...]) -> Iterator[Remark]:
    """Values that the log lacks or that are of another type; many of them at once are one remark."""
    problems = []
    for name in names:
        try:
            getattr(log, name)
        except FormatError as problem:
            key = getattr(RunLog, name).key
            problems.append((key, log.scan.line(key), problem.message))
    for key, line, _ in problems[:SHOWN_LINES]:
        found = f"{key} {log.scan.spelling(key)}" if line else f"no {key}"
        yield Remark(path=log.path, line=line, found=found, expected="a value of LoadGen's type")
    if len(problems) > SHOWN_LINES:
        more = len(problems) - SHOWN_LINES
        yield Remark(path=log.path, found=f"{more} more values missing", expected="a log that was written to its end")


def _lines(result: ResultSubject) -> Iterator[Remark]:
    yield from broken_lines(result.performance)


LINES = Check(
    text=CheckText(
        code="INF050",
        title="Every line of the performance log can be read",
        why="The official parser gives the result up at the first line that is no JSON; a damaged log proves nothing.",
        clause=CLAUSE,
        example="closed/…/run_1/mlperf_log_detail.txt:57: found Unterminated string, expected an event",
        fix="Hand in the log as LoadGen wrote it; never edit or re-encode it.",
        official=True,
    ),
    severity=Severity.VOID,
    look=_lines,
)


def _values(result: ResultSubject) -> Iterator[Remark]:
    log = result.performance
    yield from missing_values(
        log, (*SETTINGS, *RESULTS, *BY_SCENARIO.get(log.scan.spelling("effective_scenario").strip('"'), ()))
    )
    if log.scan.line("effective_scenario") and log.scenario not in set(Scenario):
        line = log.scan.line("effective_scenario")
        yield Remark(path=log.path, line=line, found=f"scenario {log.scenario!r}", expected=", ".join(Scenario))
    missing = [label for label in PERCENTILES if log.latency_key(label) not in log.scan]
    if missing and log.scan.line("result_validity"):
        yield Remark(path=log.path, found=f"no percentile {missing[0]}", expected=", ".join(PERCENTILES))


VALUES = Check(
    text=CheckText(
        code="INF051",
        title="The performance log holds every value of a finished run",
        why="A run that was cut off, or a log from another tool, lacks the values that the rules are about.",
        clause="loadgen/loadgen.cc, PerformanceSummary::LogDetail (mlcommons/inference v2.0)",
        example="closed/…/run_1/mlperf_log_detail.txt: found no result_query_count, expected a value of LoadGen's type",
        fix="Hand in the whole log of a run that ended by itself.",
        official=True,
    ),
    severity=Severity.VOID,
    look=_values,
)


def _validity(result: ResultSubject) -> Iterator[Remark]:
    log = result.performance
    if log.validity != "VALID":
        line = log.scan.line("result_validity")
        reason = log.scan.spelling("result_invalid_reason")
        yield Remark(path=log.path, line=line, found=log.validity, expected="VALID", hint=reason.strip('"'))


VALIDITY = Check(
    text=CheckText(
        code="INF052",
        title="LoadGen calls the run VALID",
        why="An INVALID run missed its duration, its queries, its latency limit or early stopping.",
        clause="submission-checker.py, check_performance_dir (mlcommons/inference v2.0)",
        example="closed/…/run_1/mlperf_log_detail.txt:66: found INVALID, expected VALID",
        fix="Run again; the log's result_invalid_reason says what to change.",
        official=True,
    ),
    severity=Severity.VOID,
    look=_validity,
)


def _errors(result: ResultSubject) -> Iterator[Remark]:
    log = result.performance
    for event in log.scan.errors[:SHOWN_LINES]:
        yield Remark(path=log.path, line=event.number, found=event.value_text[:120], expected="no error")
    if len(log.scan.errors) > SHOWN_LINES:
        yield Remark(path=log.path, found=f"{len(log.scan.errors) - SHOWN_LINES} more errors", expected="no error")


ERRORS = Check(
    text=CheckText(
        code="INF053",
        title="The performance log has no error line",
        why="LoadGen calls a run VALID that logged an error; the official checker drops it.",
        clause="submission-checker.py, find_error_in_detail_log (mlcommons/inference v2.0)",
        example='closed/…/run_1/mlperf_log_detail.txt:58: found "Ending early: …", expected no error',
        fix="Mend the cause and run again.",
        official=True,
    ),
    severity=Severity.VOID,
    look=_errors,
)

RUN_LOG_CHECKS = (LINES, VALUES, VALIDITY, ERRORS)
