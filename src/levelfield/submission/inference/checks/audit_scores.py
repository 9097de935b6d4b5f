"""Checks of what compliance tests compare: the score against the result's, and accuracy in performance mode.

The score is the headline of LoadGen's summary: the raw percentile in SingleStream and MultiStream, not the estimate of
early stopping. Where a latency is the score, faster means smaller; the official script of TEST04 takes MultiStream for
a throughput.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from levelfield.rules.model import Audit
from levelfield.submission.check import CannotLook, Check, Remark
from levelfield.submission.finding import Severity
from levelfield.submission.inference.checks.accuracy import truncated_problem
from levelfield.submission.inference.records import AccuracyText, RunLog
from levelfield.submission.inference.subjects import ACCURACY_LOG, AuditSubject
from levelfield.submission.report import CheckText
from levelfield.terms import Scenario

__all__ = ["AUDIT_SCORE_CHECKS", "score_of"]

OFFICIAL = "submission-checker.py, check_compliance_acc_dir (mlcommons/inference v2.0)"
SCORES = "compliance/nvidia, verify_performance.py, verify_test4_performance.py (mlcommons/inference v2.0)"
ACCURACY = "compliance/nvidia/TEST01/README.md (mlcommons/inference v2.0)"
SCORE_KEYS: dict[str, str] = {
    Scenario.SINGLE_STREAM: "result_90.00_percentile_latency_ns",
    Scenario.MULTI_STREAM: "result_99.00_percentile_per_query_latency_ns",
    Scenario.SERVER: "result_scheduled_samples_per_sec",
    Scenario.OFFLINE: "result_samples_per_second",
}
MISMATCH = re.compile(rb"^num_perf_log_data_mismatch = (\d+)", re.MULTILINE)
MISSING = re.compile(rb"^num_missing_qsl_idxs = (\d+)", re.MULTILINE)


def score_of(log: RunLog) -> tuple[str, float]:
    """The key of the score that compliance tests compare, and its value: ns, or samples per second.

    Raises:
        CannotLook: The log is of a scenario without one.
    """
    key = SCORE_KEYS.get(log.scenario)
    if key is None:
        raise CannotLook(f"{log.path}: {log.scenario!r} is no scenario")
    return key, log.scan.number(key)


def _reference(audit: AuditSubject) -> RunLog | None:
    """The run that the test is compared with."""
    match audit.audit.compared_with:
        case None:
            return None
        case "performance":
            return audit.result.performance
        case name:
            return next(other.run for other in audit.result.audits if other.audit.name == name)


def _score(audit: AuditSubject) -> Iterator[Remark]:
    reference = _reference(audit)
    if reference is None:
        return
    log = audit.run
    if log.scenario != reference.scenario:
        raise CannotLook("the scenarios differ, which another check reports")
    key, score = score_of(log)
    _, before = score_of(reference)
    bound = _bound(audit.audit, reference, before)
    if bound is None:
        return
    is_latency = log.scenario in {Scenario.SINGLE_STREAM, Scenario.MULTI_STREAM}
    share = score / before - 1 if before else float("inf")
    faster = -share if is_latency else share
    both_ways = audit.audit.thresholds.faster_fraction is None
    if not faster < bound or (both_ways and not faster > -bound):
        word = f"less than {bound:.0%} {'off' if both_ways else 'faster than'} {before:.10g} of {reference.path}"
        # By the official script's arithmetic, which takes MultiStream for a throughput, a faster run passes.
        passes_there = log.scenario == Scenario.MULTI_STREAM and not both_ways
        yield Remark(
            path=log.path,
            line=log.scan.line(key),
            found=f"{score:.10g}, {abs(faster):.1%} {'faster' if faster > 0 else 'slower'}",
            expected=word,
            hint="The official script lets it pass, taking MultiStream for a throughput." if passes_there else "",
            lighter=Severity.WARNING if passes_there else None,
        )


def _bound(audit: Audit, reference: RunLog, latency_ns: float) -> float | None:
    """By which share the score may differ, relaxed where latencies are very short."""
    thresholds = audit.thresholds
    bound = thresholds.performance_fraction if thresholds.faster_fraction is None else thresholds.faster_fraction
    if bound is not None and thresholds.relaxed_fraction and thresholds.relaxed(reference.scenario, latency_ns):
        return thresholds.relaxed_fraction
    return bound


SCORE = Check(
    text=CheckText(
        code="INF128",
        title="The test's score, taken from its log, is within the bounds of the result's",
        why="A system that caches, or is tuned to the seeds, is faster in the result than in the test.",
        clause=SCORES,
        example="closed/…/TEST05/performance/run_1/mlperf_log_detail.txt:71: found 900, 10.2% slower",
        fix="Find out what makes the difference; the official scripts print the same scores.",
        official=False,
    ),
    severity=Severity.VOID,
    look=_score,
)


def _said(audit: AuditSubject) -> Iterator[Remark]:
    if "verify_performance.txt" not in audit.audit.files:
        return
    said = audit.verification("verify_performance.txt")
    pairs = [(said.test_score, _compared_run(audit)), (said.reference_score, _reference_said(audit))]
    for text, log in pairs:
        if not text or log is None:
            continue
        _, score = score_of(log)
        try:
            same = abs(float(text) - score) <= 0.0051 + 1.1e-5 * abs(score)
        except ValueError:
            same = False
        if not same:
            yield Remark(path=said.path, found=f"score {text}", expected=f"{score:.10g}, as in {log.path}")


def _compared_run(audit: AuditSubject) -> RunLog | None:
    """The run whose score the script of this folder prints as the test's: of TEST04-A it is that of TEST04-B."""
    if audit.audit.compared_with is not None:
        return audit.run
    later = (other for other in audit.result.audits if other.audit.compared_with == audit.audit.name)
    return next((other.run for other in later if other.is_there), None)


