"""What does not hold in what was read of a tiny submission: numbers against logs, windows, targets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from levelfield.formats.tiny_log import TinyLog
from levelfield.rules.tiny import TinyBenchmark, TinyRules
from levelfield.submission.finding import Severity
from levelfield.submission.reading import Findings
from levelfield.submission.tiny import checks
from levelfield.submission.tiny.measured import Measured
from levelfield.submission.tiny.tree import Implementation, Mode
from levelfield.units import NS_PER_S

__all__ = ["judge_accuracy", "judge_device", "judge_windows"]

RELATIVE = 0.0005
"""How far a printed median may be from the log."""
PRINTED_DIGITS = 0.0005
"""Medians are printed with three decimals."""
TOP1_POINTS = 0.05
"""Top-1 is printed with one decimal, in percent."""
AUC_DIGITS = 0.005
"""AUC is printed with two decimals."""
_ROUNDING = 1e-9
"""So that a value half way between two printed ones is accepted as either."""


class HasLog(Protocol):
    """The record of a mode."""

    @property
    def log(self) -> TinyLog | None:
        """Its log, where there is one."""


def judge_device(
    modes: Mapping[Mode, HasLog], implementation: Implementation, benchmark: TinyBenchmark, findings: Findings
) -> None:
    """Whether the device says that it ran this benchmark."""
    for mode, record in modes.items():
        model = record.log.model if record.log else ""
        if model and model not in {benchmark.name, *benchmark.aliases}:
            path, expected = _log_path(implementation, mode), " or ".join(benchmark.aliases or (benchmark.name,))
            findings.add(checks.DEVICE, path, found=model, expected=expected, subject=implementation.path)


def judge_windows(
    measured: Measured,
    implementation: Implementation,
    rules: TinyRules,
    mode: Mode,
    findings: Findings,
    *,
    is_open: bool,
) -> None:
    """Whether a mode states its score, whether that is the log's, and whether its windows are enough."""
    files, here = implementation.files(mode), implementation.path
    path = files.results.path if files.results else files.path
    if measured.printed is None:
        if mode is Mode.PERFORMANCE or files.results or files.log:
            what = "throughput" if mode is Mode.PERFORMANCE else "energy cost"
            # What can be computed from the log is a result, though not one that its submitter stated.
            severity = Severity.VOID if measured.recomputed is None else Severity.ERROR
            expected = "a line of the results file"
            findings.add(
                checks.NO_NUMBER, path, found=f"no median {what}", expected=expected, subject=here, severity=severity
            )
        if measured.recomputed is None:
            return
    if mode is Mode.PERFORMANCE and not measured.windows:
        found, expected = "no log with timed windows", "the log of the run"
        findings.add(checks.ABSENT, _log_path(implementation, mode), found=found, expected=expected, subject=here)
        return
    whole = measured.windows >= rules.windows
    _compare(measured, path, here, findings, severity=Severity.ERROR if whole else Severity.WARNING)
    log = _log_path(implementation, mode)
    for place, found, expected, severity in _lengths(measured, rules, is_open=is_open):
        where = log if place == "log" else path
        findings.add(checks.WINDOWS, where, found=found, expected=expected, subject=here, severity=severity)


def _lengths(measured: Measured, rules: TinyRules, *, is_open: bool) -> Iterator[tuple[str, str, str, Severity]]:
    """Where the windows are not as many or as long as the round asks for: file, found, expected, severity."""
    severity = Severity.WARNING if is_open else Severity.ERROR
    if measured.listed is not None and measured.listed != rules.windows:
        yield "results", _counted(measured.listed, "window"), f"{rules.windows}", severity
    elif measured.windows != rules.windows:
        # The results list them all, so it is the log that is of another run.
        yield "log", f"{_counted(measured.windows, 'window')} in the log", f"{rules.windows}", Severity.WARNING
    seconds = rules.min_window_ns / NS_PER_S
    if measured.shortest_s is not None and measured.shortest_s < seconds:
        yield "results", f"a window of {measured.shortest_s:.3f} s", f"{seconds:g} s or more", severity
    if measured.inferences is not None and measured.inferences < rules.min_inferences:
        found = f"a window of {_counted(measured.inferences, 'inference')}"
        yield "results", found, f"{rules.min_inferences} or more", severity


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _compare(measured: Measured, path: str, here: str, findings: Findings, *, severity: Severity) -> None:
    printed, again = measured.printed, measured.recomputed
    if printed is None or again is None or abs(printed - again) <= max(RELATIVE * again, PRINTED_DIGITS + _ROUNDING):
        return
    found, expected = f"{printed:g}", f"{again:.6g} by {measured.windows} windows"
    findings.add(checks.DIFFERENT, path, found=found, expected=expected, subject=here, severity=severity)


class HasAccuracy(Protocol):
    """What was read of an implementation, as far as accuracy goes."""

    @property
    def implementation(self) -> Implementation:
        """Which one."""

    @property
    def top1(self) -> Measured:
        """In percent."""

    @property
    def auc(self) -> Measured:
        """As the round's runner computes it."""

    @property
    def auc_exact(self) -> float | None:
        """By pairs."""


def judge_accuracy(record: HasAccuracy, benchmark: TinyBenchmark, findings: Findings, *, is_open: bool) -> None:
    """Whether the accuracy reaches the target, and whether the printed one is the log's."""
    top1, auc = record.top1, record.auc
    files, here = record.implementation.files(Mode.ACCURACY), record.implementation.path
    path = files.results.path if files.results else files.path
    for target in benchmark.targets:
        measured = top1 if target.key == "Top-1" else auc
        value = measured.printed if measured.recomputed is None else measured.recomputed
        if value is None:
            found = f"no {target.name}"
        elif not target.holds(value):
            found = f"{target.key} {value:g}"
        else:
            continue
        severity = Severity.NOTE if is_open else Severity.ERROR
        findings.add(checks.TARGET, path, found=found, expected=str(target), subject=here, severity=severity)
    again = top1.recomputed
    if top1.printed is not None and again is not None and abs(top1.printed - again) > TOP1_POINTS + _ROUNDING:
        expected = f"{again:g} by {top1.inferences} answers in the log"
        findings.add(checks.ACCURACY, path, found=f"Top-1 {top1.printed:g}", expected=expected, subject=here)
    known = [value for value in (auc.recomputed, record.auc_exact) if value is not None]
    if auc.printed is not None and known and all(abs(auc.printed - one) > AUC_DIGITS + _ROUNDING for one in known):
        expected = " or ".join(f"{value:.4f}" for value in dict.fromkeys(known))
        findings.add(checks.ACCURACY, path, found=f"AUC {auc.printed:g}", expected=expected, subject=here)


def _log_path(implementation: Implementation, mode: Mode) -> str:
    files = implementation.files(mode)
    return files.log.path if files.log else files.path
