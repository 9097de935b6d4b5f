"""Checks of how often keys stand in a log."""

from __future__ import annotations

from collections.abc import Iterator

from levelfield.formats.mllog import Event
from levelfield.rules.log_keys import Occurs
from levelfield.submission.check import Check, Remark
from levelfield.submission.finding import Severity
from levelfield.submission.report import CheckText
from levelfield.submission.training.compliance.record import LogRecord, shown

__all__ = ["OCCURRENCE_CHECKS"]

_VALUES = 5
"""Different values that a finding shows."""


def _agree(events: tuple[Event, ...]) -> bool:
    """Whether all lines say the same, by the comparison of the official checker: no NaN equals another."""
    values = [event.value for event in events]
    return values.count(values[0]) == len(values)


def _required(record: LogRecord) -> Iterator[Remark]:
    for key, rule in record.keys.items():
        events = record.all(key)
        if not events and rule.occurs is not Occurs.ANY:
            wanted = "one line" if rule.occurs is Occurs.ONCE else "at least one line"
            yield record.remark(line=0, found=f"no {key}", expected=wanted)
        elif rule.occurs is Occurs.ONCE and not _agree(events):
            other = next(event for event in events if event.value != events[0].value or event.value != event.value)
            values = list(dict.fromkeys(shown(event.value) for event in events))
            more = ", …" if len(values) > _VALUES else ""
            found = f"{key} in {len(events):,} lines with different values: {', '.join(values[:_VALUES])}{more}"
            yield record.remark(line=other.line, found=found, expected="one value")


REQUIRED = Check(
    text=CheckText(
        code="TRN011",
        title="Every required key is there, and says one thing",
        why="The log is the only witness of a run: what it does not say, or says in two ways, nobody can check.",
        clause="compliance_checker, training_1.1.0, REQ of each key (mlcommons/logging beaf26d)",
        example="…/ssd/result_0.txt: found no gradient_accumulation_steps, expected one line",
        fix="Log the key once, by one process.",
        official=True,
    ),
    severity=Severity.ERROR,
    look=_required,
)


def _groups(record: LogRecord) -> Iterator[Remark]:
    for group in record.rules.log.one_of:
        if not any(record.all(key) for key in group):
            yield record.remark(line=0, found=f"neither {' nor '.join(group)}", expected="lines of one of them")


GROUPS = Check(
    text=CheckText(
        code="TRN012",
        title="Training and evaluation are marked, as blocks or as epochs",
        why="Without marks nobody sees what was done between start and stop.",
        clause="compliance_checker, training_1.1.0/common.yaml, AT_LEAST_ONE_OR (mlcommons/logging beaf26d)",
        example="…/rnnt/result_1.txt: found neither block_start nor epoch_start",
        fix="Log block_start and block_stop around training, or epoch_start and epoch_stop around each epoch.",
        official=True,
    ),
    severity=Severity.ERROR,
    look=_groups,
)


def _repeated(record: LogRecord) -> Iterator[Remark]:
    for key, rule in record.keys.items():
        events = record.all(key)
        if rule.occurs is Occurs.ONCE and len(events) > 1 and _agree(events):
            yield record.remark(line=events[1].line, found=f"{key} in {len(events):,} equal lines", expected="one line")


REPEATED = Check(
    text=CheckText(
        code="TRN013",
        title="What is said of the run as a whole is said once",
        why="Several processes that log the same thing make it unclear which of their times count.",
        clause="compliance_checker, mlp_compliance.py, EXACTLY_ONE (mlcommons/logging beaf26d)",
        example="…/minigo/result_0.txt:18: found submission_org in 64 equal lines, expected one line",
        fix="Let the first process alone write these keys.",
        official=True,
    ),
    severity=Severity.WARNING,
    look=_repeated,
)

OCCURRENCE_CHECKS = (REQUIRED, GROUPS, REPEATED)
