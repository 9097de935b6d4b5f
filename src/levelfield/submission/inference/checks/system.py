"""Checks of a system's description, ``systems/<system>.json``."""

from __future__ import annotations

from collections.abc import Iterator

from levelfield.submission.check import CannotLook, Check, Remark
from levelfield.submission.finding import Severity
from levelfield.submission.inference.records import JsonFile
from levelfield.submission.inference.subjects import SUITES, SystemSubject
from levelfield.submission.package.rehearsal import is_rehearsal
from levelfield.submission.report import CheckText
from levelfield.terms import Suite

__all__ = ["SYSTEM_CHECKS"]

CLAUSE = "submission-checker.py, check_system_desc_id (mlcommons/inference v2.0)"
COUNTS = (
    "number_of_nodes",
    "host_processors_per_node",
    "host_processor_core_count",
    "accelerators_per_node",
)
"""Fields that are counts."""
NO_NAME = {"", "-", "n/a", "na", "none", "no"}
"""How submitters say that there is no accelerator."""


def _description(system: SystemSubject) -> JsonFile:
    """The description, where it can be read."""
    description = system.description
    if description.problem and not description.values:
        raise CannotLook(f"{description.path}: {description.problem}")
    return description


def _there(system: SystemSubject) -> Iterator[Remark]:
    path = system.description_path
    if system.reader.tree.file(path) is None:
        near = _nearest_description(system)
        yield Remark(path=path, found="no such file", expected="a description of the system", hint=near)


def _nearest_description(system: SystemSubject) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only where a name is wrong

    names = system.reader.tree.files(system.description_path.rpartition("/")[0])
    close = get_close_matches(f"{system.place.system}.json", list(names), n=1)
    return f"Is it {close[0]}? The name of the folder counts." if close else ""


THERE = Check(
    text=CheckText(
        code="INF010",
        title="Every system with results has a description",
        why="Without it nobody knows what was measured; the official checker drops all results of the system.",
        clause="submission-checker.py, check_results_dir (mlcommons/inference v2.0)",
        example="closed/Org/systems/edge-box.json: found no such file, expected a description of the system",
        fix="Add systems/<system>.json, named exactly like the folder below results/.",
        official=True,
    ),
    severity=Severity.VOID,
    look=_there,
)


def _is_json(system: SystemSubject) -> Iterator[Remark]:
    description = system.description
    if description.problem:
        yield Remark(
            path=description.path,
            line=description.line,
            found=description.problem,
            expected="a JSON object of text and numbers in UTF-8",
        )


IS_JSON = Check(
    text=CheckText(
        code="INF011",
        title="The system description is a JSON object",
        why="The official checker ends with a traceback at a description that it cannot read.",
        clause=CLAUSE,
        example="closed/Org/systems/edge-box.json:7: found no JSON: Expecting ',' delimiter, expected a JSON object",
        fix="Mend the JSON; python -m json.tool FILE says where it breaks.",
        official=True,
    ),
    severity=Severity.VOID,
    look=_is_json,
)


def _status(system: SystemSubject) -> Iterator[Remark]:
    description = _description(system)
    allowed = system.reader.rules.availabilities
    if "status" in description.values and description.text("status").lower() not in allowed:
        yield Remark(
            path=description.path,
            found=f"status {description.values['status']!r}",
            expected=" or ".join(allowed),
        )


STATUS = Check(
    text=CheckText(
        code="INF012",
        title="The availability is one of the round's categories",
        why="Results are published by category; a system in none of them is dropped.",
        clause="submission-checker.py, VALID_AVAILABILITIES (mlcommons/inference v2.0)",
        example="closed/Org/systems/edge-box.json: found status 'soon', expected available or preview or rdi",
        fix="Set status to available, preview or rdi.",
        official=True,
    ),
    severity=Severity.VOID,
    look=_status,
)


