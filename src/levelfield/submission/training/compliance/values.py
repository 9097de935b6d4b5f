"""Checks of what values and metadata say: labels of the submission, samples, hyperparameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from levelfield.formats.mllog import Event
from levelfield.rules.log_keys import KeyRule
from levelfield.submission.check import Check, Remark
from levelfield.submission.finding import Severity
from levelfield.submission.report import CheckText
from levelfield.submission.training.compliance.record import LogRecord, bounded, shown

__all__ = ["VALUE_CHECKS"]


def _labels(record: LogRecord) -> Iterator[Remark]:
    yield from bounded(record, _strange_labels(record))


def _strange_labels(record: LogRecord) -> Iterator[Remark]:
    divisions = [str(division) for division in record.rules.divisions]
    for event in record.all("submission_division"):
        if event.value not in divisions:
            yield record.remark(
                line=event.line, found=f"submission_division {shown(event.value)}", expected=" or ".join(divisions)
            )
    names = [one.name for one in record.rules]
    for event in record.all("submission_benchmark"):
        if event.value not in names:
            found = f"submission_benchmark {shown(event.value)}"
            yield record.remark(line=event.line, found=found, expected=f"one of {', '.join(names)}")


LABELS = Check(
    text=CheckText(
        code="TRN017",
        title="Division and benchmark are ones of the round",
        why="They choose the rules that the log is held to.",
        clause="compliance_checker, training_1.1.0/common.yaml, closed_common.yaml (mlcommons/logging beaf26d)",
        example="…/maskrcnn/result_0.txt:4: found submission_benchmark 'mask_rcnn', expected one of bert, dlrm, …",
        fix="Log the names of the rules, in small letters.",
        official=True,
    ),
    severity=Severity.ERROR,
    look=_labels,
)


def _values(record: LogRecord) -> Iterator[Remark]:
    needs_logged = any(rule.value is not None and rule.value.formula is not None for rule in record.keys.values())
    logged = record.logged if needs_logged else {}
    for key, rule in record.keys.items():
        if rule.value is not None:
            yield from bounded(record, _wrong_values(record, rule, record.all(key), logged))


def _wrong_values(
    record: LogRecord, rule: KeyRule, events: tuple[Event, ...], logged: Mapping[str, object]
) -> Iterator[Remark]:
    assert rule.value is not None
    for event in events:
        if not rule.value.holds(event.value, logged):
            found = f"{rule.key} {shown(event.value)}"
            yield record.remark(line=event.line, found=found, expected=str(rule.value))


VALUES = Check(
    text=CheckText(
        code="TRN018",
        title="Values are within the rules: samples, batch and hyperparameters",
        why="In the closed division everyone trains the same model the same way, and few numbers may be chosen.",
        clause="compliance_checker, training_1.1.0, CHECK of each key; training_rules.adoc, Hyperparameters",
        example="…/rnnt/result_4.txt:22: found opt_weight_decay 0.01, expected 0.001",
        fix="Train with a value that the rules allow; a log that says otherwise than the run is forged.",
        official=True,
    ),
    severity=Severity.ERROR,
    look=_values,
)


def _metadata(record: LogRecord) -> Iterator[Remark]:
    for key, rule in record.keys.items():
        for name, wanted in rule.metadata:
            remarks = (
                record.remark(
                    line=event.line,
                    found=f"{key} with {name} {shown(event.metadata[name])}"
                    if name in event.metadata
                    else f"{key} without {name}",
                    expected=f"{name} in its metadata" if wanted is None else f"{name} {wanted} in its metadata",
                )
                for event in record.all(key)
                if name not in event.metadata or (wanted is not None and not wanted.holds(event.metadata[name], {}))
            )
            yield from bounded(record, remarks)


METADATA = Check(
    text=CheckText(
        code="TRN019",
        title="Events say where in the training they stand",
        why="How fast a run converged is read from epoch_num; without it nobody can compare it with the reference.",
        clause="compliance_checker, training_1.1.0/common.yaml, metadata (mlcommons/logging beaf26d)",
        example="…/bert/result_0.txt:77: found eval_accuracy without epoch_num, expected epoch_num in its metadata",
        fix="Pass the member as metadata of the event.",
        official=True,
    ),
    severity=Severity.ERROR,
    look=_metadata,
)


def _advice(record: LogRecord) -> Iterator[Remark]:
    if not record.is_closed or record.benchmark is None or not record.benchmark.log.advice:
        return
    logged = record.logged
    for key, rule in record.benchmark.log.advice.items():
        event = record.first(key)
        if event is not None and key in record.keys and not rule.holds(event.value, logged):
            yield record.remark(line=event.line, found=f"{key} {shown(event.value)}", expected=str(rule))


ADVICE = Check(
    text=CheckText(
        code="TRN020",
        title="Hyperparameters are as the text of the rules has them, too",
        why="Where text and verifier differ the verifier counts; reviewers read the text.",
        clause="training_rules.adoc, Hyperparameters (mlcommons/training_policies 8c7f5e70)",
        example="…/resnet/result_0.txt:31: found lars_opt_momentum 0.93, expected 0.9 below a batch of 32k",
        fix="Be ready to explain the value in the review.",
        official=False,
    ),
    severity=Severity.NOTE,
    look=_advice,
)


def _other_division(record: LogRecord) -> Iterator[Remark]:
    event = record.first("submission_division")
    if event is not None and record.known_division and event.value != record.known_division:
        found = f"submission_division {shown(event.value)}"
        yield record.remark(
            line=event.line, found=found, expected=f"{record.known_division}, as the system's description says"
        )


OTHER_DIVISION = Check(
    text=CheckText(
        code="TRN021",
        title="The log and the system's description name the same division",
        why="The log is held to the rules of the division that it names, the result is listed under the description's.",
        clause="our own: two statements of one fact agree",
        example="…/bert/result_0.txt:3: found submission_division 'open', expected closed, as the system's …",
        fix="Correct the one that is wrong.",
        official=False,
    ),
    severity=Severity.WARNING,
    look=_other_division,
)

VALUE_CHECKS = (LABELS, VALUES, METADATA, ADVICE, OTHER_DIVISION)
