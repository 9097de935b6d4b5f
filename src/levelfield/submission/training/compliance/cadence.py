"""The check of how often a run was evaluated."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from levelfield.rules.expression import Expression
from levelfield.rules.training_log import Cadence, ProgressUnit
from levelfield.submission.check import CannotLook, Check, Remark
from levelfield.submission.finding import Severity
from levelfield.submission.report import CheckText
from levelfield.submission.training.compliance.record import LogRecord

__all__ = ["CADENCE_CHECKS"]

_SLACK_EPOCHS = 0.02
"""By which an evaluation may be off: it waits for a whole batch."""
_LARGEST = 1e15


@dataclass(frozen=True, slots=True, kw_only=True)
class _Steps:
    """The cadence in numbers, for one reading of how many samples an epoch has."""

    every: float
    first: float | None
    last: float | None
    slack: float
    unit: ProgressUnit

    def wrong(self, positions: list[tuple[float, int]]) -> tuple[int, str] | None:
        """The line of the first evaluation that is not where it should be, and what it is; ``None`` for none."""
        start, line = positions[0]
        if self.first is not None and abs(start - self.first) > self.slack:
            return line, f"the first evaluation at {start:.10g} {self.unit}"
        if self.first is None and start > self.every + self.slack + self._origin:
            return line, f"the first evaluation at {start:.10g} {self.unit}"
        for (before, _), (after, line) in pairwise(positions):
            if abs(after - before - self.every) > self.slack:
                return line, f"{after - before:.6g} {self.unit} between evaluations"
        if self.last is not None and positions[-1][0] > self.last + self.slack:
            return positions[-1][1], f"an evaluation at {positions[-1][0]:.10g} {self.unit}"
        return None

    @property
    def _origin(self) -> float:
        """Some logs count an epoch from 1 when it begins, others when it is done."""
        return 0 if self.unit is ProgressUnit.SAMPLES else 1

    def __str__(self) -> str:
        first = "" if self.first is None else f"the first at {self.first:g}, "
        last = "" if self.last is None else f", none after {self.last:g}"
        return f"{first}one every {self.every:g} {self.unit}{last}"


def _cadence(record: LogRecord) -> Iterator[Remark]:
    if not record.is_closed or record.benchmark is None or not record.all("eval_accuracy"):
        return
    cadence = record.benchmark.log.cadence
    size_event = record.first("global_batch_size")
    size = _positive(size_event.value) if size_event is not None else None
    if size is None and (cadence.every.names or cadence.dataset is not None):
        raise CannotLook("the log has no global_batch_size")
    positions = _positions(record)
    if len(positions) < 2:
        raise CannotLook("epoch_num does not tell the evaluations apart")
    readings = [_steps(cadence, names, size or 0) for names in cadence.readings(size or 1)]
    wrong = [steps.wrong(positions) for steps in readings]
    complaint = wrong[0] if wrong else None
    if complaint is not None and all(wrong):
        line, found = complaint
        yield record.remark(line=line, found=found, expected=" or ".join(dict.fromkeys(map(str, readings))))


def _steps(cadence: Cadence, names: Mapping[str, object], batch_size: float) -> _Steps:
    def number(expression: Expression | None) -> float | None:
        return None if expression is None else _positive(expression.value(names))

    return _Steps(
        every=number(cadence.every) or math.inf,
        first=number(cadence.first),
        last=number(cadence.last),
        slack=batch_size if cadence.unit is ProgressUnit.SAMPLES else _SLACK_EPOCHS,
        unit=cadence.unit,
    )


def _positive(value: object) -> float | None:
    fits = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < _LARGEST
    return float(value) if fits else None  # type: ignore[arg-type]


def _positions(record: LogRecord) -> list[tuple[float, int]]:
    """Where evaluations stand, in order, each with the first line that stands there: processes repeat each other."""
    lines: dict[float, int] = {}
    for event in record.all("eval_accuracy"):
        position = _positive(event.metadata.get("epoch_num"))
        if position is not None:
            lines.setdefault(position, event.line)
    return sorted(lines.items())


CADENCE = Check(
    text=CheckText(
        code="TRN025",
        title="The run is evaluated as often as the rules have it",
        why="Who evaluates later has less on the clock; who evaluates more often may stop at a lucky moment.",
        clause="training_rules.adoc, Quality measure (mlcommons/training_policies 8c7f5e70)",
        example="…/ssd/result_0.txt:55: found 10 epochs between evaluations, expected one every 5 epochs",
        fix="Evaluate at the round's interval; where only epoch_num is wrong, mend the program that logs.",
        official=False,
    ),
    severity=Severity.WARNING,
    look=_cadence,
)

CADENCE_CHECKS = (CADENCE,)
