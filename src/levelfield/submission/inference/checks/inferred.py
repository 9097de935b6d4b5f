"""Checks of results that are computed from the log of another scenario."""

from __future__ import annotations

from collections.abc import Iterator

from levelfield.submission.check import Check, Remark
from levelfield.submission.finding import Severity
from levelfield.submission.inference.checks.run_settings import at
from levelfield.submission.inference.subjects import ResultSubject
from levelfield.submission.report import CheckText
from levelfield.terms import Suite

__all__ = ["INFERRED_CHECKS"]

CLAUSE = "inference_rules.adoc, Constraints for the Closed division (inference_policies cbf38b90)"


def _pair(result: ResultSubject) -> Iterator[Remark]:
    if result.scenario is None or not result.is_inferred:
        return
    log = result.performance
    allowed = [one.source for one in result.reader.rules.inferred if one.target == result.scenario]
    if log.scenario not in allowed:
        expected = " or ".join((result.scenario, *allowed))
        yield at(log, "effective_scenario", found=f"a {log.scenario} run for {result.scenario}", expected=expected)


PAIR = Check(
    text=CheckText(
        code="INF100",
        title="The log is of the folder's scenario, or of one that it may be inferred from",
        why="Edge allows three inferences; the official checker prints a number of the wrong kind for any other pair.",
        clause=CLAUSE,
        example="closed/…/Server/performance/run_1/mlperf_log_detail.txt:33: found an Offline run for Server",
        fix="Run the scenario of the folder.",
        official=False,
    ),
    severity=Severity.VOID,
    in_open=Severity.WARNING,
    look=_pair,
)


def _edge(result: ResultSubject) -> Iterator[Remark]:
    suites = result.system.suites
    if result.scenario is None or suites is None or Suite.EDGE in suites or not result.is_inferred:
        return
    log = result.performance
    yield at(
        log,
        "effective_scenario",
        found=f"{result.scenario} inferred from {log.scenario} on a datacenter system",
        expected="inference on edge systems only",
    )


EDGE = Check(
    text=CheckText(
        code="INF101",
        title="Results are inferred on edge systems only",
        why="The rules allow it for edge; the official checker does not look.",
        clause=CLAUSE,
        example="closed/…/Offline/performance/run_1/mlperf_log_detail.txt:33: found Offline inferred from …",
        fix="Run the scenario.",
        official=False,
    ),
    severity=Severity.VOID,
    in_open=Severity.WARNING,
    look=_edge,
)


def _estimate(result: ResultSubject) -> Iterator[Remark]:
    if result.scenario is None or not result.is_inferred:
        return
    log = result.performance
    for inferred in result.reader.rules.inferred:
        if (inferred.source, inferred.target) == (log.scenario, result.scenario) and not log.scan.number(
            inferred.field
        ):
            yield at(log, inferred.field, found="0", expected=f"a value to infer {result.scenario} from")


ESTIMATE = Check(
    text=CheckText(
        code="INF102",
        title="There is a value to infer from",
        why="Below 662 queries LoadGen writes 0 for the 99th percentile: nothing can be inferred from that.",
        clause="submission-checker.py, check_performance_dir (mlcommons/inference v2.0)",
        example="closed/…/MultiStream/performance/run_1/mlperf_log_detail.txt:74: found 0, expected a value",
        fix="Run SingleStream with more queries, or run the scenario itself.",
        official=True,
    ),
    severity=Severity.VOID,
    look=_estimate,
)

INFERRED_CHECKS = (PAIR, EDGE, ESTIMATE)
