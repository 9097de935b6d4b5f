"""SARIF: what the file holds, and that it holds nothing that the public schema of 2.1.0 does not know."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from reports import HOSTILE_REPORT, LOG, REPORT

from levelfield.submission.finding import Finding, Severity
from levelfield.submission.outputs.sarif import _result, write_sarif
from levelfield.submission.report import Report

TEXT, NUMBER, FLAG, FREE = str, int, bool, dict
MESSAGE = {"text!": TEXT}
SHAPE: dict[str, Any] = {
    "$schema": TEXT,
    "version!": TEXT,
    "runs!": [
        {
            "tool!": {
                "driver!": {
                    "name!": TEXT,
                    "version": TEXT,
                    "rules": [
                        {
                            "id!": TEXT,
                            "shortDescription": MESSAGE,
                            "fullDescription": MESSAGE,
                            "help": MESSAGE,
                            "properties": FREE,
                        }
                    ],
                }
            },
            "invocations": [
                {
                    "executionSuccessful!": FLAG,
                    "toolExecutionNotifications": [
                        {"level": TEXT, "message!": MESSAGE, "associatedRule": {"id": TEXT, "index": NUMBER}}
                    ],
                }
            ],
            "originalUriBaseIds": {"SOURCE": {"description": MESSAGE}},
            "columnKind": TEXT,
            "results": [
                {
                    "ruleId": TEXT,
                    "ruleIndex": NUMBER,
                    "level": TEXT,
                    "message!": MESSAGE,
                    "locations": [
                        {
                            "physicalLocation": {
                                "artifactLocation": {"uri": TEXT, "uriBaseId": TEXT},
                                "region": {"startLine": NUMBER},
                            }
                        }
                    ],
                    "partialFingerprints": {"finding/1": TEXT},
                    "properties": FREE,
                }
            ],
            "properties": FREE,
        }
    ],
}
"""The part of sarif-schema-2.1.0.json that we write; ``!`` marks what it requires. No object takes other members."""


def check(value: Any, shape: Any, place: str = "") -> None:
    if isinstance(shape, dict):
        known = {name.rstrip("!"): inner for name, inner in shape.items()}
        assert set(value) <= set(known), place
        assert {name.rstrip("!") for name in shape if name.endswith("!")} <= set(value), place
        for name, inner in value.items():
            check(inner, known[name], f"{place}.{name}")
    elif isinstance(shape, list):
        assert isinstance(value, list), place
        for item in value:
            check(item, shape[0], place)
    else:
        assert type(value) is shape, place


def written(report: Report, tmp_path: Path) -> Any:
    path = tmp_path / "check.sarif"
    write_sarif(report, path)
    return json.loads(path.read_text())


@pytest.mark.parametrize("report", [REPORT, HOSTILE_REPORT])
def test_the_file_has_the_shape_of_the_schema(report: Report, tmp_path: Path) -> None:
    found = written(report, tmp_path)
    check(found, SHAPE)
    assert found["version"] == "2.1.0"
    json.dumps(found, ensure_ascii=False).encode()  # no lone surrogate is left


def test_a_finding_has_rule_level_place_and_message(tmp_path: Path) -> None:
    (run,) = written(REPORT, tmp_path)["runs"]
    void, warning, note = run["results"]
    assert (void["ruleId"], void["ruleIndex"], void["level"]) == ("INF012", 0, "error")
    assert void["message"]["text"] == "Found 1; expected 2. h"
    assert void["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": LOG, "uriBaseId": "SOURCE"},
        "region": {"startLine": 12},
    }
    assert void["properties"]["severity"] == "void"
    assert (warning["level"], warning["message"]["text"]) == ("warning", "Found a {{b}}; expected c.")
    assert "region" not in warning["locations"][0]["physicalLocation"]
    assert (note["level"], "ruleIndex" in note) == ("note", False)
    assert note["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "."
    assert run["tool"]["driver"]["rules"][0]["id"] == "INF012"
    assert run["invocations"][0]["toolExecutionNotifications"][0]["associatedRule"] == {"id": "INF013", "index": 1}
    assert run["properties"]["findingsLeftOut"] == 3


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("closed/a b/#1?.txt", "closed/a%20b/%231%3F.txt"),
        ("caf\u00e9", "caf%C3%A9"),
        ("caf\udce9", "caf%E9"),
        ("a:b", "a%3Ab"),
        ("\ud800", "%ED%A0%80"),
        ("50%", "50%25"),
    ],
)
def test_a_path_is_a_uri(path: str, uri: str) -> None:
    finding = Finding(code="X", severity=Severity.NOTE, path=path, found="", expected="")
    locations: Any = _result(finding, {})["locations"]
    assert locations[0]["physicalLocation"]["artifactLocation"]["uri"] == uri


def test_the_fingerprint_stays_when_lines_move() -> None:
    def fingerprint(line: int, found: str) -> object:
        finding = Finding(code="X", severity=Severity.NOTE, path="a", line=line, found=found, expected="")
        return _result(finding, {})["partialFingerprints"]

    assert fingerprint(1, "a") == fingerprint(9, "a") != fingerprint(1, "b")