def _type(system: SystemSubject) -> Iterator[Remark]:
    description = _description(system)
    value = description.values.get("system_type")
    if "system_type" in description.values and value not in SUITES:
        yield Remark(path=description.path, found=f"system_type {value!r}", expected=", ".join(SUITES))


TYPE = Check(
    text=CheckText(
        code="INF013",
        title="The system says which suites it is for",
        why="The suites decide which benchmarks and scenarios are required.",
        clause="submission-checker.py, valid_system_types (mlcommons/inference v2.0)",
        example="closed/Org/systems/edge-box.json: found system_type 'cloud', expected datacenter, edge, …",
        fix="Set system_type to datacenter, edge, or datacenter,edge without a space.",
        official=True,
    ),
    severity=Severity.VOID,
    look=_type,
)


def _fields(system: SystemSubject) -> Iterator[Remark]:
    description = _description(system)
    for name in system.reader.rules.fields.system:
        if name not in description.values:
            yield Remark(path=description.path, found=f"no field {name}", expected=f"{name}, which may be empty")


FIELDS = Check(
    text=CheckText(
        code="INF014",
        title="The system description has every required field",
        why="The round asks for 33 fields; a description that lacks one drops all results of the system.",
        clause="submission-checker.py, SYSTEM_DESC_REQUIRED_FIELDS (mlcommons/inference v2.0)",
        example="closed/Org/systems/edge-box.json: found no field cooling, expected cooling, which may be empty",
        fix="Add the field; an empty text is accepted.",
        official=True,
    ),
    severity=Severity.VOID,
    look=_fields,
)


def _unknown(system: SystemSubject) -> Iterator[Remark]:
    description, fields = _description(system), system.reader.rules.fields
    known = {*fields.system, *fields.system_power, *fields.system_network}
    for name in description.values:
        if name not in known:
            yield Remark(path=description.path, found=f"the field {name}", expected="fields of the round only")


UNKNOWN = Check(
    text=CheckText(
        code="INF015",
        title="The system description has no field that the round does not know",
        why="An unknown field is often a known one with a typing error.",
        clause=CLAUSE,
        example="closed/Org/systems/edge-box.json: found the field coolling, expected fields of the round only",
        fix="Correct the name, or move the text to hw_notes or sw_notes.",
        official=True,
    ),
    severity=Severity.WARNING,
    look=_unknown,
)


def _matches_path(system: SystemSubject) -> Iterator[Remark]:
    description, place = _description(system), system.place
    submitter, division = description.values.get("submitter"), description.values.get("division")
    if "submitter" in description.values and str(submitter).lower() != place.submitter.lower():
        yield Remark(path=description.path, found=f"submitter {submitter!r}", expected=f"{place.submitter!r}")
    if "division" in description.values and division != place.division:
        yield Remark(path=description.path, found=f"division {division!r}", expected=f"{place.division!r}")


MATCHES_PATH = Check(
    text=CheckText(
        code="INF016",
        title="Submitter and division are those of the folders",
        why="A description copied from another submission would be published under the wrong name.",
        clause=CLAUSE,
        example="closed/Org/systems/edge-box.json: found division 'open', expected 'closed'",
        fix="Set submitter and division to the names of the folders; the submitter's case does not matter.",
        official=True,
    ),
    severity=Severity.VOID,
    look=_matches_path,
)


def _says_something(system: SystemSubject) -> Iterator[Remark]:
    description = _description(system)
    telling = ("system_name", "host_processor_model_name", "framework", "operating_system", "host_memory_capacity")
    for name in telling:
        if name in description.values and not description.text(name):
            yield Remark(path=description.path, found=f"{name} is empty", expected="what it is")


SAYS_SOMETHING = Check(
    text=CheckText(
        code="INF017",
        title="Fields that every system can fill in are not empty",
        why="A reader of the table sees system, processor, software and operating system first.",
        clause="submission_rules.adoc, system description; emptiness is not looked at by the official checker",
        example="closed/Org/systems/edge-box.json: found framework is empty, expected what it is",
        fix="Fill the field in.",
        official=False,
    ),
    severity=Severity.WARNING,
    look=_says_something,
)


