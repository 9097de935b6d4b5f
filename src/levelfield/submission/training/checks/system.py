"""Checks of a system's description."""

from __future__ import annotations

from collections.abc import Iterator

from levelfield.submission.check import Check, Remark
from levelfield.submission.finding import Severity
from levelfield.submission.package.rehearsal import is_rehearsal
from levelfield.submission.report import CheckText
from levelfield.submission.training.subjects import SystemSubject

__all__ = ["SYSTEM_CHECKS"]

FIELDS_CLAUSE = "system_desc_checker.py, required_fields (mlcommons/logging beaf26d)"


def _description(subject: SystemSubject) -> Iterator[Remark]:
    description = subject.description
    if not description.path:
        yield Remark(
            path=subject.systems,
            found=f"no description of {subject.name}",
            expected=f"{subject.systems}/{subject.name}.json",
        )
        return
    if description.problem:
        expected = "a JSON object that describes the system"
        yield Remark(path=description.path, found=description.problem, expected=expected)
        return
    if repeated := description.fields.repeated:
        found = f"{', '.join(repeated)} more than once"
        yield Remark(path=description.path, found=found, expected="every field once", lighter=Severity.NOTE)
    named = description.path.rpartition("/")[2].removesuffix(".json")
    if named != subject.name and subject.has_results:
        yield Remark(path=description.path, found=named, expected=subject.name, lighter=Severity.WARNING)


DESCRIPTION = Check(
    text=CheckText(
        code="TRN001",
        title="The description of the system can be read",
        why="Without it no one knows what was measured, and the official summary has no row.",
        clause="submission_rules.adoc, System description",
        example="HPE/systems: found no description of XL675d, expected HPE/systems/XL675d.json",
        fix="Add the file, named like the folder under results; make it valid JSON.",
        official=True,
    ),
    severity=Severity.ERROR,
    look=_description,
)


def _counts(subject: SystemSubject) -> Iterator[Remark]:
    description = subject.description
    for name in subject.rules.submission.count_fields:
        if description.is_readable and description.fields.texts and description.fields.count(name) is None:
            found = f"{name} {description.fields.text(name)!r}"
            yield Remark(path=description.path, found=found, expected="a whole number")


COUNTS = Check(
    text=CheckText(
        code="TRN008",
        title="Nodes and processors are whole numbers",
        why="Results are compared per accelerator, and the official summary breaks at anything else.",
        clause="result_summarizer, accelerators_count",
        example="HPE/systems/XL675d.json: found accelerators_per_node 'eight', expected a whole number",
        fix="Write the number.",
        official=True,
    ),
    severity=Severity.WARNING,
    look=_counts,
)


def _fields(subject: SystemSubject) -> Iterator[Remark]:
    description, wanted = subject.description, subject.rules.submission.system_fields
    missing = [name for name in wanted if name not in description.fields.exact]
    if description.is_readable and missing:
        found = f"no {', '.join(missing)}"
        yield Remark(path=description.path, found=found, expected=f"all {len(wanted)} fields, spelled as there")


FIELDS = Check(
    text=CheckText(
        code="TRN083",
        title="The description has every field",
        why="The official checker asks for each of them, and tables of results are made from them.",
        clause=FIELDS_CLAUSE,
        example="HPE/systems/XL675d.json: found no cooling, expected all 33 fields, spelled as there",
        fix="Add the fields; one that does not apply may be an empty text.",
        official=True,
    ),
    severity=Severity.ERROR,
    look=_fields,
)


def _stated(subject: SystemSubject) -> Iterator[Remark]:
    description = subject.description
    for name in subject.rules.submission.stated_fields:
        if description.is_readable and name in description.fields.exact and not description.fields.text(name):
            yield Remark(path=description.path, found=f"an empty {name}", expected="what it is")


STATED = Check(
    text=CheckText(
        code="TRN084",
        title="The fields that identify a result say something",
        why="A row of the summary without submitter, system or framework belongs to nobody.",
        clause="our own: columns of the result summarizer (mlcommons/logging beaf26d)",
        example="HPE/systems/XL675d.json: found an empty framework, expected what it is",
        fix="Fill the field.",
        official=False,
    ),
    severity=Severity.WARNING,
    look=_stated,
)


def _division(subject: SystemSubject) -> Iterator[Remark]:
    description, divisions = subject.description, subject.rules.divisions
    said = description.fields.exact.get("division", "")
    if description.is_readable and said and said not in divisions:
        yield Remark(path=description.path, found=f"division {said!r}", expected=" or ".join(map(repr, divisions)))


DIVISION = Check(
    text=CheckText(
        code="TRN085",
        title="The division is one of the round's",
        why="The official checker tests seeds and convergence only where it reads exactly 'closed'.",
        clause="package_checker.py, check_training_result_files (mlcommons/logging beaf26d)",
        example="HPE/systems/XL675d.json: found division 'Closed', expected 'closed' or 'open'",
        fix="Write it in small letters.",
        official=False,
    ),
    severity=Severity.ERROR,
    look=_division,
)


def _status(subject: SystemSubject) -> Iterator[Remark]:
    description = subject.description
    said = description.fields.text("status").lower()
    known = [word for status in subject.rules.statuses for word in status.words]
    if description.is_readable and said and said not in known:
        yield Remark(path=description.path, found=f"status {said!r}", expected=f"one of {', '.join(known)}")


STATUS = Check(
    text=CheckText(
        code="TRN086",
        title="The availability is one that tables know",
        why="Results are grouped by it; an unknown word makes a group of its own.",
        clause="result_summarizer, availability names (mlcommons/logging 7bbf792)",
        example="HPE/systems/XL675d.json: found status 'soon', expected one of onprem, available, …",
        fix="Use one of the words.",
        official=False,
    ),
    severity=Severity.WARNING,
    look=_status,
)


def _unused(subject: SystemSubject) -> Iterator[Remark]:
    if not subject.has_results:
        expected = f"{subject.systems.removesuffix('systems')}results/{subject.name}"
        yield Remark(path=subject.path, found="a system without results", expected=expected)


UNUSED = Check(
    text=CheckText(
        code="TRN087",
        title="Every description has results",
        why="A description without results is often one whose name differs from its folder's.",
        clause="submission_rules.adoc, Directory structure",
        example="HPE/systems/XL675.json: found a system without results, expected HPE/results/XL675",
        fix="Rename the file like the folder under results, or remove it.",
        official=False,
    ),
    severity=Severity.WARNING,
    look=_unused,
)


def _no_rehearsal(subject: SystemSubject) -> Iterator[Remark]:
    description = subject.description
    for name in ("sw_notes", "hw_notes"):
        if description.is_readable and is_rehearsal(description.fields.text(name)):
            found = f"{name} {description.fields.text(name)[:60]!r}"
            yield Remark(path=description.path, found=found, expected="a system that is entered")


NO_REHEARSAL = Check(
    text=CheckText(
        code="TRN099",
        title="The system is entered, not rehearsed with",
        why="A rehearsal has the shape of a submission and its results are none: mini editions, too few or mixed runs.",
        clause="our own: levelfield submission package --rehearsal labels it so",
        example="Acme/systems/box-rehearsal.json: found sw_notes 'REHEARSAL, not a result of a published round'",
        fix="Train the round's benchmark as often as it asks for, and package without --rehearsal.",
        official=False,
    ),
    severity=Severity.VOID,
    look=_no_rehearsal,
)

SYSTEM_CHECKS = (DESCRIPTION, COUNTS, FIELDS, STATED, DIVISION, STATUS, UNUSED, NO_REHEARSAL)
