"""Checks that a log can be read at all."""

from __future__ import annotations

from collections.abc import Iterator

from levelfield.formats.mllog import MAX_DAMAGED, MAX_EVENTS, TOKEN
from levelfield.submission.check import Check, Remark
from levelfield.submission.finding import Severity
from levelfield.submission.report import CheckText
from levelfield.submission.training.compliance.record import LogRecord, bounded

__all__ = ["READABLE_CHECKS"]


def _readable(record: LogRecord) -> Iterator[Remark]:
    log = record.log
    if not log.tokens:
        yield record.remark(
            line=0, found="no line of a training log", expected=f"lines that begin with {TOKEN.strip()}"
        )
    damaged = (
        record.remark(
            line=line.line, found=f"a line that is no event: {line.problem}", expected="one JSON object after the token"
        )
        for line in log.damaged
    )
    yield from bounded(record, damaged)
    incomplete = (
        record.remark(line=line.line, found=f"an event with {line.problem}", expected="value and metadata, or null")
        for line in log.incomplete
    )
    yield from bounded(record, incomplete)
    if log.cut:
        found = f"more than {MAX_EVENTS:,} events or {MAX_DAMAGED:,} damaged lines"
        yield record.remark(line=0, found=found, expected="a log that is read to its end")


READABLE = Check(
    text=CheckText(
        code="TRN010",
        title="Every line with the token is an event",
        why="A line that cannot be read may be the one that tells against the run, so the whole log does not count.",
        clause="compliance_checker, mlp_parser/ruleset_100.py (mlcommons/logging beaf26d)",
        example="…/bert/result_3.txt:812: found a line that is no event: no JSON at character 41",
        fix="Let one process write the log, and flush every line; do not mend a log by hand.",
        official=True,
    ),
    severity=Severity.ERROR,
    look=_readable,
)

READABLE_CHECKS = (READABLE,)