def _plausible(system: SystemSubject) -> Iterator[Remark]:
    description = _description(system)
    path = description.path
    counts: dict[str, int] = {}
    for name in COUNTS:
        text = description.text(name)
        if text.isascii() and text.isdigit():
            counts[name] = int(text)
        elif name in description.values and not (name == "accelerators_per_node" and text.lower() in NO_NAME):
            yield Remark(path=path, found=f"{name} {description.values[name]!r}", expected="a whole number")
    for name in ("number_of_nodes", "host_processors_per_node", "host_processor_core_count"):
        if counts.get(name) == 0:
            yield Remark(path=path, found=f"{name} 0", expected="1 or more")
    named = description.text("accelerator_model_name").lower() not in NO_NAME
    accelerators = counts.get("accelerators_per_node", 0)
    if named and not accelerators:
        model = description.text("accelerator_model_name")
        yield Remark(path=path, found=f"accelerator {model!r}, 0 per node", expected="1 or more per node, or no name")
    if accelerators and not named:
        yield Remark(path=path, found=f"{accelerators} accelerators per node without a name", expected="their name")


PLAUSIBLE = Check(
    text=CheckText(
        code="INF018",
        title="Counts of nodes, processors, cores and accelerators are whole numbers that fit each other",
        why="Results are compared per node and per accelerator: a wrong count makes a wrong comparison.",
        clause="our own: the description must not contradict itself",
        example="closed/Org/systems/edge-box.json: found accelerator 'X100', 0 per node, expected 1 or more per node",
        fix="Correct the counts; what cannot be said in a number goes to hw_notes.",
        official=False,
    ),
    severity=Severity.WARNING,
    look=_plausible,
)


def _ecc(system: SystemSubject) -> Iterator[Remark]:
    description = _description(system)
    if not system.suites or Suite.DATACENTER not in system.suites:
        return
    words = " ".join(str(value) for value in description.values.values()).lower()
    if "ecc" not in words:
        yield Remark(path=description.path, found="no word about ECC", expected="ECC on DRAM and HBM in all runs")


ECC = Check(
    text=CheckText(
        code="INF019",
        title="A datacenter system says that ECC is on",
        why="The datacenter suite requires ECC on DRAM and HBM in all runs; no log shows it.",
        clause="inference_rules.adoc, System Descriptions and Suites (inference_policies cbf38b90)",
        example="closed/Org/systems/server.json: found no word about ECC, expected ECC on DRAM and HBM in all runs",
        fix="Say so in host_memory_configuration, accelerator_memory_configuration or hw_notes.",
        official=False,
    ),
    severity=Severity.NOTE,
    look=_ecc,
)


def _no_rehearsal(system: SystemSubject) -> Iterator[Remark]:
    description = _description(system)
    for name in ("sw_notes", "hw_notes"):
        if is_rehearsal(description.text(name)):
            yield Remark(
                path=description.path,
                found=f"{name} {description.text(name)[:60]!r}",
                expected="a system that is entered",
            )


NO_REHEARSAL = Check(
    text=CheckText(
        code="INF026",
        title="The system is entered, not rehearsed with",
        why="A rehearsal has the shape of a submission and its results are none: mini editions, quick or failed runs.",
        clause="our own: levelfield submission package --rehearsal labels it so",
        example="open/Org/systems/box-rehearsal.json: found sw_notes 'REHEARSAL, not a result of a published round'",
        fix="Measure with the round's model, data and durations, and package without --rehearsal.",
        official=False,
    ),
    severity=Severity.VOID,
    look=_no_rehearsal,
)

SYSTEM_CHECKS = (
    THERE, IS_JSON, STATUS, TYPE, FIELDS, UNKNOWN, MATCHES_PATH, SAYS_SOMETHING, PLAUSIBLE, ECC, NO_REHEARSAL,
)  # fmt: skip
