"""Checks of evaluations: whether they can be compared with the target and reach it, and how the run ended."""

from __future__ import annotations

from collections.abc import Iterator

from levelfield.submission.check import Check, Remark
from levelfield.submission.finding import Severity
from levelfield.submission.report import CheckText
from levelfield.submission.training.compliance.record import LogRecord, Quality, bounded, shown

__all__ = ["QUALITY_CHECKS"]

EVALUATION = "eval_accuracy"


def _qualities(record: LogRecord) -> list[Quality]:
    """Each evaluation beside what is asked of it; in open that is a bound from above alone."""
    assert record.benchmark is not None
    below = None if record.is_closed else record.rules.log.open_quality_below
    return [Quality.of(event.value, record.benchmark.targets, below=below) for event in record.all(EVALUATION)]


def _applicable(record: LogRecord) -> Iterator[Remark]:
    if record.benchmark is None:
        return
    keys = [target.key for target in record.benchmark.targets]
    expected = "a number" if len(keys) == 1 else f"an object with {' and '.join(keys)}"
    remarks = (
        record.remark(line=event.line, found=f"{EVALUATION} {quality.problem}", expected=expected)
        for event, quality in zip(record.all(EVALUATION), _qualities(record), strict=True)
        if quality.problem
    )
    yield from bounded(record, remarks)


APPLICABLE = Check(
    text=CheckText(
        code="TRN022",
        title="Every evaluation gives a quality that can be compared",
        why="A target cannot be applied to a text; the official checker ends there without a verdict.",
        clause="compliance_checker, training_1.1.0, eval_accuracy (mlcommons/logging beaf26d)",
        example="…/maskrcnn/result_2.txt:60: found eval_accuracy 0.377, expected an object with BBOX and SEGM",
        fix="Log the number itself, or the object that the benchmark has.",
        official=True,
    ),
    severity=Severity.ERROR,
    look=_applicable,
)


def _reached(record: LogRecord) -> Iterator[Remark]:
    events = record.all(EVALUATION)
    if record.benchmark is None or not events or any(quality.reached for quality in _qualities(record)):
        return
    last = shown(events[-1].value)
    if record.is_closed:
        targets = " and ".join(map(str, record.benchmark.targets))
        found = f"no evaluation that reaches the target; the last is {last}"
        yield record.remark(line=0, found=found, expected=targets)
    else:
        found = f"no evaluation that is less than perfect; the last is {last}"
        yield record.remark(line=0, found=found, expected=f"a quality below {record.rules.log.open_quality_below:g}")


REACHED = Check(
    text=CheckText(
        code="TRN023",
        title="The run reaches its target",
        why="The score is the time to a quality; a run without it counts as the slowest.",
        clause="training_rules.adoc, Quality measure; compliance_checker, training_1.1.0, ATLEAST_ONE_CHECK",
        example="…/resnet/result_4.txt: found no evaluation that reaches the target; the last is 0.7589",
        fix="Nothing where as many runs may fail; else train all runs again.",
        official=True,
    ),
    severity=Severity.ERROR,
    look=_reached,
)


def _status(record: LogRecord) -> Iterator[Remark]:
    stop = record.first("run_stop")
    status = stop.metadata.get("status") if stop is not None else None
    if stop is None or status is None or status == "success":
        return
    reached = record.benchmark is not None and any(quality.reached for quality in _qualities(record))
    yield Remark(
        path=record.path,
        line=stop.line,
        found=f"run_stop with status {shown(status)}",
        expected="success",
        lighter=Severity.WARNING if reached or not record.is_closed else None,
    )


STATUS = Check(
    text=CheckText(
        code="TRN024",
        title="The run ends with success",
        why="A run that calls itself aborted did not end by reaching the target, whatever its evaluations say.",
        clause="our own: the official checker asks for a status, not for success",
        example="…/dlrm/result_1.txt:310: found run_stop with status 'aborted', expected success",
        fix="Look at why the run ended; where it reached the target, mend the program that logs.",
        official=False,
    ),
    severity=Severity.ERROR,
    look=_status,
)


QUALITY_CHECKS = (APPLICABLE, REACHED, STATUS)
