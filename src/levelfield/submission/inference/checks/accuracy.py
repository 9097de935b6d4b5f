"""Checks of the accuracy run: what was achieved, over the whole dataset, and the hash that stands for its log."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from levelfield.submission.check import CannotLook, Check, Remark
from levelfield.submission.finding import Severity
from levelfield.submission.inference.checks.run_log import broken_lines
from levelfield.submission.inference.checks.run_settings import at
from levelfield.submission.inference.subjects import ACCURACY_LOG, ResultSubject
from levelfield.submission.report import CheckText
from levelfield.terms import Mode
from levelfield.units import format_bytes

__all__ = ["ACCURACY_CHECKS", "truncated_problem"]

CLAUSE = "submission-checker.py, check_accuracy_dir (mlcommons/inference v2.0)"
RULES = "inference_rules.adoc, Scenarios (inference_policies cbf38b90)"
SHA256 = re.compile(r"[0-9a-fA-F]{64}")
GOOD = re.compile(rb"^accuracy=([\d.]+)%, good=(\d+), total=(\d+)", re.MULTILINE)
KEPT = 4096
CUT = b"\n\n...\n\n"
NEARLY_ALL = 0.99
"""Of the dataset: the PyTorch path of ssd-resnet34 leaves out the 48 of 5000 images without annotations."""


def _target(result: ResultSubject) -> Iterator[Remark]:
    text, rule = result.accuracy, result.rule
    for metric in rule.accuracy:
        value = text.value(metric.key)
        bound = f"{metric.lower:.8g} or more" + (f", {metric.upper:.8g} or less" if metric.upper is not None else "")
        if value is None:
            yield Remark(path=text.path, found=f"no {metric.name}", expected=bound)
            continue
        try:
            achieved = float(value)
        except ValueError:
            yield Remark(path=text.path, line=text.line, found=f"{metric.name} {value}", expected="a number")
            continue
        if not metric.holds(achieved):
            rounded, lower = float(f"{achieved:.5g}"), float(f"{metric.lower:.5g}")
            yield Remark(
                path=text.path,
                line=text.line,
                found=f"{metric.name} {value}",
                expected=bound,
                hint="It is met after rounding to five digits, which the rules allow." if rounded >= lower else "",
            )


TARGET = Check(
    text=CheckText(
        code="INF080",
        title="The accuracy reaches the target",
        why="A number without the quality of the reference is no result of the closed division.",
        clause="submission-checker.py, accuracy-target (mlcommons/inference v2.0)",
        example="closed/…/accuracy/accuracy.txt:1: found top-1 accuracy 75.1, expected 75.6954 or more",
        fix="Improve the model's accuracy, or submit in open.",
        official=True,
    ),
    severity=Severity.VOID,
    in_open=Severity.NOTE,
    look=_target,
)


def _hash(result: ResultSubject) -> Iterator[Remark]:
    text = result.accuracy
    if text.hash is None:
        yield Remark(path=text.path, found="no line hash=…", expected="the SHA-256 of the whole accuracy log")
    elif not SHA256.fullmatch(text.hash):
        yield Remark(
            path=text.path, line=text.hash_line, found=f"hash={text.hash[:70]}", expected="64 hexadecimal digits"
        )


HASH = Check(
    text=CheckText(
        code="INF081",
        title="accuracy.txt holds the hash of the whole accuracy log",
        why="The log is handed in truncated; the hash is all that ties it to the original.",
        clause="tools/submission/truncate_accuracy_log.py (mlcommons/inference v2.0)",
        example="closed/…/accuracy/accuracy.txt: found no line hash=…, expected the SHA-256 of the whole log",
        fix="Run truncate_accuracy_log.py, which appends it, on the original logs.",
        official=True,
    ),
    severity=Severity.VOID,
    in_open=Severity.WARNING,
    look=_hash,
)


def _log_size(result: ResultSubject) -> Iterator[Remark]:
    path = f"{result.accuracy_path}/{ACCURACY_LOG}"
    if result.accuracy_path not in result.reader.tree:
        return
    entry, most = result.reader.tree.file(path), result.reader.rules.accuracy_log_max_bytes
    if entry is None:
        yield Remark(path=path, found="no such file", expected="the truncated accuracy log")
    elif entry.size > most:
        yield Remark(path=path, found=format_bytes(entry.size), expected=f"{format_bytes(most)} at most, truncated")


LOG_SIZE = Check(
    text=CheckText(
        code="INF082",
        title="The accuracy log is there and truncated",
        why="Accuracy logs of a round would be hundreds of gigabytes; the official checker refuses long ones.",
        clause=CLAUSE,
        example="closed/…/accuracy/mlperf_log_accuracy.json: found 5.21 MiB, expected 10 KiB at most, truncated",
        fix="Run truncate_accuracy_log.py on the tree and keep the originals.",
        official=True,
    ),
    severity=Severity.VOID,
    in_open=Severity.WARNING,
    look=_log_size,
)


def truncated_problem(data: bytes, digest: str | None) -> tuple[str, str] | None:
    """What is wrong with a short accuracy log, as found and expected; ``None`` where nothing is.

    Args:
        data: The whole file.
        digest: The hash that is said of the original.
    """
    if data[KEPT : KEPT + len(CUT)] == CUT:
        if len(data) != 2 * KEPT + len(CUT):
            return f"{len(data)} bytes around the cut", f"{2 * KEPT + len(CUT)}: the first and last {KEPT} characters"
        if not data.startswith(b"[") or not data.rstrip().endswith(b"]"):
            return "a log without its brackets", "the beginning and the end of an accuracy log"
        return None
    if digest and SHA256.fullmatch(digest) and hashlib.sha256(data).hexdigest() != digest.lower():
        return f"a whole log whose hash is {hashlib.sha256(data).hexdigest()[:16]}…", f"{digest[:16]}…, as stated"
    return None


def _truncation(result: ResultSubject) -> Iterator[Remark]:
    path = f"{result.accuracy_path}/{ACCURACY_LOG}"
    if result.reader.entry(path).size > result.reader.rules.accuracy_log_max_bytes:
        raise CannotLook(f"{path} is not truncated")
    problem = truncated_problem(result.reader.bytes(path), result.accuracy.hash)
    if problem is not None:
        yield Remark(path=path, found=problem[0], expected=problem[1])


TRUNCATION = Check(
    text=CheckText(
        code="INF083",
        title="The truncated accuracy log has the form that the tool gives it, or its hash is right",
        why="A log that was cut by hand, or put there afterwards, does not stand for the original.",
        clause="tools/submission/truncate_accuracy_log.py (mlcommons/inference v2.0)",
        example="closed/…/accuracy/mlperf_log_accuracy.json: found a whole log whose hash is 12ab…, expected 98fe…",
        fix="Truncate the original log again with truncate_accuracy_log.py.",
        official=False,
    ),
    severity=Severity.VOID,
    in_open=Severity.WARNING,
    look=_truncation,
)


def _errors(result: ResultSubject) -> Iterator[Remark]:
    log = result.accuracy_run
    yield from broken_lines(log)
    for event in log.scan.errors[:3]:
        yield Remark(path=log.path, line=event.number, found=event.value_text[:120], expected="no error")
    if len(log.scan.errors) > 3:
        yield Remark(path=log.path, found=f"{len(log.scan.errors) - 3} more errors", expected="no error")


ERRORS = Check(
    text=CheckText(
        code="INF084",
        title="The accuracy run's log can be read and has no error line",
        why="An accuracy run with errors did not get through the whole dataset as it should.",
        clause=CLAUSE,
        example='closed/…/accuracy/mlperf_log_detail.txt:90: found "SUT completed a sample twice", expected no error',
        fix="Mend the cause and run again.",
        official=True,
    ),
    severity=Severity.VOID,
    look=_errors,
)


def _mode(result: ResultSubject) -> Iterator[Remark]:
    log, allowed = result.accuracy_run, (Mode.ACCURACY, Mode.SUBMISSION)
    if log.mode not in allowed:
        yield at(log, "effective_test_mode", found=log.mode, expected=" or ".join(allowed))


MODE = Check(
    text=CheckText(
        code="INF085",
        title="The accuracy run ran in accuracy mode",
        why="Only accuracy mode issues every sample of the dataset.",
        clause=RULES,
        example="closed/…/accuracy/mlperf_log_detail.txt:34: found PerformanceOnly, expected AccuracyOnly",
        fix="Run in mode AccuracyOnly.",
        official=False,
    ),
    severity=Severity.VOID,
    in_open=Severity.WARNING,
    look=_mode,
)


def _coverage(result: ResultSubject) -> Iterator[Remark]:
    log, wanted = result.accuracy_run, result.rule.sizes.accuracy
    sets = sum(1 for _ in log.loaded_sets())
    needed = -(-log.library_count // max(1, log.performance_sample_count))
    if sets < needed:  # which samples are in them is another check's
        found = f"{sets} sets of {log.performance_sample_count} samples"
        yield at(log, "loaded_qsl_set", found=found, expected=f"{needed}, for {log.library_count} samples")
    if log.library_count < wanted:
        nearly = log.library_count >= NEARLY_ALL * wanted
        yield Remark(
            path=log.path,
            line=log.scan.line("qsl_reported_total_count"),
            found=f"a library of {log.library_count} samples",
            expected=f"{wanted}, the whole dataset",
            hint="Some reference paths leave out samples without annotations." if nearly else "",
            lighter=Severity.NOTE if nearly else None,
        )


COVERAGE = Check(
    text=CheckText(
        code="INF086",
        title="The accuracy run covers the whole dataset",
        why="Accuracy on a part of the dataset can be anything.",
        clause=RULES,
        example="closed/…/accuracy/mlperf_log_detail.txt:11: found a library of 500 samples, expected 50000",
        fix="Run with the whole dataset in the sample library.",
        official=False,
    ),
    severity=Severity.VOID,
    in_open=Severity.WARNING,
    look=_coverage,
)


def _scenario(result: ResultSubject) -> Iterator[Remark]:
    log = result.accuracy_run
    if log.scenario in {result.runs_as, result.scenario}:
        return
    related = any((one.source, one.target) == (log.scenario, result.scenario) for one in result.reader.rules.inferred)
    yield Remark(
        path=log.path,
        line=log.scan.line("effective_scenario"),
        found=f"an accuracy run in {log.scenario}",
        expected=result.runs_as,
        lighter=Severity.WARNING if related else None,
    )


SCENARIO = Check(
    text=CheckText(
        code="INF087",
        title="Accuracy and performance were run in the same scenario",
        why="A system may batch otherwise in another scenario, and so compute otherwise.",
        clause=RULES,
        example="closed/…/Server/accuracy/mlperf_log_detail.txt:33: found an accuracy run in Offline, expected Server",
        fix="Run accuracy in the scenario of the folder.",
        official=False,
    ),
    severity=Severity.VOID,
    in_open=Severity.WARNING,
    look=_scenario,
)


def _build(result: ResultSubject) -> Iterator[Remark]:
    log, performance = result.accuracy_run, result.performance
    if log.commit != performance.commit:
        found = f"LoadGen {log.version}"
        yield at(log, "loadgen_version", found=found, expected=f"{performance.version}, as in the performance run")
    if log.system_name != performance.system_name:
        found = f"the system {log.system_name!r}"
        yield at(log, "sut_name", found=found, expected=f"{performance.system_name!r}, as in the performance run")


BUILD = Check(
    text=CheckText(
        code="INF088",
        title="Accuracy and performance were run with the same build",
        why="Accuracy of one implementation says nothing about another.",
        clause=RULES,
        example="closed/…/accuracy/mlperf_log_detail.txt:1: found LoadGen 2.0 @ c215a61a72, expected 2.0 @ ee487389aa",
        fix="Run both with one build, or say in the notes why they differ.",
        official=False,
    ),
    severity=Severity.WARNING,
    look=_build,
)


def _arithmetic(result: ResultSubject) -> Iterator[Remark]:
    path = f"{result.accuracy_path}/accuracy.txt"
    found = GOOD.search(result.reader.bytes(path))
    if found is None:
        return
    said, good, total = float(found[1]), int(found[2]), int(found[3])
    line = 1 + found.string[: found.start()].count(b"\n")
    if total and abs(100 * good / total - said) > 0.00051:
        yield Remark(
            path=path, line=line, found=f"accuracy {said:g}", expected=f"{100 * good / total:.3f} = {good} of {total}"
        )
    if total < result.accuracy_run.library_count:
        expected = f"{result.accuracy_run.library_count}, as were run"
        yield Remark(path=path, line=line, found=f"{total} samples judged", expected=expected)


ARITHMETIC = Check(
    text=CheckText(
        code="INF089",
        title="Accuracy is the quotient of the counts beside it, over all samples",
        why="A number that was edited no longer fits its counts.",
        clause="vision/classification_and_detection/tools/accuracy-imagenet.py (mlcommons/inference v2.0)",
        example="closed/…/accuracy/accuracy.txt:1: found accuracy 76.9, expected 76.442 = 38221 of 50000",
        fix="Hand in what the script printed.",
        official=False,
    ),
    severity=Severity.VOID,
    in_open=Severity.WARNING,
    look=_arithmetic,
)

ACCURACY_CHECKS = (
    TARGET, HASH, LOG_SIZE, TRUNCATION, ERRORS, MODE, COVERAGE, SCENARIO, BUILD, ARITHMETIC,
)  # fmt: skip
