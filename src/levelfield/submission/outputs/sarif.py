"""The report as SARIF 2.1.0 (OASIS, errata 01), which code hosts and editors show beside the files.

Void findings and errors are SARIF's ``error``; the finer severity, what was found and what was expected stand in the
properties. Checks that could not look are notifications of the run. Clauses named below are SARIF's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

from levelfield.files import write_atomically
from levelfield.submission.finding import Finding, Severity, Skipped
from levelfield.submission.outputs.spelling import well_formed
from levelfield.submission.report import CheckText, Report

__all__ = ["write_sarif"]

VERSION = "2.1.0"
SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
BASE = "SOURCE"
LEVELS = {Severity.VOID: "error", Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}


def write_sarif(report: Report, path: Path) -> None:
    """Write the report's findings, one on a line.

    Raises:
        OutputError: The file cannot be written.
    """
    write_atomically(path, _pieces(report))


def _pieces(report: Report) -> Iterator[str]:
    index_by_code = {check.code: index for index, check in enumerate(report.checks)}
    driver = {"name": "levelfield", "version": report.version, "rules": [_rule(check) for check in report.checks]}
    yield f'{{"$schema": "{SCHEMA}",\n"version": "{VERSION}",\n"runs": [{{\n"tool": {_text({"driver": driver})},\n'
    yield '"invocations": [{"executionSuccessful": true, "toolExecutionNotifications": ['
    for index, skipped in enumerate(report.skipped):
        yield (",\n" if index else "\n") + _text(_notification(skipped, index_by_code))
    yield "]}],\n"
    base = {BASE: {"description": _message(f"The root of {report.source}")}}
    yield f'"originalUriBaseIds": {_text(base)},\n"columnKind": "unicodeCodePoints",\n"results": ['
    for index, finding in enumerate(report.findings):
        yield (",\n" if index else "\n") + _text(_result(finding, index_by_code))
    properties = {
        "round": report.round,
        "rulesSha256": report.rules_sha256,
        "official": report.official,
        "selected": list(report.selected),
        "ignored": list(report.ignored),
        "findingsLeftOut": report.findings_left_out,
    }
    yield f'\n],\n"properties": {_text(properties)}\n}}]}}\n'


def _rule(check: CheckText) -> dict[str, object]:
    return {
        "id": check.code,
        "shortDescription": {"text": _braces(check.title)},
        "fullDescription": {"text": _braces(check.why)},
        "help": {"text": _braces(f"{check.fix}\n\nRule: {check.clause}\nExample: {check.example}")},
        "properties": {"official": check.official},
    }


def _result(finding: Finding, index_by_code: dict[str, int]) -> dict[str, object]:
    index = index_by_code.get(finding.code)
    identity = f"{finding.code}\0{finding.path}\0{finding.subject}\0{finding.found}".encode(errors="surrogatepass")
    return {
        "ruleId": finding.code,
        **({} if index is None else {"ruleIndex": index}),
        "level": LEVELS[finding.severity],
        "message": _message(_sentence(finding)),
        "locations": [{"physicalLocation": _location(finding)}],
        # Without the line: a finding stays the same when lines are put in above it (3.27.17).
        "partialFingerprints": {"finding/1": hashlib.sha256(identity).hexdigest()[:32]},
        "properties": {
            "severity": finding.severity.value,
            "found": finding.found,
            "expected": finding.expected,
            "subject": finding.subject,
        },
    }


def _location(finding: Finding) -> dict[str, object]:
    # A path of bytes that are not UTF-8 is percent-encoded byte by byte (RFC 3986, section 2.5).
    uri = quote(finding.path.encode("utf-8", "surrogateescape" if _escaped(finding.path) else "surrogatepass"))
    region = {"region": {"startLine": finding.line}} if finding.line > 0 else {}
    return {"artifactLocation": {"uri": uri or ".", "uriBaseId": BASE}, **region}


def _escaped(path: str) -> bool:
    """Whether the lone surrogates of a path, if it has any, all stand for bytes."""
    return not any("\ud800" <= c <= "\udfff" and not "\udc80" <= c <= "\udcff" for c in path)


def _notification(skipped: Skipped, index_by_code: dict[str, int]) -> dict[str, object]:
    index = index_by_code.get(skipped.code)
    return {
        "level": "note",
        "message": _message(f"{skipped.subject or 'the submission'}: {skipped.reason}"),
        "associatedRule": {"id": skipped.code, **({} if index is None else {"index": index})},
    }


def _sentence(finding: Finding) -> str:
    return f"Found {finding.found}; expected {finding.expected}.{f' {finding.hint}' if finding.hint else ''}"


def _message(text: str) -> dict[str, object]:
    return {"text": _braces(text)}


def _braces(text: str) -> str:
    """Braces of the text itself are doubled in messages: single ones are placeholders (3.11.5)."""
    return text.replace("{", "{{").replace("}", "}}")


def _text(value: Mapping[str, object]) -> str:
    return json.dumps(_well_formed(value))


def _well_formed(value: object) -> object:
    match value:
        case str():
            return well_formed(value)
        case list():
            return [_well_formed(item) for item in value]
        case dict():
            return {name: _well_formed(item) for name, item in value.items()}
        case _:
            return value