def _reference_said(audit: AuditSubject) -> RunLog | None:
    return audit.run if audit.audit.compared_with is None else _reference(audit)


SAID = Check(
    text=CheckText(
        code="INF129",
        title="The verification script printed the scores of these runs",
        why="A script that was run on other logs verified something else.",
        clause=SCORES,
        example="closed/…/TEST01/verify_performance.txt: found score 76429022, expected 79000000, as in …",
        fix="Run the verification script again on the logs that are handed in.",
        official=False,
    ),
    severity=Severity.VOID,
    look=_said,
)


def _accuracy_files(audit: AuditSubject) -> Iterator[Remark]:
    if "verify_accuracy.txt" not in audit.audit.files or not audit.is_there:
        return
    tree, needed = audit.reader.tree, [ACCURACY_LOG, "accuracy.txt"]
    try:
        if not audit.verification("verify_accuracy.txt").passed:
            needed += ["baseline_accuracy.txt", "compliance_accuracy.txt"]
    except CannotLook:
        pass  # another check reports the missing file
    for name in needed:
        if tree.file(f"{audit.accuracy_path}/{name}") is None:
            yield Remark(
                path=f"{audit.accuracy_path}/{name}",
                found="no such file",
                expected="this file",
                # It holds the hash alone where the outputs are equal; five published tests lack it.
                lighter=Severity.WARNING if name == "accuracy.txt" else None,
            )


ACCURACY_FILES = Check(
    text=CheckText(
        code="INF130",
        title="The test of accuracy in performance mode has its files",
        why="They are what is compared with the accuracy run.",
        clause=OFFICIAL,
        example="closed/…/TEST01/accuracy/baseline_accuracy.txt: found no such file, expected this file",
        fix="Add the sampled log and its accuracy; where outputs differ, both accuracies of the same samples.",
        official=True,
    ),
    severity=Severity.VOID,
    look=_accuracy_files,
)


