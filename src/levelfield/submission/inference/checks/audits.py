"""Checks of compliance tests: that each is there, ran with its settings, on the same system, and passed."""

from __future__ import annotations

from collections.abc import Iterator

from levelfield.errors import FormatError
from levelfield.rules.model import AuditSetting
from levelfield.submission.check import CannotLook, Check, Remark
from levelfield.submission.finding import Severity
from levelfield.submission.inference.checks.run_log import broken_lines
from levelfield.submission.inference.checks.run_settings import at
from levelfield.submission.inference.checks.summary import disagreements
from levelfield.submission.inference.records import RunLog
from levelfield.submission.inference.subjects import DETAIL, SUMMARY, AuditSubject
from levelfield.submission.report import CheckText
from levelfield.terms import Mode

__all__ = ["AUDIT_CHECKS"]

OFFICIAL = "submission-checker.py, check_compliance_dir (mlcommons/inference v2.0)"
TESTS = "compliance/nvidia, audit.config of each test (mlcommons/inference v2.0)"
MODES = tuple(Mode)
SEEDS = ("qsl_rng_seed", "sample_index_rng_seed", "schedule_rng_seed")


def _there(audit: AuditSubject) -> Iterator[Remark]:
    if not audit.is_there:
        yield Remark(path=audit.path, found="no such folder", expected=f"{audit.audit.name}: {audit.audit.title}")


THERE = Check(
    text=CheckText(
        code="INF120",
        title="Every compliance test of the benchmark is there",
        why="The tests are what stands against caching and tuned seeds; the official checker only logs a missing one.",
        clause=OFFICIAL,
        example="closed/Org/compliance/edge-box/resnet50/Offline/TEST05: found no such folder",
        fix="Run the test and add its folder, spelled like the results folder.",
        official=True,
    ),
    severity=Severity.VOID,
    look=_there,
)


def _verified(audit: AuditSubject) -> Iterator[Remark]:
    if not audit.is_there:
        return
    for name in audit.audit.files:
        path = f"{audit.path}/{name}"
        if audit.reader.tree.file(path) is None:
            yield Remark(path=path, found="no such file", expected="what the verification script printed")
        elif name == "verify_accuracy.txt":
            continue  # may fail where accuracy within bounds is shown: another check
        elif not audit.verification(name).passed:
            yield Remark(path=path, found="no TEST PASS", expected="TEST PASS")


VERIFIED = Check(
    text=CheckText(
        code="INF121",
        title="The verification scripts ran and passed",
        why="The official checker looks at the last test of the list only; all of them have to pass.",
        clause=OFFICIAL,
        example="closed/…/TEST01/verify_performance.txt: found no TEST PASS, expected TEST PASS",
        fix="Find out why the test fails; a failed test is a failed result.",
        official=True,
    ),
    severity=Severity.VOID,
    look=_verified,
)


def _readable(audit: AuditSubject) -> Iterator[Remark]:
    if not audit.is_there:
        return
    path = f"{audit.performance_path}/{DETAIL}"
    try:
        log = audit.run
    except CannotLook as problem:
        yield Remark(path=path, found=problem.reason, expected="LoadGen's detail log of the test")
        return
    yield from broken_lines(log)


READABLE = Check(
    text=CheckText(
        code="INF122",
        title="The test has a detail log that can be read",
        why="Without it nobody can see with which settings the test ran.",
        clause=OFFICIAL,
        example="closed/…/TEST05/performance/run_1/mlperf_log_detail.txt: found … is missing",
        fix="Add the log as LoadGen wrote it.",
        official=False,
    ),
    severity=Severity.VOID,
    look=_readable,
)


def _settings(audit: AuditSubject) -> Iterator[Remark]:
    log = audit.run
    for setting in audit.audit.settings:
        key, found, expected = _logged(log, setting)
        if found != expected:
            yield at(log, key, found=f"{setting.key} {found}", expected=expected)
    changed = {setting.key for setting in audit.audit.settings}
    seeds = audit.reader.rules.seeds
    for name, official in zip(SEEDS, (seeds.qsl, seeds.sample_index, seeds.schedule), strict=True):
        key = f"effective_{name}"
        if name not in changed and log.scan.integer(key) != official:
            yield at(log, key, found=f"{name} {log.scan.integer(key)}", expected=f"{official}, the round's own")


def _logged(log: RunLog, setting: AuditSetting) -> tuple[str, str, str]:
    """The key of a setting in the detail log, its value there, and what ``audit.config`` would make of it."""
    key = f"effective_{setting.key}"
    match setting.key:
        case "mode":
            return "effective_test_mode", log.mode, MODES[int(setting.value)]
        case "performance_issue_unique" | "performance_issue_same":
            return key, str(log.scan.flag(key)).lower(), str(bool(setting.value)).lower()
        case _:
            return key, str(log.scan.integer(key)), str(setting.value)


