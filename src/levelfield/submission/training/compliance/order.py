"""Checks of the order of events, and of the time before the run."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from levelfield.submission.check import Check, Remark
from levelfield.submission.finding import Severity
from levelfield.submission.report import CheckText
from levelfield.submission.training.compliance.record import LogRecord, bounded
from levelfield.units import NS_PER_MS, NS_PER_S

__all__ = ["ORDER_CHECKS"]

_NEVER_MS = 9e99
"""What the official checker takes for the first ``init_start`` before it has seen one."""


def _order(record: LogRecord) -> Iterator[Remark]:
    for key, rule in record.keys.items():
        for other in rule.after:
            yield from bounded(record, _too_early(record, key, other))
        for other in rule.before:
            yield from bounded(record, _too_late(record, key, other))


def _too_early(record: LogRecord, key: str, other: str) -> Iterator[Remark]:
    first = record.first(other)
    for event in record.all(key):
        if first is not None and event.position > first.position:
            return
        yield record.remark(line=event.line, found=f"{key} before any {other}", expected=f"{key} after {other}")


def _too_late(record: LogRecord, key: str, other: str) -> Iterator[Remark]:
    first = record.first(other)
    if first is None:
        return
    for event in record.all(key):
        if event.position > first.position:
            found = f"{key} after {other} in line {first.line}"
            yield record.remark(line=event.line, found=found, expected=f"{key} before {other}")


ORDER = Check(
    text=CheckText(
        code="TRN014",
        title="Initialisation, run and training follow each other",
        why="The clock starts before the first touch of data; events in another order leave open what was on it.",
        clause="compliance_checker, training_1.1.0/common.yaml (mlcommons/logging beaf26d)",
        example="…/dlrm/result_2.txt:40: found init_stop after run_start in line 38, expected it before",
        fix="Log init_start, init_stop, run_start, blocks or epochs, run_stop; processes must wait for each other.",
        official=True,
    ),
    severity=Severity.ERROR,
    look=_order,
)


def _limit(record: LogRecord) -> Iterator[Remark]:
    yield from bounded(record, _too_long(record))


def _too_long(record: LogRecord) -> Iterator[Remark]:
    limit_ms = record.rules.init_limit_ns / NS_PER_MS
    starts = deque(record.all("init_start"))
    first_ms = _NEVER_MS
    for stop in record.all("init_stop"):
        while starts and starts[0].position < stop.position:
            first_ms = min(first_ms, starts.popleft().time_ms)
        took_ms = stop.time_ms - first_ms
        if not took_ms < limit_ms:
            found = f"initialised for {took_ms / 60_000:.2f} minutes"
            limit_min = record.rules.init_limit_ns / NS_PER_S / 60
            yield record.remark(line=stop.line, found=found, expected=f"less than {limit_min:g} minutes")


LIMIT = Check(
    text=CheckText(
        code="TRN015",
        title="Initialisation ends within its limit",
        why="What takes longer than the limit is on the clock; compilation could otherwise be moved off it.",
        clause="compliance_checker, training_1.1.0/common.yaml, init_stop (mlcommons/logging beaf26d)",
        example="…/minigo/result_7.txt:31: found initialised for 34.20 minutes, expected less than 30 minutes",
        fix="Let the clock start when the limit is over, or initialise faster.",
        official=True,
    ),
    severity=Severity.ERROR,
    look=_limit,
)


def _time(record: LogRecord) -> Iterator[Remark]:
    start, stop = record.first("run_start"), record.first("run_stop")
    if start is not None and stop is not None and not 0 < stop.time_ms - start.time_ms < float("inf"):
        found = f"run_stop {(stop.time_ms - start.time_ms) / 60_000:g} minutes after run_start"
        yield record.remark(line=stop.line, found=found, expected="a time between them")


TIME = Check(
    text=CheckText(
        code="TRN016",
        title="The run takes a time that can be counted",
        why="A score is made of the times between run_start and run_stop; one that is negative or no number spoils it.",
        clause="our own: the score is a mean of positive times",
        example="…/resnet/result_1.txt:93: found run_stop -1 minutes after run_start, expected a time between them",
        fix="Log times of one clock, in milliseconds since 1970.",
        official=False,
    ),
    severity=Severity.ERROR,
    look=_time,
)

ORDER_CHECKS = (ORDER, LIMIT, TIME)
