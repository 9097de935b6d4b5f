"""The score that audits compare: the headline of the summary log, checked against the detail log and the raw record.

It is not the metric of a submission: in SingleStream and MultiStream the plain percentile counts here, not the
early-stopping estimate (``verify_performance.py`` of mlcommons/inference at v2.0).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from levelfield.errors import FormatError
from levelfield.formats.loadgen_line import format_double
from levelfield.formats.loadgen_log import DetailLog, read_detail_log
from levelfield.formats.loadgen_summary import Summary, read_summary
from levelfield.loadgen.measurement import Measurement
from levelfield.loadgen.statistics import Statistics, summarise
from levelfield.terms import Scenario

__all__ = ["SUMMARY", "AuditLogs", "is_latency", "read_audit_logs", "same_score", "score_value"]

SUMMARY = "mlperf_log_summary.txt"
SIX_DIGITS, TWO_DECIMALS = 1e-5, 0.0051
"""The detail log has six significant digits of a double, the summary has two decimals of Server's rate."""
LABELS = {
    Scenario.SINGLE_STREAM: ("90th percentile latency (ns)", "90.0th percentile latency (ns)"),
    Scenario.MULTI_STREAM: ("99th percentile latency (ns)", "99.0th percentile latency (ns)"),
    Scenario.SERVER: ("Scheduled samples per second", "Completed samples per second"),
    Scenario.OFFLINE: ("Samples per second",),
}
"""In the summary, by profile: v2.0, then v6."""
KEYS = {
    Scenario.SINGLE_STREAM: ("result_90.00_percentile_latency_ns",),
    Scenario.MULTI_STREAM: ("result_99.00_percentile_per_query_latency_ns",),
    Scenario.SERVER: ("result_scheduled_samples_per_sec", "result_completed_samples_per_sec"),
    Scenario.OFFLINE: ("result_samples_per_second",),
}
"""In the detail log, of the same labels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLogs:
    """The logs of one run that an audit looks at, read once."""

    folder: Path
    summary: Summary
    detail: DetailLog
    scenario: Scenario
    score: str
    """The headline as the summary spells it."""

    @property
    def value(self) -> float:
        """The score as a number: ns, or samples per second."""
        return float(self.score)

    @property
    def valid(self) -> bool:
        """Whether the log calls the run VALID."""
        return self.summary.validity == "VALID"


def is_latency(scenario: Scenario) -> bool:
    """Whether the score is a latency, where less is better."""
    return scenario in {Scenario.SINGLE_STREAM, Scenario.MULTI_STREAM}


def read_audit_logs(folder: Path) -> AuditLogs:
    """Read the summary and the detail log of a performance run.

    Raises:
        InputError: One of them cannot be read.
        FormatError: The summary holds no scenario or no score that is a number above 0, or the detail log another.
    """
    path = folder / SUMMARY
    summary, detail = read_summary(path), read_detail_log(folder / "mlperf_log_detail.txt")
    said = summary.value("Scenario")
    if said not in set(Scenario):
        raise FormatError(path, "Scenario", repr(said), "one of LoadGen's scenarios")
    scenario = Scenario(said)
    found = [(label, number) for number, label in enumerate(LABELS[scenario]) if summary.value(label) is not None]
    if not found:
        raise FormatError(path, "results", f"no line {LABELS[scenario][0]!r}", "the score of the run")
    label, number = found[0]
    score = summary.value(label) or ""
    if not _is_positive(score):
        raise FormatError(path, label, repr(score), "a number above 0")
    again = detail.number(KEYS[scenario][number])
    if not same_score(again, float(score)):
        raise FormatError(path, label, score, f"{format_double(again)}, as the detail log has it")
    return AuditLogs(folder=folder, summary=summary, detail=detail, scenario=scenario, score=score)


def same_score(one: float, other: float) -> bool:
    """Whether two spellings can be of the same score."""
    return abs(one - other) <= max(SIX_DIGITS * abs(one), TWO_DECIMALS)


def score_value(measurement: Measurement, statistics: Statistics | None = None) -> float | None:
    """The same score, computed from the raw record; ``None`` where there is none."""
    found = statistics or summarise(measurement)
    match found.scenario:
        case Scenario.SINGLE_STREAM | Scenario.MULTI_STREAM:
            return float(found.headline.target_ns)
        case Scenario.SERVER:
            return found.scheduled_samples_per_s
        case Scenario.OFFLINE:
            return found.offline_samples_per_s


def _is_positive(text: str) -> bool:
    try:
        return 0 < float(text) < float("inf")
    except ValueError:
        return False