SETTINGS = Check(
    text=CheckText(
        code="INF123",
        title="The test ran with the settings of its audit.config",
        why="A test without its settings is an ordinary run, which always passes.",
        clause=TESTS,
        example="closed/…/TEST05/performance/run_1/mlperf_log_detail.txt:43: found qsl_rng_seed 66…, expected 31…",
        fix="Put the test's audit.config into the working folder and run the test again.",
        official=False,
    ),
    severity=Severity.VOID,
    look=_settings,
)


def _announced(audit: AuditSubject) -> Iterator[Remark]:
    log = audit.run
    if not log.is_audit:
        yield Remark(path=log.path, found="no warning about audit.config", expected="LoadGen's warning that it read it")


ANNOUNCED = Check(
    text=CheckText(
        code="INF124",
        title="LoadGen said that it took settings from audit.config",
        why="The warning shows that the audit file was used, and not settings put into the program.",
        clause="loadgen/loadgen.cc, StartTest (mlcommons/inference v2.0)",
        example="closed/…/TEST01/performance/run_1/mlperf_log_detail.txt: found no warning about audit.config",
        fix="Run the test with its audit.config in the working folder.",
        official=False,
    ),
    severity=Severity.VOID,
    look=_announced,
)


def _same_system(audit: AuditSubject) -> Iterator[Remark]:
    log, performance = audit.run, audit.result.performance
    for key, what, found, expected in (
        ("effective_scenario", "scenario", log.scenario, performance.scenario),
        ("sut_name", "system", log.system_name, performance.system_name),
        ("loadgen_version", "LoadGen", log.version, performance.version),
    ):
        if found != expected:
            yield at(log, key, found=f"{what} {found}", expected=f"{expected}, as in the performance run")
    if log.library_count != performance.library_count:
        yield Remark(
            path=log.path,
            line=log.scan.line("qsl_reported_total_count"),
            found=f"a library of {log.library_count} samples",
            expected=f"{performance.library_count}, as in the performance run",
            lighter=Severity.WARNING,  # some submitters report what they loaded, and did so in one of the two runs
        )


SAME_SYSTEM = Check(
    text=CheckText(
        code="INF125",
        title="The test ran in the same scenario, on the same system and build",
        why="A test of another system says nothing about this result.",
        clause=TESTS,
        example="closed/…/TEST01/performance/run_1/mlperf_log_detail.txt:9: found system other, expected QAIC_SUT",
        fix="Run the test with exactly what gave the result.",
        official=False,
    ),
    severity=Severity.VOID,
    look=_same_system,
)


def _valid(audit: AuditSubject) -> Iterator[Remark]:
    if audit.audit.compared_with != "performance":
        return  # caching tests are short on purpose: INVALID, and out of queries
    log = audit.run
    if log.validity != "VALID":
        yield at(log, "result_validity", found=log.validity, expected="VALID")
    for event in log.scan.errors[:3]:
        yield Remark(path=log.path, line=event.number, found=event.value_text[:120], expected="no error")


VALID = Check(
    text=CheckText(
        code="INF126",
        title="The test run that is compared with the result is VALID and without errors",
        why="Scores of an INVALID run cannot be compared.",
        clause="compliance/nvidia, verify_performance.py (mlcommons/inference v2.0)",
        example="closed/…/TEST05/performance/run_1/mlperf_log_detail.txt:66: found INVALID, expected VALID",
        fix="Run the test again.",
        official=False,
    ),
    severity=Severity.VOID,
    look=_valid,
)


def _summary(audit: AuditSubject) -> Iterator[Remark]:
    path = f"{audit.performance_path}/{SUMMARY}"
    log = audit.run
    if audit.reader.tree.file(path) is None:
        yield Remark(path=path, found="no such file", expected="LoadGen's summary of the test")
        return
    try:
        summary = audit.summary
    except CannotLook as problem:
        yield Remark(path=path, found=problem.reason, expected="LoadGen's summary of the test")
        return
    except FormatError as problem:
        yield Remark(path=path, found=problem.message, expected="LoadGen's summary of the test")
        return
    yield from disagreements(summary, log, path=path)


SUMMARY_AGREES = Check(
    text=CheckText(
        code="INF127",
        title="Summary and detail log of the test say the same",
        why="The official scripts take scores from the summary, which must be that of the run.",
        clause="compliance/nvidia, verify_performance.py (mlcommons/inference v2.0)",
        example="closed/…/TEST01/performance/run_1/mlperf_log_summary.txt: found Samples per second: 300",
        fix="Hand in both files of the same run, as LoadGen wrote them.",
        official=False,
    ),
    severity=Severity.VOID,
    look=_summary,
)

AUDIT_CHECKS = (THERE, VERIFIED, READABLE, SETTINGS, ANNOUNCED, SAME_SYSTEM, VALID, SUMMARY_AGREES)