def _accuracy_agrees(audit: AuditSubject) -> Iterator[Remark]:
    if "verify_accuracy.txt" not in audit.audit.files:
        return
    path = f"{audit.path}/verify_accuracy.txt"
    data = audit.reader.bytes(path)
    mismatch, missing = MISMATCH.search(data), MISSING.search(data)
    passed = audit.verification("verify_accuracy.txt").passed
    if missing is not None and int(missing[1]):
        found = f"{int(missing[1])} samples that the accuracy run lacks"
        yield Remark(path=path, found=found, expected="every logged sample in the accuracy run")
    if passed:
        if mismatch is not None and int(mismatch[1]):
            yield Remark(path=path, found=f"TEST PASS with {int(mismatch[1])} other outputs", expected="equal outputs")
        return
    yield from _two_accuracies(audit)


def _two_accuracies(audit: AuditSubject) -> Iterator[Remark]:
    """Outputs may differ where computing is not deterministic; then the accuracies of the same samples agree."""
    metrics = audit.result.rule.accuracy
    paths = [f"{audit.accuracy_path}/{name}_accuracy.txt" for name in ("baseline", "compliance")]
    texts = [AccuracyText.parse(audit.reader.bytes(path), metrics, path=path) for path in paths]
    bound = audit.audit.thresholds.accuracy_fraction or 0.0
    for metric in metrics:
        values = []
        for text in texts:
            value = text.value(metric.key)
            if value is None:
                yield Remark(path=text.path, found=f"no {metric.name}", expected="what the accuracy script printed")
            else:
                values.append(float(value))
        if len(values) == 2 and not abs(values[1] - values[0]) <= bound * abs(values[0]):
            found = f"{metric.name} {values[1]:g}"
            yield Remark(path=texts[1].path, found=found, expected=f"{values[0]:g} within {bound:.1%}")


ACCURACY_AGREES = Check(
    text=CheckText(
        code="INF131",
        title="Outputs in performance mode are those of the accuracy run, or equally accurate",
        why="A system that computes less in performance mode is fast and wrong.",
        clause=ACCURACY,
        example="closed/…/TEST01/accuracy/compliance_accuracy.txt: found F1 20.1, expected 28.34 within 1.0%",
        fix="Find out what differs between the two modes.",
        official=False,
    ),
    severity=Severity.VOID,
    look=_accuracy_agrees,
)


def _accuracy_log(audit: AuditSubject) -> Iterator[Remark]:
    if "verify_accuracy.txt" not in audit.audit.files:
        return
    path = f"{audit.accuracy_path}/{ACCURACY_LOG}"
    size, most = audit.reader.entry(path).size, audit.reader.rules.accuracy_log_max_bytes
    if size > most:
        yield Remark(path=path, found=f"{size} bytes", expected=f"{most} at most, truncated", lighter=Severity.WARNING)
        return
    text = AccuracyText.parse(
        audit.reader.bytes(f"{audit.accuracy_path}/accuracy.txt"), (), path=f"{audit.accuracy_path}/accuracy.txt"
    )
    if text.hash is None:
        expected = "the line hash= that the tool adds when it truncates the log"
        yield Remark(path=text.path, found="no hash", expected=expected, lighter=Severity.WARNING)
        return
    problem = truncated_problem(audit.reader.bytes(path), text.hash)
    if problem is not None:
        yield Remark(path=path, found=problem[0], expected=problem[1])


AUDIT_LOG = Check(
    text=CheckText(
        code="INF132",
        title="The test's accuracy log is truncated as the tool does it, or its hash is right",
        why="A log that was cut by hand, or put there afterwards, does not stand for the original.",
        clause="tools/submission/truncate_accuracy_log.py (mlcommons/inference v2.0)",
        example="closed/…/TEST01/accuracy/mlperf_log_accuracy.json: found a whole log whose hash is 12ab…",
        fix="Truncate the original log again with truncate_accuracy_log.py.",
        official=False,
    ),
    severity=Severity.VOID,
    look=_accuracy_log,
)

AUDIT_SCORE_CHECKS = (SCORE, SAID, ACCURACY_FILES, ACCURACY_AGREES, AUDIT_LOG)
